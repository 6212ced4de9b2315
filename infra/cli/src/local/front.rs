//! The server for deliveries, which a tunnel exposes.
//!
//! It serves the template's routes and `/healthz`, and nothing else. A request's path is only compared with the routes,
//! and built anew from the match.
//! The emulator gets an event for the matched route's function, and nothing of the caller's in the URL, since the
//! emulator runs whatever it is given.

mod event;

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use acuse_core::account::AccountName;
use axum::Router;
use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http_body_util::LengthLimitError;

use super::api::{Api, returned};
use super::deploy::Route;
use super::error::Error;

/// The limits of an HTTP API.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>
const LONGEST_BODY: usize = 10 * 1024 * 1024;
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(30);

/// How long receiving a body may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(8);

const HEALTH: &str = "/healthz";

/// The server.
pub(super) struct Front {
    api: Api,
    /// The URL of `cargo lambda watch`; `None` if the emulator runs the functions.
    watch_url: Option<String>,
    routes: Vec<Served>,
}

/// A route, and the path that it serves.
struct Served {
    /// Without `{proxy+}`.
    path: String,
    is_greedy: bool,
    route: Route,
}

/// A request's path, built from the route that matches it.
struct Matched {
    path: String,
    /// What `{proxy+}` stands for.
    proxy: Option<String>,
}

impl Front {
    /// # Errors
    /// [`Error::Template`] if a route has other parameters than a trailing `{proxy+}`.
    pub(super) fn new(api: Api, watch_url: Option<String>, routes: Vec<Route>) -> Result<Self, Error> {
        let routes: Result<_, _> = routes.into_iter().map(Served::new).collect();
        Ok(Self {
            api,
            watch_url,
            routes: routes?,
        })
    }

    /// The routes of `path`, best match for `method` first: a route of that method, then `ANY`.
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html>
    fn routes(&self, path: &str, method: &Method) -> Vec<(&Route, Matched)> {
        let matched = |served: &'_ Served| served.matches(path);
        let of_path = self
            .routes
            .iter()
            .filter_map(|served| Some((&served.route, matched(served)?)));
        let mut routes: Vec<_> = of_path.collect();
        routes.sort_by_key(|(route, matched)| match route.method.as_str() {
            own if own == method.as_str() => (matched.proxy.is_some(), 0),
            "ANY" => (matched.proxy.is_some(), 1),
            _ => (true, 2),
        });
        routes
    }

    pub(super) fn router(self) -> Router {
        Router::new().fallback(answer).with_state(Arc::new(self))
    }

    /// Invokes the route's function and returns its response.
    async fn invoke(&self, route: &Route, event: &serde_json::Value) -> reqwest::Result<Response> {
        let (base, name) = match &self.watch_url {
            None => (self.api.endpoint(), &route.function.name),
            Some(url) => (url.as_str(), &route.function.binary),
        };
        let call = self.api.invocation(base, name, event).timeout(FUNCTION_TIMEOUT);
        let content = returned(call).await?;
        let response = content.and_then(|content| event::response(&content));
        Ok(response.unwrap_or_else(|| message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")))
    }
}

async fn answer(State(front): State<Arc<Front>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    if path == HEALTH {
        return match parts.method {
            Method::GET | Method::HEAD if front.api.is_ready().await => (StatusCode::OK, "OK\n").into_response(),
            Method::GET | Method::HEAD => {
                (StatusCode::SERVICE_UNAVAILABLE, "the emulator does not answer\n").into_response()
            }
            _ => not_allowed("GET, HEAD"),
        };
    }
    let routes = front.routes(path, &parts.method);
    let (route, matched) = match routes.as_slice() {
        [(route, matched), ..] if route.method == "ANY" || route.method == parts.method.as_str() => (route, matched),
        [] => return message(StatusCode::NOT_FOUND, "Not Found"),
        others => {
            let methods: Vec<&str> = others.iter().map(|(route, _)| route.method.as_str()).collect();
            return not_allowed(&methods.join(", "));
        }
    };
    let body = match read(body).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    match front
        .invoke(route, &event::request(route, matched, &parts, &body))
        .await
    {
        Ok(response) => response,
        Err(error) if error.is_timeout() => message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        Err(_) => message(StatusCode::BAD_GATEWAY, "the functions can't be reached"),
    }
}

impl Served {
    fn new(route: Route) -> Result<Self, Error> {
        let (path, is_greedy) = match route.path.strip_suffix("{proxy+}") {
            Some(parent) => (parent, true),
            None => (route.path.as_str(), false),
        };
        match path.contains(['{', '$']) || is_greedy && !path.ends_with('/') {
            false => Ok(Self {
                path: path.to_owned(),
                is_greedy,
                route,
            }),
            true => Err(Error::Template(format!(
                "the local stack supports no route parameters except a trailing `{{proxy+}}`: {}",
                route.path
            ))),
        }
    }

    /// A greedy route serves one account below its path, with or without a trailing slash, since the functions answer
    /// 404 to anything else.
    fn matches(&self, path: &str) -> Option<Matched> {
        let below = path.strip_prefix(self.path.as_str())?;
        if !self.is_greedy {
            return below.is_empty().then(|| Matched {
                path: self.path.clone(),
                proxy: None,
            });
        }
        let proxy = match below.strip_suffix('/') {
            _ if below.is_empty() => String::new(),
            Some(account) => format!("{}/", AccountName::parse(account)?),
            None => AccountName::parse(below)?.to_string(),
        };
        Some(Matched {
            path: format!("{}{proxy}", self.path),
            proxy: Some(proxy),
        })
    }
}

/// The body, or the response if it is too long, too slow or incomplete.
async fn read(body: Body) -> Result<Bytes, Response> {
    let too_long = || message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
    if body.size_hint().lower() > LONGEST_BODY as u64 {
        return Err(too_long());
    }
    match tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, LONGEST_BODY)).await {
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

/// A response of the HTTP API itself.
fn message(status: StatusCode, text: &str) -> Response {
    let body = serde_json::json!({"message": text}).to_string();
    (status, [(header::CONTENT_TYPE, "application/json")], Body::from(body)).into_response()
}

#[cfg(test)]
mod tests;
