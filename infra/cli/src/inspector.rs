//! The inspector: a web page that answers whether a payment arrived.
//!
//! The operator's own program serves it on loopback with the operator's credentials, so nothing is exposed in the
//! cloud. Pages are rendered here; the script only patches them when the ledger changes.

mod actions;
mod balance;
mod chart;
mod conflict;
mod counts;
mod element;
mod facts;
mod guard;
mod live;
mod page;
mod pretty;
mod problem;
mod question;
mod selection;
mod view;
mod words;

use std::sync::{Arc, OnceLock};

use acuse_aws::ledger::record::Record;
use axum::Router;
use axum::http::header;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use tokio::sync::Semaphore;

use self::balance::Balances;
use self::problem::Problem;
use crate::stack::audit::{Action, Audit, AuditError, Begun};
use crate::stack::lookup;
use crate::stack::target::Target;

/// The inspector's state.
pub struct Inspector {
    target: Target,
    /// What is done here leaves a trace.
    audit: OnceLock<Audit>,
    /// Proves that a form came from one of our own pages. New at each start.
    token: String,
    /// Permits for pages that are notified of changes.
    live: Arc<Semaphore>,
    /// Whether anything is missing.
    balances: Balances,
}

impl Inspector {
    /// The stack's audit trail.
    fn audit(&self) -> Result<&Audit, AuditError> {
        if let Some(audit) = self.audit.get() {
            return Ok(audit);
        }
        let audit = Audit::of(&self.target)?;
        Ok(self.audit.get_or_init(|| audit))
    }

    /// Writes that `action` is begun. Nothing may be done if that fails.
    async fn begin(&self, action: Action<'_>) -> Result<Begun<'_>, AuditError> {
        self.audit()?.begin(&self.target, action, false).await
    }

    /// The record with this key, if any.
    async fn record(&self, key: &str) -> Result<Option<Record>, Failed> {
        Ok(lookup::by_key(&self.target.ledger()?, key).await?)
    }
}

/// The query or form that names an event.
#[derive(Debug, Deserialize)]
struct Key {
    key: String,
}

/// The inspector's routes, for a server that listens on loopback.
pub fn router(target: Target) -> Router {
    let inspector = Arc::new(Inspector {
        target,
        audit: OnceLock::new(),
        token: uuid::Uuid::new_v4().simple().to_string(),
        live: Arc::new(Semaphore::new(live::MOST)),
        balances: Balances::default(),
    });
    Router::new()
        .route("/", get(view::start::show))
        .route("/balance", get(view::balance::show))
        .route("/events", get(view::events::show))
        .route("/event", get(view::event::show))
        .route("/life", get(view::life::show))
        .route("/dead-letters", get(view::dead_letters::show))
        .route("/quarantine", get(view::quarantine::show))
        .route("/live", get(live::changes))
        .route("/quarantine/delivery", get(view::quarantine::delivery::show))
        .route("/replay", get(actions::replay::confirm).post(actions::replay::replay))
        .route(
            "/redrive",
            get(actions::redrive::confirm).post(actions::redrive::redrive),
        )
        .route(
            "/release",
            get(actions::release::confirm).post(actions::release::release),
        )
        .route(
            "/conflict/release",
            get(conflict::confirm_release).post(conflict::release),
        )
        .route(
            "/conflict/dismiss",
            get(conflict::confirm_dismiss).post(conflict::dismiss),
        )
        .route("/send", post(actions::send::send))
        .route(
            "/inspector.css",
            get(|| asset("text/css", include_str!("inspector/assets/inspector.css"))),
        )
        .route(
            "/idiomorph.js",
            get(|| asset("text/javascript", include_str!("inspector/assets/idiomorph.min.js"))),
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

/// An error, which is shown as a page.
struct Failed(Box<dyn std::error::Error + Send + Sync>);

impl<E: std::error::Error + Send + Sync + 'static> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        Problem::Failed(acuse_core::error::chain(&*self.0)).into_response()
    }
}
