//! The HTTP API's request and response.

use acuse_core::clock::{Clock, Random};
use acuse_core::receive::{Answer, Door, Outbox, SecretStore};
use bytes::Bytes;
use http::Method;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use lambda_http::{Body, Request, Response};

/// A provider that was told 503 should come back after this many seconds.
const RETRY_AFTER_SECONDS: u8 = 5;

/// Takes one request through `door`.
pub(super) async fn answer<S, O, C, R>(door: &Door<S, O, C, R>, request: Request) -> Response<Body>
where
    S: SecretStore,
    O: Outbox,
    C: Clock,
    R: Random,
{
    // The API routes POST alone; `cargo lambda watch` and function URLs route everything.
    if request.method() != Method::POST {
        return with_header(response(405, "only POST"), ALLOW, "POST");
    }
    let (parts, body) = request.into_parts();
    // Where the API has encoded the body as base64, `lambda_http` has decoded it already.
    let body = match body {
        Body::Text(text) => Bytes::from(text),
        Body::Binary(bytes) => Bytes::from(bytes),
        _ => Bytes::new(),
    };
    match door.receive(parts.headers, body).await {
        Answer::Queued(id) => with_header(response(200, "OK"), "x-delivery-id", &id.to_string()),
        Answer::Refused(factor) => response(401, &format!("missing or wrong {}", factor.name())),
        Answer::TooLong => response(413, "the body is longer than 1,000,000 bytes"),
        Answer::Unavailable => with_header(
            response(503, "not taken in; send it again"),
            RETRY_AFTER,
            &RETRY_AFTER_SECONDS.to_string(),
        ),
    }
}

fn response(status: u16, text: &str) -> Response<Body> {
    let mut response = Response::new(Body::Text(text.to_owned()));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    with_header(response, CONTENT_TYPE, "text/plain; charset=utf-8")
}

fn with_header(mut response: Response<Body>, name: impl http::header::IntoHeaderName, value: &str) -> Response<Body> {
    if let Ok(value) = value.parse() {
        response.headers_mut().insert(name, value);
    }
    response
}
