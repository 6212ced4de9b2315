//! What destinations are owed.

use acuse_aws::system::SystemClock;
use acuse_core::clock::Clock;
use maud::{Markup, html};

use super::super::super::element::{Head, Row, moment, table};
use super::super::super::words::Words;
use crate::stack::destinations::{DestinationsError, StackDestinations};
use crate::stack::target::Target;
use crate::terminal::escape;

/// A table of them; nothing in a stack without destinations.
pub(super) async fn destinations(target: &Target, words: &Words) -> Markup {
    let shown = match StackDestinations::of(target) {
        Err(_) => return html! {},
        Ok(stack) => rows(&stack, words).await,
    };
    let heads = [
        Head::new("", words.destination),
        Head::new("", words.state),
        Head::new("number", words.owed),
        Head::new("", words.oldest),
        Head::new("number", words.given_up),
        Head::new("error", words.error),
    ];
    match shown {
        Ok(rows) if rows.is_empty() => html! {},
        Ok(rows) => html! { h2 { (words.destinations) } (table(words.destinations, &heads, &rows)) },
        // The rest of the page does not depend on the permission to read that secret.
        Err(error) => {
            html! { h2 { (words.destinations) } p.error lang="en" translate="no" { (escape(&acuse_core::error::chain(&error))) } }
        }
    }
}

async fn rows(stack: &StackDestinations, words: &Words) -> Result<Vec<Row>, DestinationsError> {
    let (mut rows, now) = (Vec::new(), SystemClock.now());
    for destination in stack.configuration.get().await?.iter() {
        let state = stack.gates.get(&destination.name).await?.state(now);
        let summary = stack.summary(&destination.name).await?;
        let more = if summary.more { "+" } else { "" };
        rows.push(Row {
            key: format!("destination {}", destination.name),
            cells: vec![
                html! { code { (destination.name) } },
                html! { span translate="yes" { (words.gate(destination, &state)) } },
                html! { (summary.owed) (more) },
                moment(summary.oldest.map(|at| at.to_string()).as_deref()),
                html! { (summary.given_up) (more) },
                html! { span translate="yes" { (escape(&words.failure(summary.error.as_deref().unwrap_or_default()))) } },
            ],
        });
    }
    Ok(rows)
}
