//! Notifies pages of changes, by server-sent events.

use std::collections::hash_map::DefaultHasher;
use std::convert::Infallible;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};

use super::Inspector;
use super::problem::Problem;
use crate::stack::destinations::progress::DeliveriesOf;
use crate::stack::events::recent;
use crate::stack::filter::Filter;
use crate::stack::queue::Depth;

/// How often the ledger is polled while a page is open. On AWS each poll is a few reads.
const LOCAL: Duration = Duration::from_millis(700);
const DEPLOYED: Duration = Duration::from_secs(5);

/// How many of the newest events are watched.
const WATCHED: usize = 100;

/// Pages notified at once, since each of them polls the ledger.
pub(super) const MOST: usize = 16;

/// Sends a line whenever the newest events or the lengths of the queues change.
pub(super) async fn changes(State(inspector): State<Arc<Inspector>>) -> Response {
    let Ok(place) = Arc::clone(&inspector.live).try_acquire_owned() else {
        return Problem::TooManyPages.into_response();
    };
    let first = digest(&inspector).await;
    // The stream keeps its place while it is read.
    let changes = futures_util::stream::unfold((inspector, first, place), |(inspector, mut last, place)| async move {
        loop {
            tokio::time::sleep(if inspector.target.is_local() { LOCAL } else { DEPLOYED }).await;
            let now = digest(&inspector).await;
            if now.is_some() && now != last {
                last = now;
                let event = Ok::<_, Infallible>(Event::default().data("changed"));
                return Some((event, (inspector, last, place)));
            }
        }
    });
    Sse::new(changes).keep_alive(KeepAlive::default()).into_response()
}

/// A hash of what is watched; `None` if it can't be read right now.
async fn digest(inspector: &Inspector) -> Option<u64> {
    let target = &inspector.target;
    let ledger = target.ledger().ok()?;
    let records = recent(&ledger, &Filter::default(), 1, WATCHED).await.ok()?;
    let mut hasher = DefaultHasher::new();
    for record in &records {
        (&record.key, record.status, record.attempts, record.duplicates).hash(&mut hasher);
    }
    let deliveries = DeliveriesOf::records(target, &records).await.ok()?;
    for (_, delivery) in records.iter().flat_map(|record| deliveries.of(record)) {
        (delivery.status, delivery.attempts).hash(&mut hasher);
    }
    for queue in ["DeadLetterQueueUrl", "QuarantineQueueUrl"] {
        let depth = Depth::of(target, queue).await.ok()?;
        depth.visible.hash(&mut hasher);
    }
    Some(hasher.finish())
}
