//! OnePay. Three shapes of payload are known: the guide's `{"<resource>": {…}, "event": {…}}`,
//! the same with `event.id`, and `{"event": "payment.approved", "data": {…}}`.

use crate::clock::Timestamp;
use crate::delivery::Form;
use crate::event::{Environment, Resource};
use crate::json::Value;
use crate::provider::{Occurs, Provider, Reading, Unreadable, event_types};
use crate::signature::{Scheme, Signature, Token};

/// What Acuse knows of OnePay.
pub const PROVIDER: Provider = Provider {
    name: "onepay",
    scheme: Scheme {
        token: Some(Token {
            header: "x-webhook-token",
            bearer: false,
        }),
        signatures: &[Signature {
            // The guide's samples sign the body as Node or Python would write it again.
            forms: &[Form::Raw, Form::JavaScript, Form::Python],
            // The guide computes an HMAC and never says where it is sent.
            ..Signature::hmac(&["x-signature", "signature", "x-webhook-signature", "x-onepay-signature"])
        }],
    },
    misplaced: |secret| {
        secret.starts_with("wh_hdr_").then_some(
            "it starts with `wh_hdr_`, which is the token; `signing_secrets` wants the value that starts with `wh_tok_`, and `token` this one",
        )
    },
    read,
    types: EventType::NAMES,
};

event_types! {
    /// OnePay's event types (guide, "Eventos disponibles"; those after `account.failed` are
    /// known from elsewhere).
    pub enum EventType of "onepay" {
        PaymentCreated = "payment.created" => PaymentCreated,
        PaymentApproved = "payment.approved" => PaymentSucceeded,
        PaymentRejected = "payment.rejected" => PaymentFailed,
        PaymentExpired = "payment.expired" => PaymentExpired,
        PaymentDeleted = "payment.deleted" => PaymentCancelled,
        ChargeSucceeded = "charge.succeeded" => PaymentSucceeded,
        ChargeDeclined = "charge.declined" => PaymentFailed,
        CashoutCreated = "cashout.created" => PayoutCreated,
        CashoutProcessing = "cashout.processing" => PayoutProcessing,
        CashoutProcessed = "cashout.processed" => PayoutCompleted,
        CashoutCancelled = "cashout.cancelled" => PayoutCancelled,
        CashoutRejected = "cashout.rejected" => PayoutFailed,
        SubscriptionCreated = "subscription.created" => SubscriptionCreated,
        SubscriptionPayment = "subscription.payment" => SubscriptionCharged,
        SubscriptionCancelled = "subscription.cancelled" => SubscriptionCancelled,
        AccountEnrolled = "account.enrolled" => AccountEnrolled,
        AccountFailed = "account.failed" => AccountFailed,
        PaymentPartiallyPaid = "payment.partially_paid" => PaymentPartiallyPaid,
        ChargeCreated = "charge.created" => PaymentCreated,
        ChargeProcessing = "charge.processing" => PaymentProcessing,
        ChargePaid = "charge.paid" => PaymentSucceeded,
        ChargeFailed = "charge.failed" => PaymentFailed,
        ChargeRefunded = "charge.refunded" => PaymentRefunded,
        ChargeDisputed = "charge.disputed" => PaymentDisputed,
        CashoutApproved = "cashout.approved" => PayoutApproved,
        SubscriptionActive = "subscription.active" => SubscriptionActivated,
        InvoiceCreated = "invoice.created" => InvoiceCreated,
        InvoicePaid = "invoice.paid" => InvoicePaid,
    }
}

fn read(payload: &Value<'_>) -> Result<Reading, Unreadable> {
    let text = |path: &[&str]| payload.path(path).and_then(Value::scalar_text);
    let type_name = text(&["event", "type"])
        .or_else(|| text(&["event"]))
        .ok_or(Unreadable::NoType("`event.type` or `event`"))?;
    let known = EventType::from_name(&type_name);

    // `payment.approved` happens to the object named `payment`, or to `data`.
    let category = type_name.split('.').next().unwrap_or_default().to_owned();
    let resource = payload.get(&category).or_else(|| payload.get("data"));
    let field = |path: &[&str]| resource.and_then(|found| found.path(path)).and_then(Value::scalar_text);
    let stamp = text(&["event", "timestamp"]).or_else(|| text(&["timestamp"]));

    Ok(Reading {
        occurs: occurs(&known, &field, &text, stamp.clone()),
        kind: known.kind(),
        environment: text(&["event", "environment"])
            .or_else(|| text(&["environment"]))
            .map(|name| Environment::from_name(&name).ok_or(Unreadable::Environment(name)))
            .transpose()?,
        resource: field(&["id"]).map(|id| Resource { kind: category, id }),
        event_id: text(&["event", "id"]),
        occurred_at: stamp.as_deref().and_then(Timestamp::from_text),
        amount: field(&["amount"]),
        total_paid: field(&["partial_payment", "total_paid"]).or_else(|| text(&["partial_payment", "total_paid"])),
        reference: field(&["reference"]).or_else(|| field(&["external_id"])),
        type_name,
    })
}

/// The guide's advice, type and resource id, would swallow a subscription's second month.
fn occurs(
    known: &EventType,
    field: &dyn Fn(&[&str]) -> Option<String>,
    text: &dyn Fn(&[&str]) -> Option<String>,
    stamp: Option<String>,
) -> Occurs {
    use EventType as E;
    match known {
        E::PaymentCreated | E::PaymentApproved | E::PaymentExpired | E::PaymentDeleted => Occurs::Once,
        E::ChargeCreated | E::ChargeSucceeded | E::ChargePaid => Occurs::Once,
        E::CashoutCreated | E::CashoutProcessed | E::CashoutCancelled | E::CashoutApproved => Occurs::Once,
        E::SubscriptionCreated | E::SubscriptionCancelled => Occurs::Once,
        E::InvoiceCreated | E::InvoicePaid => Occurs::Once,
        E::SubscriptionPayment => field(&["payment", "id"])
            .or_else(|| field(&["charge", "id"]))
            .or_else(|| text(&["payment", "id"]))
            .or_else(|| text(&["charge", "id"]))
            .or(stamp)
            .map_or(Occurs::ByBytes(None), Occurs::Each),
        // The timestamp counts whole seconds, too coarse to tell two attempts apart by itself.
        _ => Occurs::ByBytes(stamp),
    }
}
