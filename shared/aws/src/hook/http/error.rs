//! Why a request failed.

use std::time::Duration;

use http::{Method, StatusCode};
use thiserror::Error;

use super::Response;

/// A request without a good answer. The texts name the method, the host and the status, but neither path nor query,
/// headers or body: they may be secret or personal data. A hook that uses `?` on it is retried; one that knows better
/// looks at [`status`](Self::status) first:
///
/// ```
/// # use acuse_aws::prelude::*;
/// # async fn hook(http: &Http, url: &str) -> HookResult {
/// match http.post(url).send().await {
///     Err(error) if error.status() == Some(409) => {} // It exists: an earlier attempt made it.
///     Err(error) if error.status() == Some(422) => return Err(HookError::reject(error.to_string())),
///     answer => drop(answer?),
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the texts say it")]
pub enum HttpError {
    #[error("a {method} request can't be sent: {problem}")]
    Invalid { method: Method, problem: String },
    #[error("{method} {host}: the attempt ends before a request can be made")]
    NoTime { method: Method, host: String },
    #[error("{method} {host}: no answer within {} ms", timeout.as_millis())]
    TimedOut {
        method: Method,
        host: String,
        timeout: Duration,
    },
    #[error("{method} {host}: no answer")]
    NoAnswer {
        method: Method,
        host: String,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("{method} {host}: {}", described(response.status))]
    Status {
        method: Method,
        host: String,
        response: Box<Response>,
    },
    #[error("{0}")]
    Json(String),
}

impl HttpError {
    /// The answer's status, if there is one.
    pub fn status(&self) -> Option<u16> {
        self.response().map(Response::status)
    }

    /// The answer, if there is one that is not 2xx.
    pub fn response(&self) -> Option<&Response> {
        match self {
            Self::Status { response, .. } => Some(response),
            _ => None,
        }
    }
}

/// `503 Service Unavailable`.
fn described(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or("unknown status");
    format!("{} {reason}", status.as_u16())
}
