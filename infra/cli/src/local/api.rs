//! Calls to the emulator, over plain HTTP.
//!
//! It verifies no signatures and finds the service by path, target or action. So a dozen calls
//! need no SDK: those of CloudFormation, Lambda, API Gateway and S3 would add two minutes of
//! compiling to everybody's first `cargo run -- local`.

use bytes::Bytes;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use thiserror::Error;

use crate::http::{ClientError, client};

/// A call that did not do what it was to do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ApiError {
    /// No answer, or one that breaks off.
    #[error("{call}: no answer")]
    Transport {
        /// Which call.
        call: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// An answer that says no.
    #[error("{call}: {status} {body}")]
    Refused {
        /// Which call.
        call: String,
        /// The HTTP status.
        status: StatusCode,
        /// What it says.
        body: String,
    },
    /// An answer that is not what AWS documents.
    #[error("{call}: the answer has no {missing}: {body}")]
    Shape {
        /// Which call.
        call: String,
        /// What it should have.
        missing: &'static str,
        /// What it is.
        body: String,
    },
}

/// The emulator's end point.
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

    /// The client, for others on this machine.
    pub(super) fn http(&self) -> &Client {
        &self.http
    }

    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Whether it answers and has started all it has.
    pub(super) async fn is_ready(&self) -> bool {
        let answer = self
            .http
            .get(format!("{}/_ministack/ready", self.endpoint))
            .send()
            .await;
        answer.is_ok_and(|answer| answer.status() == StatusCode::OK)
    }

    /// S3: a bucket (`bucket`) or an object (`bucket/key`), path-style.
    pub(super) async fn put(&self, path: &str, content: Bytes) -> Result<(), ApiError> {
        self.send(Method::PUT, &format!("/{path}"), |call| call.body(content))
            .await
            .map(drop)
    }

    /// A service with a REST interface: Lambda, API Gateway.
    pub(super) async fn get(&self, path: &str) -> Result<Value, ApiError> {
        self.rest(Method::GET, path, &Value::Null).await
    }

    /// As [`get`](Self::get), with a body.
    pub(super) async fn rest(&self, method: Method, path: &str, body: &Value) -> Result<Value, ApiError> {
        let call = format!("{method} {path}");
        let answer = self
            .send(method, path, |call| if body.is_null() { call } else { call.json(body) })
            .await?;
        json(call, answer).await
    }

    /// A service that speaks JSON: Secrets Manager, SQS. `target` is as in `X-Amz-Target`.
    pub(super) async fn json(&self, target: &str, body: &Value) -> Result<Value, ApiError> {
        let answer = self
            .send(Method::POST, "/", |call| call.header("x-amz-target", target).json(body))
            .await
            .map_err(|error| error.of(target))?;
        json(target.to_owned(), answer).await
    }

    /// A service that speaks XML: CloudFormation.
    pub(super) async fn query(&self, action: &str, parameters: &[(String, String)]) -> Result<String, ApiError> {
        let mut form = vec![
            ("Action".to_owned(), action.to_owned()),
            ("Version".into(), "2010-05-15".into()),
        ];
        form.extend_from_slice(parameters);
        let answer = self
            .send(Method::POST, "/", |call| call.form(&form))
            .await
            .map_err(|error| error.of(action))?;
        let call = action.to_owned();
        answer
            .text()
            .await
            .map_err(|source| ApiError::Transport { call, source })
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        fill: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, ApiError> {
        let call = format!("{method} {path}");
        let request = self.http.request(method, format!("{}{path}", self.endpoint));
        let answer = match fill(request).send().await {
            Ok(answer) => answer,
            Err(source) => return Err(ApiError::Transport { call, source }),
        };
        match answer.status() {
            status if status.is_success() => Ok(answer),
            status => Err(ApiError::Refused {
                call,
                status,
                body: answer.text().await.unwrap_or_default(),
            }),
        }
    }
}

async fn json(call: String, answer: Response) -> Result<Value, ApiError> {
    let body = answer.bytes().await.map_err(|source| ApiError::Transport {
        call: call.clone(),
        source,
    })?;
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&body).map_err(|_| ApiError::Shape {
        call,
        missing: "JSON",
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

impl ApiError {
    /// The same of a call that is known by a better name than its path.
    fn of(self, name: &str) -> Self {
        match self {
            Self::Transport { source, .. } => Self::Transport {
                call: name.to_owned(),
                source,
            },
            Self::Refused { status, body, .. } => Self::Refused {
                call: name.to_owned(),
                status,
                body,
            },
            Self::Shape { missing, body, .. } => Self::Shape {
                call: name.to_owned(),
                missing,
                body,
            },
        }
    }
}

/// The text at `pointer` (RFC 6901) of an answer to `call`.
pub(super) fn text<'a>(answer: &'a Value, pointer: &'static str, call: &str) -> Result<&'a str, ApiError> {
    answer
        .pointer(pointer)
        .and_then(Value::as_str)
        .ok_or_else(|| ApiError::Shape {
            call: call.to_owned(),
            missing: pointer,
            body: answer.to_string(),
        })
}
