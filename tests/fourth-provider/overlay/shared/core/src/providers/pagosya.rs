//! PagosYa, which does not exist: the example of docs/adding-a-provider.md. It signs as Standard
//! Webhooks says (<https://www.standardwebhooks.com>).

use crate::clock::Timestamp;
use crate::event::Resource;
use crate::json::Value;
use crate::provider::{Occurs, Provider, Reading, Unreadable, event_types};
use crate::signature::{Encoding, Key, Layout, Part, Place, Scheme, Signature, TOLERANCE, Time};

/// What Acuse knows of PagosYa.
pub const PROVIDER: Provider = Provider {
    name: "pagosya",
    scheme: Scheme {
        token: None,
        signatures: &[Signature {
            layout: Layout::Versions("v1"),
            encodings: &[Encoding::Base64],
            content: &[
                Part::Header("webhook-id"),
                Part::Text("."),
                Part::Time,
                Part::Text("."),
                Part::Body,
            ],
            time: Some(Time {
                place: Place::Header("webhook-timestamp"),
                tolerance: Some(TOLERANCE),
            }),
            key: Key::Base64After("whsec_"),
            ..Signature::hmac(&["webhook-signature"])
        }],
    },
    misplaced: |_| None,
    read,
    types: EventType::NAMES,
};

event_types! {
    /// PagosYa's event types.
    pub enum EventType of "pagosya" {
        PaymentPaid = "payment.paid" => PaymentSucceeded,
    }
}

fn read(payload: &Value<'_>) -> Result<Reading, Unreadable> {
    let text = |path: &[&str]| payload.path(path).and_then(Value::scalar_text);
    let type_name = text(&["type"]).ok_or(Unreadable::NoType("`type`"))?;
    let known = EventType::from_name(&type_name);
    let stamp = text(&["timestamp"]);
    Ok(Reading {
        occurs: match known {
            EventType::PaymentPaid => Occurs::Once,
            EventType::Unknown(_) => Occurs::ByBytes(stamp.clone()),
        },
        kind: known.kind(),
        environment: None,
        resource: text(&["data", "id"]).map(|id| Resource {
            kind: "payment".to_owned(),
            id,
        }),
        event_id: None,
        occurred_at: stamp.as_deref().and_then(Timestamp::from_text),
        amount: text(&["data", "amount"]),
        total_paid: None,
        reference: None,
        type_name,
    })
}
