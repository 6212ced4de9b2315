//! The tool's HTTP client: reqwest over TLS by ring, as the SDK has it, with this machine's root certificates.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use hyper_rustls::ConfigBuilderExt;
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};
use rustls::ClientConfig;
use rustls::crypto::ring;
use thiserror::Error;

/// The response to a delivery.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// `x-delivery-id`, if the response has one.
    pub delivery_id: Option<String>,
    /// The body.
    pub text: String,
}

/// A delivery without a response.
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the texts say it")]
pub enum PostError {
    #[error("can't send a request to {url}")]
    Request { url: String, source: reqwest::Error },
    #[error("no answer from {url} within {} s", timeout.as_secs())]
    TooLate { url: String, timeout: Duration },
    #[error("no answer from {url}")]
    NoAnswer { url: String, source: reqwest::Error },
}

/// No client can be set up on this machine.
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the texts say it")]
pub enum ClientError {
    #[error("can't read this machine's root certificates")]
    Roots(#[from] io::Error),
    #[error("can't set up an HTTP client")]
    Setup(#[from] reqwest::Error),
}

/// Sends deliveries, over connections that it keeps.
#[derive(Debug, Clone)]
pub struct Poster {
    client: Client,
    timeout: Duration,
}

impl Poster {
    /// One that waits this long for each answer.
    pub fn new(timeout: Duration) -> Result<Self, ClientError> {
        let client = builder()?.redirect(Policy::none()).timeout(timeout).build()?;
        Ok(Self { client, timeout })
    }

    /// Sends `body` as JSON with these headers, once.
    pub async fn post(&self, url: &str, headers: &[(&'static str, String)], body: &Bytes) -> Result<Answer, PostError> {
        let timeout = self.timeout;
        let mut request = self.client.post(url);
        request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let answer = async {
            let response = request.send().await?;
            let id = response.headers().get("x-delivery-id").and_then(|id| id.to_str().ok());
            let (status, delivery_id) = (response.status().as_u16(), id.map(str::to_owned));
            let text = String::from_utf8_lossy(&response.bytes().await?).into_owned();
            Ok(Answer {
                status,
                delivery_id,
                text,
            })
        };
        answer.await.map_err(|error: reqwest::Error| {
            let (url, source) = (url.to_owned(), error.without_url());
            match () {
                () if source.is_builder() => PostError::Request { url, source },
                () if source.is_timeout() => PostError::TooLate { url, timeout },
                () => PostError::NoAnswer { url, source },
            }
        })
    }
}

/// A client without time-outs.
pub fn client() -> Result<Client, ClientError> {
    Ok(builder()?.build()?)
}

/// A client to add to. It ignores proxies set in the environment.
pub fn builder() -> Result<ClientBuilder, ClientError> {
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_native_roots()?
        .with_no_client_auth();
    #[expect(clippy::disallowed_methods, reason = "TLS is configured right here")]
    let builder = Client::builder();
    Ok(builder.tls_backend_preconfigured(tls).no_proxy())
}
