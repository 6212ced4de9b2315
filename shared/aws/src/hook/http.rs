//! The HTTP client of hooks.
//!
//! It is the SDK's hyper and TLS, which the consumer has anyway, and not reqwest: reqwest's pool measures idle
//! connections by the monotonic clock, which stops while Lambda freezes the sandbox, so it would send over connections
//! that the other end has closed.

mod error;
mod request;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use acuse_core::clock::{Clock, Timestamp};
use acuse_core::event::{Event, read_json};
use acuse_core::hook::Attempt;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde::de::DeserializeOwned;

use crate::sdk::TlsError;
use crate::sdk::http::{Hyper, hyper};
use crate::sdk::resolver::Egress;
pub use error::HttpError;
pub use request::Request;

/// A client for HTTP APIs: HTTP/1.1, with the certificates of Mozilla's list or of `AWS_CA_BUNDLE`. Connections are kept
/// between events, and not used again after the sandbox was frozen.
///
/// - An answer other than 2xx is an error, so `?` retries the event. Redirects are not followed.
/// - A request takes 10 s at most ([`Request::timeout`] changes that), and ends before the attempt's deadline in any
///   case.
/// - It carries the trace of the event's delivery as `X-Amzn-Trace-Id`.
#[derive(Clone)]
pub struct Http {
    client: Hyper,
    egress: Egress,
    clock: Arc<dyn Clock>,
}

/// An answer, read to its end.
#[derive(Clone)]
pub struct Response {
    host: String,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

impl Http {
    /// A client whose connections are idle by `clock`. Hooks get theirs from [`Setup::http`](super::Setup::http).
    ///
    /// # Errors
    /// [`TlsError`] if `AWS_CA_BUNDLE` can't be read.
    pub fn new(clock: Arc<dyn Clock>) -> Result<Self, TlsError> {
        Self::within(Egress::Any, clock)
    }

    /// The same for addresses that `egress` allows.
    pub(crate) fn within(egress: Egress, clock: Arc<dyn Clock>) -> Result<Self, TlsError> {
        let client = hyper(egress, Arc::clone(&clock), CONNECT_TIMEOUT)?;
        Ok(Self { client, egress, clock })
    }

    /// A `GET` request.
    pub fn get(&self, url: &str) -> Request<'_> {
        Request::new(self, Method::GET, url)
    }

    /// A `POST` request.
    pub fn post(&self, url: &str) -> Request<'_> {
        Request::new(self, Method::POST, url)
    }

    /// A `PUT` request.
    pub fn put(&self, url: &str) -> Request<'_> {
        Request::new(self, Method::PUT, url)
    }

    /// A `PATCH` request.
    pub fn patch(&self, url: &str) -> Request<'_> {
        Request::new(self, Method::PATCH, url)
    }

    /// A `DELETE` request.
    pub fn delete(&self, url: &str) -> Request<'_> {
        Request::new(self, Method::DELETE, url)
    }
}

impl Response {
    /// The status, such as 201.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// A header's text; `None` if it is missing or not ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The body, read as JSON.
    ///
    /// # Errors
    /// [`HttpError::Json`] names the host, the type and the field, but not its value. `?` retries the event.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, HttpError> {
        let what = format!("answer of {}", self.host);
        read_json(&what, &self.body).map_err(|mismatch| HttpError::Json(mismatch.to_string()))
    }
}

/// Without headers and body.
impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response")
            .field("host", &self.host)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http").finish_non_exhaustive()
    }
}

/// The call of a hook that is under way.
struct Call {
    deadline: Timestamp,
    trace: Option<String>,
}

tokio::task_local! {
    static CALL: Call;
}

/// `work`, whose requests end before the attempt does and carry the event's trace.
pub(super) fn limited_by<F: Future>(event: &Event, attempt: Attempt, work: F) -> impl Future<Output = F::Output> {
    let call = Call {
        deadline: attempt.deadline,
        trace: event.trace.clone(),
    };
    CALL.scope(call, work)
}

#[cfg(test)]
mod tests;
