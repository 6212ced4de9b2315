//! PagosYa, a fictional provider: the example of docs/adding-a-provider.md. It signs as Standard Webhooks
//! describes (<https://www.standardwebhooks.com>).

use acuse_core::event_types;
use acuse_core::json::Value;
use acuse_core::provider::scheme::{Encoding, Key, Layout, Part, Place, Scheme, Signature, TOLERANCE, Time};
use acuse_core::provider::{Occurs, Provider, Reading, Resource, Unreadable};

/// What Acuse knows about PagosYa.
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
    check_secret: |_| Ok(()),
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
    let id = |path: &[&str]| payload.path(path).and_then(Value::scalar_id);
    let type_name = id(&["type"]).ok_or(Unreadable::NoType("`type`"))?;
    let known = EventType::from_name(type_name.as_str());
    let time = text(&["timestamp"]);
    let occurs = match known {
        EventType::PaymentPaid => Occurs::Once,
        EventType::Unknown(_) => Occurs::ByBytes(time.clone()),
    };
    Ok(Reading {
        resource: id(&["data", "id"]).map(|id| Resource::new("payment", id)),
        time,
        amount: text(&["data", "amount"]),
        ..Reading::new(type_name, known.kind(), occurs)
    })
}
