//! Kuenta. Its guide describes the payload, `{"event", "data": {"id", …}, "timestamp"}`, and how to compute the signature,
//! but not the name of its header.

use acuse_core::event::Amount;
use acuse_core::json::Value;
use acuse_core::provider::scheme::{Scheme, Signature};
use acuse_core::provider::{LegacyReading, Occurs, Provider, Reading, Resource, Unreadable};
use acuse_core::{event_types, object};

/// What Acuse knows about Kuenta.
pub const PROVIDER: Provider = Provider {
    name: "kuenta",
    scheme: Scheme {
        token: None,
        signatures: &[Signature::hmac(&[
            "x-kuenta-signature",
            "x-webhook-signature",
            "x-signature",
            "signature",
        ])],
    },
    check_secret: |_| Ok(()),
    read,
    types: EventType::NAMES,
};

event_types! {
    /// Kuenta's event types (guide, "Eventos disponibles").
    pub enum EventType of "kuenta" {
        CreditApplicationCreated = "credit.application.created" => CreditRequested,
        CreditApplicationApproved = "credit.application.approved" => CreditApproved,
        CreditApplicationRejected = "credit.application.rejected" => CreditRejected,
        CreditDisbursed = "credit.disbursed" => CreditDisbursed,
        CreditCompleted = "credit.completed" => CreditCompleted,
        PaymentCreated = "payment.created" => PaymentCreated,
        PaymentCompleted = "payment.completed" => PaymentSucceeded,
        PaymentFailed = "payment.failed" => PaymentFailed,
        PaymentRefunded = "payment.refunded" => PaymentRefunded,
        DocumentCreated = "document.created" => DocumentCreated,
        DocumentSigned = "document.signed" => DocumentSigned,
        DocumentExpired = "document.expired" => DocumentExpired,
        ValidationStarted = "validation.started" => ValidationStarted,
        ValidationCompleted = "validation.completed" => ValidationCompleted,
        ValidationFailed = "validation.failed" => ValidationFailed,
    }
}

object! {
    /// An application for a credit, the one object whose fields the guide shows. For the others, read your own type
    /// with [`Event::resource_as`](acuse_core::event::Event::resource_as).
    pub struct CreditApplication of "kuenta", "credit.application" {
        amount: Amount = "amount",
        /// How many [`term_unit`](field@Self::term_unit)s it runs.
        term: String = "term",
        /// Such as `months`.
        term_unit: String = "termUnit",
        status: String = "status",
        created_at: String = "createdAt",
    }
}

fn read(payload: &Value<'_>) -> Result<Reading, Unreadable> {
    use EventType as E;
    let text = |path: &[&str]| payload.path(path).and_then(Value::scalar_text);
    let id = |path: &[&str]| payload.path(path).and_then(Value::scalar_id);
    let type_name = id(&["event"]).ok_or(Unreadable::NoType("`event`"))?;
    let known = EventType::from_name(type_name.as_str());
    let time = text(&["timestamp"]);

    // `credit.application.approved` happens to a `credit.application`.
    let last = type_name.as_str().rfind('.').unwrap_or(usize::MAX);
    let resource = id(&["data", "id"]).map(|id| Resource::new(type_name.before(last), id));
    let mut legacy = LegacyReading::default();

    let occurs = match known {
        E::CreditApplicationCreated | E::CreditApplicationApproved | E::CreditApplicationRejected => Occurs::Once,
        E::PaymentCreated | E::DocumentCreated => Occurs::Once,
        E::PaymentCompleted | E::CreditCompleted => Occurs::Once,
        // A credit is paid out in tranches, and the others may be repeated.
        _ => Occurs::ByBytes(time.clone()),
    };
    Ok(Reading {
        environment: legacy.environment(&[Some(payload)], &[payload.get("data")])?,
        resource,
        resource_member: Some("data".to_owned()),
        event_id: id(&["event_id"]),
        time,
        amount: text(&["data", "amount"]),
        currency: text(&["data", "currency"]),
        legacy: Some(legacy),
        ..Reading::new(type_name, known.kind(), occurs)
    })
}
