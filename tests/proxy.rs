//! A proxy between the functions and AWS that sees every call and may answer it itself.

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

/// Decides what happens to a call.
pub trait Interceptor: Send + Sync + 'static {
    /// Answers it, or forwards it by [`Aws::forward`].
    fn intercept(&self, call: Call, aws: &Aws) -> impl Future<Output = Response> + Send;
}

/// A function's call to AWS.
#[derive(Debug)]
pub struct Call {
    /// Method, path and headers.
    pub parts: Parts,
    /// The whole body.
    pub body: Bytes,
}

impl Call {
    /// A header's text, or an empty one if it is missing.
    pub fn header(&self, name: &str) -> &str {
        let value = self.parts.headers.get(name);
        value.and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// AWS, behind the proxy.
#[derive(Debug, Default)]
pub struct Aws {
    endpoint: OnceLock<String>,
    client: reqwest::Client,
}

impl Aws {
    /// Forwards the call unchanged, and hangs up if there is no answer.
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

    /// Makes a call of the test's own, in one of AWS's JSON protocols.
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

/// A running proxy.
#[derive(Debug)]
pub struct Proxy<I> {
    /// Its address, which the functions are given as the endpoint of AWS.
    pub url: String,
    inner: Arc<(I, Aws)>,
}

impl<I: Interceptor> Proxy<I> {
    /// Listens on a free port, and answers 503 until [`Proxy::forward_to`] is called.
    ///
    /// # Panics
    /// If there is no free port.
    pub async fn start(interceptor: I) -> Self {
        let client = acuse_cli::http::builder().unwrap().no_proxy().build().unwrap();
        let endpoint = OnceLock::new();
        let inner = Arc::new((interceptor, Aws { endpoint, client }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(handle::<I>).with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, inner }
    }

    /// Sets the endpoint of AWS.
    ///
    /// # Panics
    /// If it is set already.
    pub fn forward_to(&self, endpoint: &str) {
        self.aws().endpoint.set(endpoint.to_owned()).unwrap();
    }

    /// What decides about the calls.
    pub fn interceptor(&self) -> &I {
        &self.inner.0
    }

    /// AWS, behind it.
    pub fn aws(&self) -> &Aws {
        &self.inner.1
    }
}

async fn handle<I: Interceptor>(State(inner): State<Arc<(I, Aws)>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    inner.0.intercept(Call { parts, body }, &inner.1).await
}

/// An error response of AWS's JSON protocols.
pub fn error(status: StatusCode, name: &str) -> Response {
    let body = format!(r#"{{"__type":"{name}","message":"injected"}}"#);
    Response::builder()
        .status(status)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amzn-errortype", name)
        .body(Body::from(body))
        .unwrap()
}

/// A response that breaks the connection.
pub fn hang_up() -> Response {
    let nothing = futures_util::stream::once(async { Err::<Bytes, _>(std::io::Error::other("injected")) });
    Response::new(Body::from_stream(nothing))
}
