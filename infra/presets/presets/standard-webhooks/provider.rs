//! A provider that signs as Standard Webhooks does, with a shared secret (`v1`). For a sender with a private key (`v1a`),
//! take `standard-webhooks-ed25519`.

use acuse_core::event_types;
use acuse_core::json::Value;
use acuse_core::provider::scheme::{Encoding, Key, Layout, Part, Place, Scheme, Signature, TOLERANCE, Time};
use acuse_core::provider::{Occurs, Provider, Reading, Resource, Unreadable, environment};

/// What Acuse knows about this provider.
pub const PROVIDER: Provider = Provider {
    name: "standard-webhooks",
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
    check_secret: |secret| match secret.get(..5) {
        Some("whpk_") => Err("it is a public key; this scheme has a shared secret, which starts with `whsec_`"),
        Some("whsk_") => Err("it is the sender's private key, which nobody else may have; ask for another one"),
        _ => Ok(()),
    },
    read,
    types: EventType::NAMES,
};

event_types! {
    /// The event types: replace this example by those of your provider.
    pub enum EventType of "standard-webhooks" {
        InvoicePaid = "invoice.paid" => InvoicePaid,
    }
}

fn read(payload: &Value<'_>) -> Result<Reading, Unreadable> {
    let type_name = payload.get("type").and_then(Value::scalar_id);
    let type_name = type_name.ok_or(Unreadable::NoType("`type`"))?;
    let known = EventType::from_name(type_name.as_str());
    let time = payload.get("timestamp").and_then(Value::scalar_text);

    // `invoice.paid` happens to an `invoice`, which is in `data`, or the payload itself.
    let last = type_name.as_str().rfind('.').unwrap_or(usize::MAX);
    let data = payload.get("data").filter(|data| data.as_object().is_some());
    let object = data.unwrap_or(payload);
    let id = object.get("id").and_then(Value::scalar_id);
    Ok(Reading {
        environment: environment(&[Some(payload)], &[data])?,
        resource: id.map(|id| Resource::new(type_name.before(last), id)),
        resource_member: data.map(|_| "data".to_owned()),
        time: time.clone(),
        // The specification names no other members. Add `amount`, `currency` and `reference` if your provider has them.
        //
        // The signed id of the event is in a header, and not in the payload, so the same bytes are the same event.
        ..Reading::new(type_name, known.kind(), Occurs::ByBytes(time))
    })
}
