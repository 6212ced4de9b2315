//! The inspector: a page for whoever is asked whether payment X arrived.
//!
//! It is served on loopback only, by the operator's own program with the operator's own
//! credentials: there is nothing to expose in the cloud. Pages are made here, on the server; the
//! script only asks for them again when the ledger has changed.

mod actions;
mod chart;
mod conflict;
mod guard;
mod live;
mod page;
mod pretty;
mod view;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use tokio::sync::Semaphore;

use crate::stack::target::Target;

/// What the inspector works on.
pub struct Inspector {
    target: Target,
    /// Proves that a form came from one of our own pages. Made anew with each start.
    token: String,
    /// Places for pages that are told of changes.
    live: Arc<Semaphore>,
}

/// The inspector's routes, for a server that listens on loopback.
pub fn router(target: Target) -> Router {
    let inspector = Arc::new(Inspector {
        target,
        token: uuid::Uuid::new_v4().simple().to_string(),
        live: Arc::new(Semaphore::new(live::MOST)),
    });
    Router::new()
        .route("/", get(view::events::show))
        .route("/event", get(view::event::show))
        .route("/life", get(view::life::show))
        .route("/dead-letters", get(view::dead_letters::show))
        .route("/quarantine", get(view::quarantine::show))
        .route("/live", get(live::changes))
        .route("/replay", get(actions::confirm_replay).post(actions::replay))
        .route("/redrive", get(actions::confirm_redrive).post(actions::redrive))
        .route("/release", get(actions::confirm_release).post(actions::release))
        .route(
            "/conflict/release",
            get(conflict::confirm_release).post(conflict::release),
        )
        .route(
            "/conflict/dismiss",
            get(conflict::confirm_dismiss).post(conflict::dismiss),
        )
        .route("/send", post(actions::send))
        .route(
            "/inspector.css",
            get(|| asset("text/css", include_str!("inspector/assets/inspector.css"))),
        )
        .route(
            "/inspector.js",
            get(|| asset("text/javascript", include_str!("inspector/assets/inspector.js"))),
        )
        .layer(from_fn_with_state(Arc::clone(&inspector), guard::check))
        .with_state(inspector)
}

async fn asset(kind: &'static str, content: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, kind)], content)
}

/// A page that could not be made.
struct Failed(Box<dyn std::error::Error + Send + Sync>);

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let text = acuse_core::error::chain(&*self.0);
        let page = page::bare(
            "error",
            &maud::html! { h1 { "error" } p { (text) } p { a href="/" { "←" } } },
        );
        (StatusCode::BAD_GATEWAY, Html(page.into_string())).into_response()
    }
}
