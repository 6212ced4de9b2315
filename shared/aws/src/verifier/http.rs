//! The HTTP API's request and response, in payload format 2.0. Function URLs and `cargo lambda watch` use it too.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads>
//!
//! This module reads the event itself: `lambda_http` would build an `http::Request` with a URL from `Host`, path and
//! query, and panics if one of them is not valid in a URL (`?a=b c`). Only the account in the path matters here, and the
//! query of a provider that signs a value in it.

use acuse_core::account::AccountName;
use acuse_core::provider::Provider;
use acuse_core::receive::{Address, Answer, Outbox, SecretStore, Verifier};
use acuse_core::wire::envelope::LONGEST_TEXT;
use bytes::Bytes;
use data_encoding::BASE64;
use http::header::{ALLOW, CONTENT_TYPE, COOKIE, HeaderName, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method};
use lambda_http::Body;
use lambda_http::aws_lambda_events::apigw::{ApiGatewayV2httpRequest as Request, ApiGatewayV2httpResponse as Response};
use tracing::info;

/// After how many seconds a provider that got 503 should send again.
const RETRY_AFTER_SECONDS: u8 = 5;

/// How many bytes of a strange path are logged.
const LONGEST_PATH: usize = 200;

/// What a function URL has in place of a route.
const NO_ROUTE: &str = "$default";

/// Answers one request. A delivery is a POST; panels and monitors also check the URL with GET and HEAD, which have no
/// effect.
pub(super) async fn answer(verifier: &Verifier<impl SecretStore, impl Outbox>, request: Request) -> Response {
    let Some(account) = account(verifier.provider(), &request) else {
        // Function URLs have no access log.
        let path = request.raw_path.as_deref().unwrap_or_default();
        let (path, _) = path.split_at(path.floor_char_boundary(LONGEST_PATH));
        info!(path, "no webhook has this path");
        return response(404, "not found");
    };
    let address = Address {
        account: account.to_owned(),
        query: request.raw_query_string.clone().unwrap_or_default(),
    };
    match request.request_context.http.method {
        Method::POST => deliver(verifier, address, request).await,
        Method::GET | Method::HEAD if AccountName::parse(&address.account).is_none() => response(404, "not found"),
        Method::GET => response(200, "webhooks are posted here"),
        Method::HEAD => {
            let mut answer = response(200, "");
            answer.body = None;
            answer
        }
        _ => with_header(response(405, "not a webhook"), ALLOW, "GET, HEAD, POST"),
    }
}

/// What follows `/webhooks/{provider}/`, without a trailing slash; nothing is the default account. The route for it is
/// greedy, so it also matches longer paths, which name no account.
///
/// A function URL has no routes and passes every path on. `None` for one that the API would not have.
fn account<'r>(provider: &Provider, request: &'r Request) -> Option<&'r str> {
    let more = match (request.path_parameters.values().next(), request.route_key.as_deref()) {
        (Some(more), _) => more,
        (None, Some(NO_ROUTE)) => after_provider(provider, request.raw_path.as_deref().unwrap_or_default())?,
        (None, _) => "",
    };
    Some(match more.strip_suffix('/').unwrap_or(more) {
        "" => AccountName::DEFAULT_TEXT,
        account => account,
    })
}

/// What follows `/webhooks/{provider}`, with its slash left out.
fn after_provider<'r>(provider: &Provider, path: &'r str) -> Option<&'r str> {
    let more = path.strip_prefix("/webhooks/")?.strip_prefix(provider.name)?;
    match more {
        "" => Some(""),
        _ => more.strip_prefix('/'),
    }
}

async fn deliver(verifier: &Verifier<impl SecretStore, impl Outbox>, address: Address, request: Request) -> Response {
    let Some((headers, body)) = headers_and_body(request) else {
        return response(400, "the body is not base64");
    };
    let answer = verifier.receive(address, headers, body).await;
    let response = |text: &str| response(answer.status(), text);
    match answer {
        Answer::Queued(id) => with_header(
            response("OK"),
            HeaderName::from_static("x-delivery-id"),
            &id.to_string(),
        ),
        Answer::Registered => response("OK"),
        Answer::Refused(factor) => response(&format!("missing or wrong {factor}")),
        Answer::UnknownAccount => response("no such account"),
        Answer::TooLong => response(&format!("the body is longer than {LONGEST_TEXT} bytes")),
        Answer::Unavailable => with_header(
            response("not accepted; send it again"),
            RETRY_AFTER,
            &RETRY_AFTER_SECONDS.to_string(),
        ),
    }
}

/// The headers, and the body after decoding the API's base64; `None` if that is invalid.
fn headers_and_body(request: Request) -> Option<(HeaderMap, Bytes)> {
    let mut headers = request.headers;
    if let Some(cookies) = request.cookies
        && let Ok(cookies) = HeaderValue::from_str(&cookies.join("; "))
    {
        headers.insert(COOKIE, cookies);
    }
    let body = match (request.body, request.is_base64_encoded) {
        (None, _) => Bytes::new(),
        (Some(text), false) => Bytes::from(text),
        (Some(text), true) => BASE64.decode(text.as_bytes()).ok()?.into(),
    };
    Some((headers, body))
}

fn response(status: u16, text: &str) -> Response {
    let mut response = Response::default();
    response.status_code = status.into();
    response.body = Some(Body::Text(text.to_owned()));
    with_header(response, CONTENT_TYPE, "text/plain; charset=utf-8")
}

fn with_header(mut response: Response, name: HeaderName, value: &str) -> Response {
    if let Ok(value) = value.parse() {
        response.headers.insert(name, value);
    }
    response
}

#[cfg(test)]
mod tests;
