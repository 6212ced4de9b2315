//! What a search finds outside the ledger: deliveries in quarantine, and dead letters.

use acuse_aws::ledger::record::Record;
use maud::{Markup, html};

use super::super::super::element::{encoded, moment};
use super::super::super::words::Words;
use crate::stack::find::{self, When};
use crate::stack::target::Target;
use crate::terminal::escape;

/// What the queues have of `text`, or why they can't be read. `None` if they have nothing.
pub(super) async fn found(target: &Target, text: &str, records: &[Record], words: &Words) -> Option<Markup> {
    // A queue that SQS says is empty is looked at only if the ledger has nothing.
    let when = match records {
        [] => When::Always,
        _ => When::NotEmpty,
    };
    let found = match find::in_queues(target, text, when).await {
        Ok(found) => found,
        Err(error) => {
            return Some(
                html! { p.error { (words.queues_not_searched) " " span lang="en" translate="no" { (escape(&acuse_core::error::chain(&error))) } } },
            );
        }
    };
    (!found.is_empty()).then(|| {
        html! {
            ul.elsewhere {
                @for held in &found.quarantine { li {
                    a href={ "/quarantine/delivery?id=" (encoded(&held.item.delivery_id())) } { (words.in_quarantine) }
                    ", " (words.not_in_hooks) ": " (moment(held.item.received_at().map(|at| at.to_string()).as_deref()))
                    " " span translate="no" { (escape(&held.item.scope())) } " · " (escape(&words.cause(&held.cause)))
                } }
                @for dead in &found.dead_letters { li {
                    a href="/dead-letters" { (words.dead_letter) }
                    ": " (moment(dead.received_at().map(|at| at.to_string()).as_deref()))
                    " " span translate="no" { (escape(&dead.scope())) } " · " (escape(&words.reason(dead.reason())))
                } }
            }
        }
    })
}
