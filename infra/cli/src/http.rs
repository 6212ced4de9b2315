//! HTTP and HTTPS as a provider speaks it: the TLS that the SDK uses already, with the machine's own
//! root certificates. (reqwest, which talks to the emulator, has none.)

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use thiserror::Error;

/// An answer to a delivery.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// `x-delivery-id`, where there is one.
    pub delivery_id: Option<String>,
    /// The body.
    pub text: String,
}

/// No answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PostError {
    /// The machine's root certificates can't be read.
    #[error("can't read this machine's root certificates")]
    Roots(#[source] io::Error),
    /// Not a URL, or a header that can't be one.
    #[error("can't ask {url}")]
    Request {
        /// What was to be asked.
        url: String,
        /// Why not.
        source: http::Error,
    },
    /// Nobody answered in time.
    #[error("no answer from {url} within {} s", wait_policy.as_secs())]
    TooLate {
        /// Who was asked.
        url: String,
        /// How long.
        wait_policy: Duration,
    },
    /// The connection could not be made, or broke off.
    #[error("no answer from {url}")]
    NoAnswer {
        /// Who was asked.
        url: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// What makes connections, with and without TLS.
///
/// # Errors
/// Where the machine's root certificates can't be read.
pub(crate) fn connector(connect: Duration) -> io::Result<HttpsConnector<HttpConnector>> {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_connect_timeout(Some(connect));
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(rustls::crypto::ring::default_provider())?
        .https_or_http()
        .enable_http1()
        .wrap_connector(connector);
    Ok(connector)
}

/// Posts `body` as JSON with these headers, once.
///
/// # Errors
/// [`PostError`] names the URL.
pub async fn post(
    url: &str,
    headers: &[(&'static str, String)],
    body: &Bytes,
    wait_policy: Duration,
) -> Result<Answer, PostError> {
    let connector = connector(wait_policy).map_err(PostError::Roots)?;
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build(connector);
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(url)
        .header(CONTENT_TYPE, "application/json");
    for (name, value) in headers {
        request = request.header(HeaderName::from_static(name), value);
    }
    let request = request
        .body(Full::new(body.clone()))
        .map_err(|source| PostError::Request {
            url: url.to_owned(),
            source,
        })?;
    let no_answer = |source: Box<dyn std::error::Error + Send + Sync>| PostError::NoAnswer {
        url: url.to_owned(),
        source,
    };
    let answer = async {
        let answer = client.request(request).await.map_err(|error| no_answer(error.into()))?;
        let (parts, body) = answer.into_parts();
        let body = body
            .collect()
            .await
            .map_err(|error| no_answer(error.into()))?
            .to_bytes();
        let id = parts.headers.get("x-delivery-id").and_then(|id| id.to_str().ok());
        Ok(Answer {
            status: parts.status.as_u16(),
            delivery_id: id.map(str::to_owned),
            text: String::from_utf8_lossy(&body).into_owned(),
        })
    };
    match tokio::time::timeout(wait_policy, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(PostError::TooLate {
            url: url.to_owned(),
            wait_policy,
        }),
    }
}
