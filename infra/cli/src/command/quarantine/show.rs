//! `acuse quarantine show`: a delivery in full, as it came. Nothing of it is verified.

use std::process::ExitCode;

use acuse_core::event::Event;
use serde_json::{Value, json};

use super::Arguments;
use crate::command::Failure;
use crate::command::events::found::add;
use crate::command::events::list::money;
use crate::command::events::show::{say_payload, with_payload};
use crate::stack::find::{self, Quarantine};
use crate::stack::quarantine::Quarantined;
use crate::stack::target::Target;
use crate::terminal::{self, counted};
use crate::{note, say};

pub(super) async fn run(target: &Target, which: &str, arguments: &Arguments) -> Result<ExitCode, Failure> {
    let mut found = find::in_quarantine(target, which).await?;
    found.quarantine.retain(|Quarantine { item, .. }| {
        let provider = arguments.provider.is_none_or(|only| only.name == item.provider);
        provider
            && arguments
                .account
                .as_ref()
                .is_none_or(|only| only.as_str() == item.account)
    });
    if found.quarantine.is_empty() {
        return Err(Failure::with_advice(
            format!(
                "nothing of `{which}` in quarantine: {} looked at",
                counted(found.in_quarantine, "message")
            ),
            "`acuse events show` looks in the ledger and at dead letters, too",
        ));
    }
    let references = target.references();
    for Quarantine { item, cause, .. } in &found.quarantine {
        let events = item.unverified(target, &references);
        let body = item.delivery.as_ref().ok().map(|delivery| delivery.body().as_ref());
        if arguments.json {
            let mut line = line(item, &events);
            add(&mut line, "cause", json!(cause.to_string()));
            terminal::json(with_payload(&line, body));
            continue;
        }
        say!("{} {}: not applied: {cause}", item.scope(), item.delivery_id());
        let received_at = item.received_at().map_or_else(|| "-".to_owned(), |at| at.to_string());
        say!("received {received_at}; refused because: {}", item.reason);
        for event in &events {
            terminal::line(&format!(
                "unverified: {}  reference {}  amount {}",
                event.type_name,
                event.reference.as_deref().unwrap_or("-"),
                money(event.amount.as_deref(), event.currency.as_deref())
            ));
        }
        if let Some(body) = body {
            say_payload(body);
        }
    }
    if !arguments.json {
        note!("anybody can send such a delivery: `acuse quarantine diagnose ID` says whether it is genuine");
    }
    Ok(ExitCode::SUCCESS)
}

/// A delivery as JSON, with what its body says of its first event.
pub(super) fn line(item: &Quarantined, events: &[Event]) -> Value {
    let mut line = item.json(None);
    let first = events.first();
    let unverified = json!({
        "type": first.map(|event| &event.type_name),
        "resource_id": first.and_then(|event| event.resource.as_ref()).map(|resource| &resource.id),
        "reference": first.and_then(|event| event.reference.as_deref()),
        "amount": first.and_then(|event| event.amount.as_deref()),
        "currency": first.and_then(|event| event.currency.as_deref()),
    });
    add(&mut line, "unverified", unverified);
    line
}
