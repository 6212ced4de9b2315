//! Bold (Colombia). Payments at its terminals, by link and by button, as CloudEvents. It signs the body in base64.
//!
//! Deliveries of Bold's test mode are signed with an empty key, which anybody can do: Acuse never accepts them.

use acuse_core::event_types;
use acuse_core::json::Value;
use acuse_core::provider::scheme::{Part, Scheme, Signature};
use acuse_core::provider::{Occurs, Provider, Reading, Resource, Unreadable, environment};

/// What Acuse knows about Bold.
pub const PROVIDER: Provider = Provider {
    name: "bold",
    scheme: Scheme {
        token: None,
        signatures: &[Signature {
            content: &[Part::BodyBase64],
            ..Signature::hmac(&["x-bold-signature"])
        }],
    },
    check_secret: |_| Ok(()),
    read,
    types: EventType::NAMES,
};

event_types! {
    /// Bold's event types. `VOID_REJECTED` is passed on as `Unknown`: the sale stays as it was.
    pub enum EventType of "bold" {
        SaleApproved = "SALE_APPROVED" => PaymentSucceeded,
        SaleRejected = "SALE_REJECTED" => PaymentFailed,
        // The payer gets the money back.
        VoidApproved = "VOID_APPROVED" => PaymentRefunded,
    }
}

fn read(payload: &Value<'_>) -> Result<Reading, Unreadable> {
    let text = |path: &[&str]| payload.path(path).and_then(Value::scalar_text);
    let id = |path: &[&str]| payload.path(path).and_then(Value::scalar_id);
    let type_name = id(&["type"]).ok_or(Unreadable::NoType("`type`"))?;
    let kind = EventType::from_name(type_name.as_str()).kind();
    // Nanoseconds since 1970.
    let time = text(&["time"]);

    Ok(Reading {
        environment: environment(&[Some(payload)], &[payload.get("data")])?,
        // A void happens to its sale.
        resource: id(&["data", "payment_id"])
            .or_else(|| id(&["subject"]))
            .map(|id| Resource::new("SALE", id)),
        resource_member: Some("data".to_owned()),
        event_id: id(&["id"]),
        time: time.clone(),
        amount: text(&["data", "amount", "total"]),
        currency: text(&["data", "amount", "currency"]),
        reference: text(&["data", "metadata", "reference"]),
        ..Reading::new(type_name, kind, Occurs::ByBytes(time))
    })
}
