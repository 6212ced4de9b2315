//! One try: the request, signed, and what comes back.

mod failure;
mod queue;

use std::sync::Arc;
use std::time::Duration;

use acuse_core::clock::{Clock, within};
use acuse_core::destination::answer::{KEPT, Outcome, kept, retry_after};
use acuse_core::destination::config::{Target, Url};
use acuse_core::destination::delivery::Answer;
use acuse_core::destination::{Destination, body, sign};
use acuse_core::event::Event;
use aws_config::SdkConfig;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;

use crate::sdk::TlsError;
use crate::sdk::http::{Hyper, hyper};
use crate::sdk::resolver::Egress;
use queue::Queues;

/// The longest a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// So much of an answer is read, so that its connection can be used again. One that is longer costs a new connection.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Sends events to destinations.
pub struct Sender {
    public: Hyper,
    /// For destinations with `allow_private`. Connections are not shared with the others.
    private: Hyper,
    queues: Queues,
    clock: Arc<dyn Clock>,
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// What it means.
    pub outcome: Outcome,
    /// The answer, if there was any.
    pub answer: Option<Answer>,
    /// What the network, or SQS, says about a failure.
    pub detail: Option<String>,
}

impl Sender {
    /// Sends by connections of its own, and to queues by `sdk`.
    ///
    /// # Errors
    /// [`TlsError`] if `AWS_CA_BUNDLE` can't be read.
    pub fn new(sdk: SdkConfig, clock: Arc<dyn Clock>) -> Result<Self, TlsError> {
        let client = |allow_private| hyper(Egress::of(allow_private), Arc::clone(&clock), CONNECT_TIMEOUT);
        Ok(Self {
            public: client(false)?,
            private: client(true)?,
            queues: Queues::new(sdk),
            clock,
        })
    }

    /// Sends `event` to `destination`. It takes the destination's time-out at the longest.
    pub async fn send(&self, destination: &Destination, event: &Event) -> Sent {
        let started = self.clock.now();
        let body = match &destination.target {
            Target::Http(_) => body::of(event),
            Target::Sqs(_) => queue::text(&body::of(event)),
        };
        let headers = match sign::headers(destination, &event.idempotency_key(), started, &body) {
            Ok(headers) => headers,
            Err(error) => return failure::sent(&error),
        };
        let sent = async {
            match &destination.target {
                Target::Http(url) => self.post(destination, url, headers, body).await,
                Target::Sqs(queue) => self.queues.send(queue, event, &headers, &body).await,
            }
        };
        let mut sent = match within(&*self.clock, destination.timeout, sent).await {
            Some(sent) => sent,
            None => failure::timed_out(),
        };
        if let Some(answer) = &mut sent.answer {
            let took = self.clock.now().since(started);
            answer.took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        }
        sent
    }

    async fn post(&self, destination: &Destination, url: &Url, headers: HeaderMap, body: Bytes) -> Sent {
        if let Err(forbidden) = Egress::of(destination.allow_private).check_host(url.host()) {
            return failure::sent(&forbidden);
        }
        let started = self.clock.now();
        let mut request = Request::new(SdkBody::from(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = url.uri().clone();
        *request.headers_mut() = headers;
        let client = match destination.allow_private {
            true => &self.private,
            false => &self.public,
        };
        let (head, mut body) = match client.request(request).await {
            Ok(response) => response.into_parts(),
            Err(error) => return failure::sent(&error),
        };
        // The status alone decides: whoever says 200 and then breaks off has taken the event.
        let mut first = Vec::new();
        let read = async {
            let mut length = 0;
            while let Some(Ok(frame)) = body.frame().await {
                let data = frame.into_data().unwrap_or_default();
                length += data.len();
                if first.len() <= KEPT {
                    first.extend_from_slice(&data);
                }
                if length > LONGEST_ANSWER {
                    break;
                }
            }
        };
        let left = destination.timeout.saturating_sub(self.clock.now().since(started));
        // A moment earlier than the whole try, which would otherwise be cut off without its status.
        let _ = within(&*self.clock, left.mul_f64(0.9), read).await;
        let now = self.clock.now();
        let after = head.headers.get(RETRY_AFTER);
        Sent {
            outcome: Outcome::Answered {
                status: head.status,
                retry_after: after.and_then(|value| retry_after(value.as_bytes(), now)),
            },
            answer: Some(Answer {
                status: head.status.as_u16(),
                took_ms: 0,
                body: kept(&first),
            }),
            detail: None,
        }
    }
}

#[cfg(test)]
mod tests;
