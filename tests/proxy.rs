//! Between the functions and AWS: sees every call, and may answer it itself.

use std::future::Future;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use bytes::Bytes;
use tokio::net::TcpListener;

/// What a proxy does with a call.
pub trait Between: Send + Sync + 'static {
    /// Answers it, by [`Aws::forward`] or otherwise.
    fn answer(&self, call: Call, aws: &Aws) -> impl Future<Output = Response> + Send;
}

/// A call of a function.
#[derive(Debug)]
pub struct Call {
    /// Method, path and headers.
    pub parts: Parts,
    /// The whole body.
    pub body: Bytes,
}

impl Call {
    /// A header's text; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        let value = self.parts.headers.get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// What is behind the proxy.
#[derive(Debug, Default)]
pub struct Aws {
    endpoint: OnceLock<String>,
    client: reqwest::Client,
}

impl Aws {
    /// Sends the call on as it came. Hangs up where there is no answer.
    pub async fn forward(&self, call: Call) -> Response {
        let Some(endpoint) = self.endpoint.get() else {
            return error(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable");
        };
        let path = call.parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let request = self.client.request(call.parts.method, format!("{endpoint}{path}"));
        let Ok(answer) = request.headers(call.parts.headers).body(call.body).send().await else {
            return hang_up();
        };
        let (status, headers) = (answer.status(), answer.headers().clone());
        let Ok(content) = answer.bytes().await else {
            return hang_up();
        };
        let mut response = Response::new(Body::from(content));
        (*response.status_mut(), *response.headers_mut()) = (status, headers);
        response
    }

    /// A call of the test's own, in one of AWS's JSON protocols.
    pub async fn ask(&self, target: &str, body: &serde_json::Value) -> serde_json::Value {
        let request = self.client.post(self.endpoint.get().unwrap());
        let request = request
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.0")
            .body(body.to_string());
        let answer = request.send().await.unwrap().bytes().await.unwrap();
        serde_json::from_slice(&answer).unwrap()
    }
}

/// The proxy, as a test holds it.
#[derive(Debug)]
pub struct Proxy<B> {
    /// Where it is: what the functions take for AWS.
    pub url: String,
    inner: Arc<(B, Aws)>,
}

impl<B: Between> Proxy<B> {
    /// Listens on a free port, with nothing behind it yet.
    ///
    /// # Panics
    /// Where there is no free port.
    pub async fn start(between: B) -> Self {
        let client = acuse_cli::http::builder().unwrap().build().unwrap();
        let endpoint = OnceLock::new();
        let inner = Arc::new((between, Aws { endpoint, client }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(handle::<B>).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, inner }
    }

    /// Puts AWS behind it. Once.
    pub fn forward_to(&self, endpoint: &str) {
        self.aws().endpoint.set(endpoint.to_owned()).unwrap();
    }

    /// What it does.
    pub fn between(&self) -> &B {
        &self.inner.0
    }

    /// What is behind it.
    pub fn aws(&self) -> &Aws {
        &self.inner.1
    }
}

async fn handle<B: Between>(State(inner): State<Arc<(B, Aws)>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    inner.0.answer(Call { parts, body }, &inner.1).await
}

/// An error in the form of AWS's JSON protocols.
pub fn error(status: StatusCode, name: &str) -> Response {
    let body = format!(r#"{{"__type":"{name}","message":"injected"}}"#);
    Response::builder()
        .status(status)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amzn-errortype", name)
        .body(Body::from(body))
        .unwrap()
}

/// Breaks the connection off.
pub fn hang_up() -> Response {
    let nothing = futures_util::stream::once(async { Err::<Bytes, _>(std::io::Error::other("injected")) });
    Response::new(Body::from_stream(nothing))
}
