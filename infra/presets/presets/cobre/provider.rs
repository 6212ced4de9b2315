//! Cobre (Colombia, Mexico). Money movements and balances of a company's accounts.

use std::time::Duration;

use acuse_core::event_types;
use acuse_core::json::Value;
use acuse_core::provider::scheme::{Part, Place, Scheme, Signature, Time};
use acuse_core::provider::{Occurs, Provider, Reading, Resource, Unreadable, environment};

/// What Acuse knows about Cobre.
pub const PROVIDER: Provider = Provider {
    name: "cobre",
    scheme: Scheme {
        token: None,
        signatures: &[Signature {
            content: &[Part::Time, Part::Text("."), Part::Body],
            time: Some(Time {
                place: Place::Header("event-timestamp"),
                // It is the event's time, `2025-02-03T22:20:24Z`, and Cobre does not say how long after that it sends.
                tolerance: Some(A_DAY),
            }),
            ..Signature::hmac(&["event-signature"])
        }],
    },
    check_secret: |secret| match (10..=64).contains(&secret.chars().count()) {
        true => Ok(()),
        false => Err(
            "Cobre's secret keys have 10 to 64 characters; the API shows only the last 4, so copy it where you made it",
        ),
    },
    read,
    types: EventType::NAMES,
};

const A_DAY: Duration = Duration::from_secs(86_400);

event_types! {
    /// Cobre's event types that have a kind. The others (balances, keys, counterparties, reports, …) are passed on as
    /// `Unknown`.
    pub enum EventType of "cobre" {
        Initiated = "money_movements.status.initiated" => PayoutCreated,
        PendingApproval = "money_movements.status.pending_approval" => PayoutCreated,
        Processing = "money_movements.status.processing" => PayoutProcessing,
        Completed = "money_movements.status.completed" => PayoutCompleted,
        Canceled = "money_movements.status.canceled" => PayoutCancelled,
        Returned = "money_movements.status.returned" => PayoutFailed,
        Rejected = "money_movements.status.rejected" => PayoutFailed,
        Failed = "money_movements.status.failed" => PayoutFailed,
        CrossBorderInitiated = "cross_border_money_movements.status.initiated" => PayoutCreated,
        CrossBorderProcessing = "cross_border_money_movements.status.processing" => PayoutProcessing,
        CrossBorderCompleted = "cross_border_money_movements.status.completed" => PayoutCompleted,
        CrossBorderRejected = "cross_border_money_movements.status.rejected" => PayoutFailed,
    }
}

fn read(payload: &Value<'_>) -> Result<Reading, Unreadable> {
    let text = |path: &[&str]| payload.path(path).and_then(Value::scalar_text);
    let id = |path: &[&str]| payload.path(path).and_then(Value::scalar_id);
    let type_name = id(&["event_key"]).ok_or(Unreadable::NoType("`event_key`"))?;
    let kind = EventType::from_name(type_name.as_str()).kind();
    let time = text(&["created_at"]);
    // `money_movements.status.completed` happens to one of `money_movements`.
    let category = type_name.as_str().split('.').next().unwrap_or_default().to_owned();

    Ok(Reading {
        environment: environment(&[Some(payload)], &[payload.get("content")])?,
        resource: id(&["content", "id"]).map(|id| Resource::new(category, id)),
        resource_member: Some("content".to_owned()),
        event_id: id(&["id"]),
        time: time.clone(),
        amount: text(&["content", "amount"]),
        currency: text(&["content", "currency"]),
        reference: text(&["content", "external_id"]),
        ..Reading::new(type_name, kind, Occurs::ByBytes(time))
    })
}
