//! UnoPago. Its guide gives the header, three event types, and no payload: the type, the ids and
//! the resource are looked for where such payloads usually have them.

use crate::clock::Timestamp;
use crate::event::{Environment, Resource};
use crate::json::Value;
use crate::provider::{Occurs, Provider, Reading, Unreadable, event_types};
use crate::signature::{Encoding, Layout, Scheme, Signature};

/// What Acuse knows of UnoPago.
pub const PROVIDER: Provider = Provider {
    name: "unopago",
    scheme: Scheme {
        token: None,
        // The guide says "hash" with the secret key and no more, so every usual way is accepted.
        signatures: &[
            Signature {
                layout: Layout::List,
                encodings: &[Encoding::Hex, Encoding::Base64],
                ..Signature::hmac(&["webhook-signature"])
            },
            Signature::timestamped(&["webhook-signature"]),
        ],
    },
    misplaced: |_| None,
    read,
    types: EventType::NAMES,
};

event_types! {
    /// UnoPago's event types (guide, "Catálogo de Eventos Disponibles").
    pub enum EventType of "unopago" {
        PaymentReceived = "payment_received" => PaymentSucceeded,
        InvoiceCreated = "invoice_created" => InvoiceCreated,
        CustomerUpdated = "customer_updated" => CustomerUpdated,
    }
}

fn read(payload: &Value<'_>) -> Result<Reading, Unreadable> {
    let text = |path: &[&str]| payload.path(path).and_then(Value::scalar_text);
    let type_name = ["event", "type", "event_type"]
        .iter()
        .find_map(|name| text(&[name]).or_else(|| text(&[name, "type"])))
        .ok_or(Unreadable::NoType("`event`, `type` or `event_type`"))?;
    let kind = EventType::from_name(&type_name);

    // `payment_received` happens to a `payment`.
    let category = type_name.split(['_', '.']).next().unwrap_or_default().to_owned();
    let resource = ["data", "object", &category]
        .iter()
        .find_map(|name| payload.get(name).filter(|found| found.as_object().is_some()));
    let field = |name: &str| resource.and_then(|found| found.get(name)).and_then(Value::scalar_text);
    let occurred_at = ["timestamp", "created_at", "occurred_at"]
        .iter()
        .find_map(|name| text(&[name]).or_else(|| text(&["event", name])));

    Ok(Reading {
        occurs: match kind {
            EventType::InvoiceCreated => Occurs::Once,
            _ => Occurs::ByBytes(None),
        },
        kind: kind.kind(),
        environment: text(&["environment"])
            .or_else(|| text(&["event", "environment"]))
            .map(|name| Environment::from_name(&name).ok_or(Unreadable::Environment(name)))
            .transpose()?,
        resource: field("id").map(|id| Resource { kind: category, id }),
        event_id: text(&["event_id"])
            .or_else(|| text(&["event", "id"]))
            // `id` beside the type is the event's, unless it merely repeats the resource's.
            .or_else(|| text(&["id"]).filter(|id| field("id").as_ref() != Some(id))),
        occurred_at: occurred_at.as_deref().and_then(Timestamp::from_text),
        amount: field("amount"),
        total_paid: None,
        reference: field("reference"),
        type_name,
    })
}
