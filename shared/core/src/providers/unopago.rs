//! UnoPago. Its guide describes the header and three event types, but no payload: the type, the ids and the resource are
//! looked up where such payloads usually have them. So there are no types of its objects: read your own with
//! [`Event::resource_as`](acuse_core::event::Event::resource_as).

use acuse_core::event_types;
use acuse_core::json::Value;
use acuse_core::provider::scheme::{Encoding, Layout, Scheme, Signature};
use acuse_core::provider::{Id, LegacyReading, Occurs, Provider, Reading, Resource, Unreadable};

/// What Acuse knows about UnoPago.
pub const PROVIDER: Provider = Provider {
    name: "unopago",
    scheme: Scheme {
        token: None,
        // The guide only says "hash" with the secret key, so every usual way is accepted.
        signatures: &[
            Signature {
                layout: Layout::List,
                encodings: &[Encoding::Hex, Encoding::Base64],
                ..Signature::hmac(&["webhook-signature"])
            },
            Signature::timestamped(&["webhook-signature"]),
        ],
    },
    check_secret: |_| Ok(()),
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
    let id = |path: &[&str]| payload.path(path).and_then(Value::scalar_id);
    let type_name = ["event", "type", "event_type"]
        .iter()
        .find_map(|name| id(&[name]).or_else(|| id(&[name, "type"])))
        .ok_or(Unreadable::NoType("`event`, `type` or `event_type`"))?;
    let known = EventType::from_name(type_name.as_str());

    // `payment_received` happens to a `payment`.
    let category = type_name.before(type_name.as_str().find(['_', '.']).unwrap_or(usize::MAX));
    let object = |name: &&&str| payload.get(name).is_some_and(|found| found.as_object().is_some());
    let member = ["data", "object", category.as_str()].iter().find(object).copied();
    let resource = member.and_then(|name| payload.get(name));
    let field = |name: &str| resource.and_then(|found| found.get(name)).and_then(Value::scalar_text);
    let own_id = resource.and_then(|found| found.get("id")).and_then(Value::scalar_id);

    // An `id` beside the type is the resource's, whose other members may be there too: two events of one payment have
    // the same `id`. Only `evt_…` is an event's.
    let (beside, of_event) = match id(&["id"]) {
        Some(id) if id.as_str().starts_with("evt_") => (None, Some(id)),
        beside => (beside, None),
    };
    let named = id(&["event_id"]).or_else(|| id(&["event", "id"]));
    let mut legacy = legacy(named.as_ref(), beside.as_ref(), of_event.as_ref(), own_id.as_ref());
    let field = |name: &str| field(name).or_else(|| text(&[name]).filter(|_| resource.is_none()));

    let occurs = match known {
        EventType::InvoiceCreated => Occurs::Once,
        _ => Occurs::ByBytes(None),
    };
    Ok(Reading {
        environment: legacy.environment(&[Some(payload), payload.get("event")], &[resource])?,
        resource_member: member.map(str::to_owned),
        resource: own_id.or(beside).map(|id| Resource::new(category, id)),
        event_id: named.or(of_event),
        time: text(&["timestamp"])
            .or_else(|| text(&["occurred_at"]))
            .or_else(|| text(&["event", "timestamp"]))
            .or_else(|| text(&["event", "occurred_at"]))
            .or_else(|| text(&["event", "created_at"])),
        amount: field("amount"),
        currency: field("currency"),
        reference: field("reference"),
        legacy: Some(legacy),
        ..Reading::new(type_name, known.kind(), occurs)
    })
}

/// Version 0.1 took any `id` beside the type for the event's, unless the resource had the same.
fn legacy(named: Option<&Id>, beside: Option<&Id>, of_event: Option<&Id>, own_id: Option<&Id>) -> LegacyReading {
    let repeated = |id: &Id| own_id.is_some_and(|own_id| own_id.as_str() == id.as_str());
    LegacyReading {
        no_resource: own_id.is_none(),
        no_event_id: named.is_none() && of_event.is_some_and(repeated),
        event_id: beside.filter(|id| named.is_none() && !repeated(id)).cloned(),
        ..LegacyReading::default()
    }
}
