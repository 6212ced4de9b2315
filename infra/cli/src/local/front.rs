//! The address that deliveries are sent to: one that does not change, before an API whose id does.

mod event;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use bytes::Bytes;
use tokio::net::TcpListener;

use super::api::Api;
use super::deploy::{Deployment, Route};
use super::error::Error;

/// What an HTTP API takes; it answers 413 to more.
const LONGEST_BODY: usize = 10 * 1024 * 1024;

/// Headers of one connection, which are not for the next.
const HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::HOST,
    HeaderName::from_static("keep-alive"),
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Who runs the functions.
#[derive(Debug, Clone)]
pub(super) enum Upstream {
    /// The emulator, behind the deployed HTTP API.
    Emulator {
        /// Its end point.
        endpoint: String,
    },
    /// `cargo lambda watch`.
    Watch {
        /// Its URL.
        url: String,
    },
}

impl Upstream {
    pub(super) fn emulator(api: &Api) -> Self {
        Self::Emulator {
            endpoint: api.endpoint().to_owned(),
        }
    }
}

/// The front's state.
pub(super) struct Front {
    api: Api,
    upstream: Upstream,
    api_id: Option<String>,
    routes: Vec<Route>,
    inspector: Router,
}

impl Front {
    pub(super) fn new(api: Api, upstream: Upstream, deployment: &Deployment, inspector: Router) -> Self {
        Self {
            api,
            upstream,
            api_id: deployment.api_id.clone(),
            routes: deployment.routes.clone(),
            inspector,
        }
    }
}

/// Opens the front's address; any free port for 0.
pub(super) async fn listen(port: u16) -> Result<TcpListener, Error> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    TcpListener::bind(address)
        .await
        .map_err(|source| Error::Listen { address, source })
}

/// Serves until the task is dropped.
pub(super) async fn serve(listener: TcpListener, front: Front) -> std::io::Result<()> {
    let inspector = front.inspector.clone();
    let router = Router::new()
        .route("/healthz", get(health))
        .route("/webhooks/{*rest}", any(forward))
        .with_state(Arc::new(front))
        .merge(inspector);
    axum::serve(listener, router).await
}

async fn health(State(front): State<Arc<Front>>) -> (StatusCode, &'static str) {
    match front.api.is_ready().await {
        true => (StatusCode::OK, "OK\n"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "the emulator does not answer\n"),
    }
}

async fn forward(State(front): State<Arc<Front>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LONGEST_BODY).await else {
        return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large");
    };
    let path = parts.uri.path();
    let route = front
        .routes
        .iter()
        .find(|route| route.path == path && (route.method == "ANY" || route.method == parts.method.as_str()));
    let answer = match (&front.upstream, route) {
        // Both upstreams would read such a body as text and lose what is none.
        (_, Some(route)) if std::str::from_utf8(&body).is_err() => front.invoke(route, &parts, &body).await,
        (Upstream::Emulator { endpoint }, _) => {
            let id = front.api_id.as_deref().unwrap_or_default();
            front
                .pass(&format!("{endpoint}/_aws/execute-api/{id}/$default"), &parts, body)
                .await
        }
        (Upstream::Watch { url }, Some(_)) => front.pass(url, &parts, body).await,
        (Upstream::Watch { .. }, None) => return message(StatusCode::NOT_FOUND, "Not Found"),
    };
    answer.unwrap_or_else(|_| message(StatusCode::BAD_GATEWAY, "the functions can't be reached"))
}

impl Front {
    /// Sends the request on as it came.
    async fn pass(&self, base: &str, parts: &Parts, body: Bytes) -> reqwest::Result<Response> {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let answer = self
            .api
            .http()
            .request(parts.method.clone(), format!("{base}{path}"))
            .headers(end_to_end(&parts.headers))
            .body(body)
            .send()
            .await?;
        let (status, headers) = (answer.status(), end_to_end(answer.headers()));
        Ok((status, headers, answer.bytes().await?).into_response())
    }

    /// Invokes the route's function with the event that an HTTP API makes of the request.
    async fn invoke(&self, route: &Route, parts: &Parts, body: &Bytes) -> reqwest::Result<Response> {
        let (base, name) = match &self.upstream {
            Upstream::Emulator { endpoint } => (endpoint, &route.function.name),
            Upstream::Watch { url } => (url, &route.function.binary),
        };
        let event = event::request(route, parts, body);
        let url = format!("{base}/2015-03-31/functions/{name}/invocations");
        let answer = self.api.http().post(url).json(&event).send().await?;
        let failed = !answer.status().is_success() || answer.headers().contains_key("x-amz-function-error");
        let content = answer.bytes().await?;
        let response = if failed { None } else { event::response(&content) };
        Ok(response.unwrap_or_else(|| message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")))
    }
}

/// An answer in the words of an HTTP API.
fn message(status: StatusCode, text: &str) -> Response {
    let body = serde_json::json!({"message": text}).to_string();
    (status, [(header::CONTENT_TYPE, "application/json")], Body::from(body)).into_response()
}

fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
    headers
}
