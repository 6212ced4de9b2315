//! What can be copied of an event: to send it on, or to work on it in a terminal.

use acuse_aws::ledger::record::Record;
use acuse_core::destination::body;
use acuse_core::event::Event;
use maud::{Markup, html};

use super::super::super::element::copy;
use super::super::super::words::Words;
use crate::stack::target::Target;

/// Where a backend under development usually listens.
const BACKEND: &str = "http://127.0.0.1:8000/";

/// Buttons that copy the payload, a request with it, and commands.
pub(super) fn buttons(target: &Target, record: &Record, event: Option<&Event>, words: &Words) -> Markup {
    let command = |what: &str| {
        let stack = match target.is_local() {
            true => String::new(),
            false => format!(" --stack {}", quoted(target.name())),
        };
        format!("acuse events {what} {}{stack}", quoted(&record.key))
    };
    let payload = event.and_then(|event| std::str::from_utf8(event.body()).ok());
    html! {
        p.copies {
            @if let Some(payload) = payload { (copy(words, words.copy_payload, payload)) }
            @if let Some(event) = event { (copy(words, words.copy_curl, &curl(event))) }
            (copy(words, words.copy_show, &command("show")))
            (copy(words, words.copy_replay, &command("replay")))
        }
    }
}

/// The request that a destination would get, without a signature.
fn curl(event: &Event) -> String {
    let body = body::of(event);
    format!(
        "curl {BACKEND} -H 'content-type: application/json' -H {} --data-raw {}",
        quoted(&format!("webhook-id: {}", event.idempotency_key())),
        quoted(&String::from_utf8_lossy(&body)),
    )
}

/// For a shell: in single quotes, which nothing but a single quote ends.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn nothing_ends_the_quotes() {
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's $(x) `y`"), r"'it'\''s $(x) `y`'");
    }
}
