//! Culqi (Peru). It signs nothing. What proves a delivery is HTTP Basic authentication, if you switch it on for the webhook
//! in CulqiPanel: store the whole header, `Basic` and the base64 of `user:password`, as the token.
//!
//! Whoever learns that header can send anything, so an event is a hint: ask Culqi's API for the charge or the order before
//! you hand anything over.

use acuse_core::event_types;
use acuse_core::json::{self, Value};
use acuse_core::provider::scheme::{Scheme, Token};
use acuse_core::provider::{Environment, Kind, Occurs, Provider, Reading, Resource, Unreadable, by_status};

/// What Acuse knows about Culqi.
pub const PROVIDER: Provider = Provider {
    name: "culqi",
    scheme: Scheme {
        token: Some(Token {
            header: "authorization",
            bearer: false,
        }),
        signatures: &[],
    },
    check_secret: |_| Ok(()),
    read,
    types: EventType::NAMES,
};

event_types! {
    /// Culqi's event types, as far as Culqi names them. Others are passed on as `Unknown`.
    pub enum EventType of "culqi" {
        ChargeCreationSucceeded = "charge.creation.succeeded" => PaymentSucceeded,
        ChargeCreationFailed = "charge.creation.failed" => PaymentFailed,
        ChargeFailed = "charge.failed" => PaymentFailed,
        // What happened is in the charge: see `OUTCOMES`.
        ChargeStatusChanged = "charge.status.changed" => Unknown,
        RefundCreationSucceeded = "refund.creation.succeeded" => PaymentRefunded,
        // What happened is in the order: see `STATES`.
        OrderStatusChanged = "order.status.changed" => Unknown,
    }
}

/// What the state of an order means.
const STATES: &[(&str, Kind)] = &[
    ("created", Kind::PaymentCreated),
    ("pending", Kind::PaymentProcessing),
    ("paid", Kind::PaymentSucceeded),
    ("expired", Kind::PaymentExpired),
    ("deleted", Kind::PaymentCancelled),
];

/// What the outcome of a charge means. Culqi's documentation shows this one.
const OUTCOMES: &[(&str, Kind)] = &[("venta_exitosa", Kind::PaymentSucceeded)];

fn read(payload: &Value<'_>) -> Result<Reading, Unreadable> {
    let id = |path: &[&str]| payload.path(path).and_then(Value::scalar_id);
    let type_name = id(&["type"]).ok_or(Unreadable::NoType("`type`"))?;
    let known = EventType::from_name(type_name.as_str());
    let event_id = id(&["id"]);
    let time = payload.get("creation_date").and_then(Value::scalar_text);

    // `data` is an object, or JSON in a string.
    let inside = match payload.get("data") {
        Some(Value::String(text)) => text.as_str().and_then(|text| json::parse(text.as_bytes()).ok()),
        _ => None,
    };
    let data = inside.as_ref().or_else(|| payload.get("data"));
    let at = |path: &[&str]| data.and_then(|data| data.path(path));
    // Charges are written in camel case, and orders in snake case.
    let first = |names: &[&str]| names.iter().find_map(|name| at(&[name]).and_then(Value::scalar_text));

    let by = |path: &[&str], table| by_status(at(path).and_then(Value::scalar_id), time.clone(), table);
    let (kind, occurs) = match known {
        EventType::OrderStatusChanged => by(&["state"], STATES),
        EventType::ChargeStatusChanged => by(&["outcome", "type"], OUTCOMES),
        // Only authorized: the money is captured later.
        EventType::ChargeCreationSucceeded if at(&["capture"]) == Some(&Value::Bool(false)) => {
            (Kind::PaymentProcessing, Occurs::ByBytes(time.clone()))
        }
        _ => (known.kind(), Occurs::ByBytes(time.clone())),
    };
    // `charge.creation.succeeded` happens to a `charge`.
    let end = type_name.as_str().find('.').unwrap_or(usize::MAX);
    let resource_id = at(&["id"]).and_then(Value::scalar_id);
    let ids = [&event_id, &resource_id];
    Ok(Reading {
        environment: environment_of(ids.into_iter().flatten().map(|id| id.as_str())),
        resource: resource_id.clone().map(|id| Resource::new(type_name.before(end), id)),
        resource_member: Some("data".to_owned()),
        event_id: event_id.clone(),
        time,
        // In the currency's smallest unit.
        amount: first(&["originalAmount", "amount"]),
        currency: first(&["currency", "currency_code"]),
        reference: first(&["order_number"]).or_else(|| at(&["metadata", "order_id"]).and_then(Value::scalar_text)),
        ..Reading::new(type_name, kind, occurs)
    })
}

/// Ids have the environment in them: `evt_test_…`, `chr_live_…`. Test money is never taken for real money.
fn environment_of<'a>(ids: impl Iterator<Item = &'a str>) -> Option<Environment> {
    let mut found = None;
    for id in ids {
        match id.split('_').nth(1) {
            Some("test") => return Some(Environment::Test),
            Some("live") => found = Some(Environment::Live),
            _ => {}
        }
    }
    found
}
