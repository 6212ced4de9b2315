//! The address that deliveries are sent to, and that a tunnel exposes.
//!
//! It serves the template's routes and `/healthz`, and nothing else. A request's path is compared
//! with them and used for nothing more: what goes on is an event for the function of the route that
//! matched, so that no text of a caller's gets into the URL of a request to the emulator, which runs
//! whatever it is given.

mod event;

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::LengthLimitError;

use super::api::Api;
use super::deploy::{Function, Route};
use super::error::Error;

/// An HTTP API takes no more, and waits no longer for a function.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>
const LONGEST_BODY: usize = 10 * 1024 * 1024;
const FUNCTION_PATIENCE: Duration = Duration::from_secs(30);

/// A body that has not come by then does not come any more.
const BODY_PATIENCE: Duration = Duration::from_secs(8);

const HEALTH: &str = "/healthz";

/// Who runs the functions.
#[derive(Debug, Clone)]
pub(super) enum Upstream {
    /// The emulator.
    Emulator,
    /// `cargo lambda watch`, at this URL.
    Watch(String),
}

/// What is served.
pub(super) struct Front {
    api: Api,
    upstream: Upstream,
    /// Each with the path that it serves.
    routes: Vec<(String, Route)>,
}

impl Front {
    /// # Errors
    /// [`Error::Template`] where a route can't be compared as text.
    pub(super) fn new(api: Api, upstream: Upstream, routes: Vec<Route>) -> Result<Self, Error> {
        let of_path = |route: Route| served(&route).map(|path| (path, route));
        let routes: Result<_, _> = routes.into_iter().map(of_path).collect();
        Ok(Self {
            api,
            upstream,
            routes: routes?,
        })
    }

    /// The routes of `path`; the first one takes `method`, if one does. A route of that method goes before `ANY`.
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html>
    fn routes(&self, path: &str, method: &Method) -> Vec<&Route> {
        let of_path = self.routes.iter().filter(|(served, _)| served == path);
        let mut routes: Vec<&Route> = of_path.map(|(_, route)| route).collect();
        routes.sort_by_key(|route| match route.method.as_str() {
            own if own == method.as_str() => 0,
            "ANY" => 1,
            _ => 2,
        });
        routes
    }

    pub(super) fn router(self) -> Router {
        Router::new().fallback(answer).with_state(Arc::new(self))
    }

    async fn health(&self) -> Response {
        match self.api.is_ready().await {
            true => (StatusCode::OK, "OK\n").into_response(),
            false => (StatusCode::SERVICE_UNAVAILABLE, "the emulator does not answer\n").into_response(),
        }
    }

    /// The URL that invokes a function.
    fn invocations(&self, function: &Function) -> String {
        let (base, name) = match &self.upstream {
            Upstream::Emulator => (self.api.endpoint(), &function.name),
            Upstream::Watch(url) => (url.as_str(), &function.binary),
        };
        format!("{base}/2015-03-31/functions/{name}/invocations")
    }

    /// Invokes the route's function with the event that an HTTP API makes of the request.
    async fn invoke(&self, route: &Route, event: &serde_json::Value) -> reqwest::Result<Response> {
        let call = self.api.http().post(self.invocations(&route.function));
        let answer = call.timeout(FUNCTION_PATIENCE).json(event).send().await?;
        let failed = !answer.status().is_success() || answer.headers().contains_key("x-amz-function-error");
        let content = answer.bytes().await?;
        let response = if failed { None } else { event::response(&content) };
        Ok(response.unwrap_or_else(|| message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")))
    }
}

async fn answer(State(front): State<Arc<Front>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let is_read = matches!(parts.method, Method::GET | Method::HEAD);
    if path == HEALTH {
        return match is_read {
            true => front.health().await,
            false => not_allowed("GET, HEAD"),
        };
    }
    let routes = front.routes(path, &parts.method);
    let route = match routes.as_slice() {
        [route, ..] if route.method == "ANY" || route.method == parts.method.as_str() => route,
        [] => return message(StatusCode::NOT_FOUND, "Not Found"),
        others => {
            let methods: Vec<&str> = others.iter().map(|route| route.method.as_str()).collect();
            return not_allowed(&methods.join(", "));
        }
    };
    let body = match read(body).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    match front.invoke(route, &event::request(route, path, &parts, &body)).await {
        Ok(response) => response,
        Err(error) if error.is_timeout() => message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        Err(_) => message(StatusCode::BAD_GATEWAY, "the functions can't be reached"),
    }
}

/// The path that a route serves. Of a greedy one that is its trailing slash alone, which it is there for: a function
/// answers 404 to what is below.
fn served(route: &Route) -> Result<String, Error> {
    let path = match route.path.strip_suffix("/{proxy+}") {
        Some(parent) => format!("{parent}/"),
        None => route.path.clone(),
    };
    match path.contains(['{', '$']) {
        false => Ok(path),
        true => Err(Error::Template(format!(
            "the local stack has no routes with parameters but a last `{{proxy+}}`: {}",
            route.path
        ))),
    }
}

/// The whole body, or the answer to one that is too long, too slow, or not whole.
async fn read(body: Body) -> Result<Bytes, Response> {
    let too_long = || message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
    if body.size_hint().lower() > LONGEST_BODY as u64 {
        return Err(too_long());
    }
    match tokio::time::timeout(BODY_PATIENCE, to_bytes(body, LONGEST_BODY)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) if error.source().is_some_and(|source| source.is::<LengthLimitError>()) => Err(too_long()),
        Ok(Err(_)) => Err(message(StatusCode::BAD_REQUEST, "the body ends early")),
        Err(_) => Err(message(StatusCode::REQUEST_TIMEOUT, "Request Timeout")),
    }
}

fn not_allowed(methods: &str) -> Response {
    let mut response = message(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    if let Ok(methods) = HeaderValue::from_str(methods) {
        response.headers_mut().insert(header::ALLOW, methods);
    }
    response
}

/// An answer in the words of an HTTP API.
fn message(status: StatusCode, text: &str) -> Response {
    let body = serde_json::json!({"message": text}).to_string();
    (status, [(header::CONTENT_TYPE, "application/json")], Body::from(body)).into_response()
}

#[cfg(test)]
mod tests;
