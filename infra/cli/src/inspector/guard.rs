//! Accepts only requests from this machine's browser, to its loopback name, from our own pages.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Inspector;
use super::problem::{self, Problem};
use super::words::Words;

/// Our forms are shorter.
const LONGEST_FORM: usize = 64 * 1024;

/// Refuses requests to another host name (DNS rebinding), requests from other sites' pages, and forms that are not from
/// our own pages.
pub(super) async fn check(State(inspector): State<Arc<Inspector>>, request: Request, next: Next) -> Response {
    let words = Words::of(request.headers());
    let answer = match accepted(&inspector, request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    let mut response = problem::shown(answer, words);
    let headers = response.headers_mut();
    for (name, value) in [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // With `no-referrer`, the Origin of our own forms would be `null`.
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The request, if it is from this machine's browser and our own pages.
async fn accepted(inspector: &Inspector, request: Request) -> Result<Request, Problem> {
    if !is_loopback(request.headers()) {
        return Err(Problem::OtherHost);
    }
    if !is_same_origin(request.headers()) {
        return Err(Problem::OtherSite);
    }
    match *request.method() {
        Method::GET | Method::HEAD => Ok(request),
        _ => own_form(inspector, request).await.ok_or(Problem::OutdatedForm),
    }
}

/// The request, if its body contains the token.
async fn own_form(inspector: &Inspector, request: Request) -> Option<Request> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LONGEST_FORM).await.ok()?;
    let wanted = format!("token={}", inspector.token);
    let has_token = body.split(|byte| *byte == b'&').any(|pair| pair == wanted.as_bytes());
    has_token.then(|| Request::from_parts(parts, Body::from(body)))
}

fn is_loopback(headers: &HeaderMap) -> bool {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

/// Whether the request is from our own pages or from no page. Browsers set these headers, and no page can change them.
/// <https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header>
fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let own_site =
        text(HeaderName::from_static("sec-fetch-site")).is_none_or(|site| matches!(site, "same-origin" | "none"));
    let own_origin = text(header::ORIGIN).is_none_or(|origin| origin.strip_prefix("http://") == text(header::HOST));
    own_site && own_origin
}
