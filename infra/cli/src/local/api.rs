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
#[non_exhaustive]
pub enum ApiError {
    /// No answer, or an incomplete one.
    #[error("{call}: no answer")]
    Transport {
        /// The call.
        call: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// An error status.
    #[error("{call}: {status} {body}")]
    Refused {
        /// The call.
        call: String,
        /// The HTTP status.
        status: StatusCode,
        /// The answer's body.
        body: String,
    },
    /// An answer that does not match AWS's documentation.
    #[error("{call}: the answer has no {missing}: {body}")]
    Shape {
        /// The call.
        call: String,
        /// What the answer should contain.
        missing: &'static str,
        /// The answer's body.
        body: String,
    },
}

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
        self.rest(Method::GET, path, &Value::Null).await
    }

    /// Calls a service with a REST API, with a body.
    pub(super) async fn rest(&self, method: Method, path: &str, body: &Value) -> Result<Value, ApiError> {
        let call = format!("{method} {path}");
        let mut request = self.request(method, path);
        if !body.is_null() {
            request = request.json(body);
        }
        json(&call, request).await
    }

    /// Calls a service with a JSON API: Secrets Manager, SQS. `target` is the header `X-Amz-Target`.
    pub(super) async fn json(&self, target: &str, body: &Value) -> Result<Value, ApiError> {
        let request = self.request(Method::POST, "/").header("x-amz-target", target);
        json(target, request.json(body)).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.endpoint))
    }
}

/// Sends a request; errors name it as `call`.
async fn send(call: &str, request: RequestBuilder) -> Result<Response, ApiError> {
    let call = call.to_owned();
    match request.send().await {
        Err(source) => Err(ApiError::Transport { call, source }),
        Ok(answer) if answer.status().is_success() => Ok(answer),
        Ok(answer) => Err(ApiError::Refused {
            call,
            status: answer.status(),
            body: answer.text().await.unwrap_or_default(),
        }),
    }
}

async fn json(call: &str, request: RequestBuilder) -> Result<Value, ApiError> {
    let body = send(call, request).await?.bytes().await;
    let call = call.to_owned();
    match body {
        Err(source) => Err(ApiError::Transport { call, source }),
        Ok(body) if body.is_empty() => Ok(Value::Null),
        Ok(body) => serde_json::from_slice(&body).map_err(|_| ApiError::Shape {
            call,
            missing: "JSON",
            body: String::from_utf8_lossy(&body).into_owned(),
        }),
    }
}

/// The text at `pointer` (RFC 6901) in the answer to `call`.
pub(super) fn text<'a>(answer: &'a Value, pointer: &'static str, call: &str) -> Result<&'a str, ApiError> {
    let text = answer.pointer(pointer).and_then(Value::as_str);
    text.ok_or_else(|| ApiError::Shape {
        call: call.to_owned(),
        missing: pointer,
        body: answer.to_string(),
    })
}
