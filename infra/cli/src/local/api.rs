//! Calls to the emulator, over plain HTTP.
//!
//! It checks no signatures and finds the service by path or target, so a dozen calls need no SDK. The SDKs of Lambda,
//! API Gateway and S3 would add a minute of compiling to the first `cargo run -- local`.

use bytes::Bytes;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use thiserror::Error;

use crate::http::{ClientError, client};

/// A call to the emulator failed.
#[derive(Debug, Error)]
pub(super) enum ApiError {
    /// Or an incomplete one.
    #[error("{0}: no answer")]
    NoAnswer(String, #[source] reqwest::Error),
    #[error("{0}: {1}")]
    Unexpected(String, String),
}

/// The path of functions in Lambda's REST API.
pub(super) const FUNCTIONS: &str = "/2015-03-31/functions";

/// The emulator's endpoint.
#[derive(Debug, Clone)]
pub(super) struct Api {
    http: Client,
    endpoint: String,
}

impl Api {
    pub(super) fn new(endpoint: String) -> Result<Self, ClientError> {
        Ok(Self {
            http: client()?,
            endpoint,
        })
    }

    /// The client, for other servers on this machine.
    pub(super) fn http(&self) -> &Client {
        &self.http
    }

    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Whether the emulator has started all its services.
    pub(super) async fn is_ready(&self) -> bool {
        let url = format!("{}/_ministack/ready", self.endpoint);
        let answer = self.http.get(url).send().await;
        answer.is_ok_and(|answer| answer.status() == StatusCode::OK)
    }

    /// Creates an S3 bucket (`bucket`) or object (`bucket/key`).
    pub(super) async fn put(&self, path: &str, content: Bytes) -> Result<(), ApiError> {
        let request = self.request(Method::PUT, &format!("/{path}")).body(content);
        send(&format!("PUT {path}"), request).await.map(drop)
    }

    /// Reads from a service with a REST API: Lambda, API Gateway.
    pub(super) async fn get(&self, path: &str) -> Result<Value, ApiError> {
        json(&format!("GET {path}"), self.request(Method::GET, path)).await
    }

    /// Calls a service with a REST API, with a body.
    pub(super) async fn rest(&self, method: Method, path: &str, body: &Value) -> Result<Value, ApiError> {
        json(&format!("{method} {path}"), self.request(method, path).json(body)).await
    }

    /// Calls a service with a JSON API: Secrets Manager, SQS. `target` is the header `X-Amz-Target`.
    pub(super) async fn json(&self, target: &str, body: &Value) -> Result<Value, ApiError> {
        let request = self.request(Method::POST, "/").header("x-amz-target", target);
        json(target, request.json(body)).await
    }

    /// A call of a function of the emulator, or of `cargo lambda watch`, at `base`.
    pub(super) fn invocation(&self, base: &str, function: &str, event: &Value) -> RequestBuilder {
        let url = format!("{base}{FUNCTIONS}/{function}/invocations");
        self.http.post(url).json(event)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.endpoint))
    }
}

/// What the function returned; `None` if it failed.
pub(super) async fn returned(invocation: RequestBuilder) -> reqwest::Result<Option<Bytes>> {
    let answer = invocation.send().await?;
    let failed = !answer.status().is_success() || answer.headers().contains_key("x-amz-function-error");
    let content = answer.bytes().await?;
    Ok((!failed).then_some(content))
}

/// Sends a request; errors name it as `call`.
async fn send(call: &str, request: RequestBuilder) -> Result<Response, ApiError> {
    let answer = request
        .send()
        .await
        .map_err(|error| ApiError::NoAnswer(call.to_owned(), error))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let body = answer.text().await.unwrap_or_default();
    Err(ApiError::Unexpected(call.to_owned(), format!("{status} {body}")))
}

async fn json(call: &str, request: RequestBuilder) -> Result<Value, ApiError> {
    let body = send(call, request).await?.bytes().await;
    let body = body.map_err(|error| ApiError::NoAnswer(call.to_owned(), error))?;
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&body).map_err(|_| missing("JSON", &String::from_utf8_lossy(&body), call))
}

/// The text at `pointer` (RFC 6901) in the answer to `call`.
pub(super) fn text<'a>(answer: &'a Value, pointer: &'static str, call: &str) -> Result<&'a str, ApiError> {
    let text = answer.pointer(pointer).and_then(Value::as_str);
    text.ok_or_else(|| missing(pointer, &answer.to_string(), call))
}

/// An answer that does not match AWS's documentation.
fn missing(what: &str, body: &str, call: &str) -> ApiError {
    ApiError::Unexpected(call.to_owned(), format!("the answer has no {what}: {body}"))
}
