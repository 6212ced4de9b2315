//! Kuenta. Its guide gives the payload, `{"event", "data": {"id", …}, "timestamp"}`, and the
//! signature's computation, but not the header's name.

use crate::clock::Timestamp;
use crate::event::{Environment, Resource};
use crate::json::Value;
use crate::provider::{Occurs, Provider, Reading, Unreadable, event_types};
use crate::signature::{Scheme, Signature};

/// What Acuse knows of Kuenta.
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
    misplaced: |_| None,
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

fn read(payload: &Value<'_>) -> Result<Reading, Unreadable> {
    use EventType as E;
    let text = |path: &[&str]| payload.path(path).and_then(Value::scalar_text);
    let type_name = text(&["event"]).ok_or(Unreadable::NoType("`event`"))?;
    let known = EventType::from_name(&type_name);
    let stamp = text(&["timestamp"]);

    // `credit.application.approved` happens to a `credit.application`.
    let resource_kind = type_name.rsplit_once('.').map_or(type_name.as_str(), |(kind, _)| kind);

    Ok(Reading {
        occurs: match known {
            E::CreditApplicationCreated | E::CreditApplicationApproved | E::CreditApplicationRejected => Occurs::Once,
            E::PaymentCreated | E::DocumentCreated => Occurs::Once,
            E::PaymentCompleted | E::CreditCompleted => Occurs::Once,
            // A credit is paid out in tranches; the rest may be tried again.
            _ => Occurs::ByBytes(stamp.clone()),
        },
        kind: known.kind(),
        environment: text(&["environment"])
            .map(|name| Environment::from_name(&name).ok_or(Unreadable::Environment(name)))
            .transpose()?,
        resource: text(&["data", "id"]).map(|id| Resource {
            kind: resource_kind.to_owned(),
            id,
        }),
        event_id: text(&["event_id"]),
        occurred_at: stamp.as_deref().and_then(Timestamp::from_text),
        amount: text(&["data", "amount"]),
        total_paid: None,
        reference: None,
        type_name,
    })
}
