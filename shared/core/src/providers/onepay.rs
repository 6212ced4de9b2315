//! OnePay. It sends three shapes of payload: the guide's `{"<resource>": {…}, "event": {…}}`, the same with `event.id`,
//! and `{"event": "payment.approved", "data": {…}}`.

use acuse_core::event::Amount;
use acuse_core::json::Value;
use acuse_core::provider::scheme::{Scheme, Signature, Token};
use acuse_core::provider::{Id, LegacyReading, Occurs, Provider, Reading, Resource, Unreadable};
use acuse_core::wire::delivery::CanonicalForm;
use acuse_core::{event_types, object};

/// What Acuse knows about OnePay.
pub const PROVIDER: Provider = Provider {
    name: "onepay",
    scheme: Scheme {
        token: Some(Token {
            header: "x-webhook-token",
            bearer: false,
        }),
        signatures: &[Signature {
            // The guide's samples sign the body as Node or Python serializes it again.
            forms: &[CanonicalForm::Raw, CanonicalForm::JavaScript, CanonicalForm::Python],
            // The guide computes an HMAC, but does not say which header carries it.
            ..Signature::hmac(&["x-signature", "signature", "x-webhook-signature", "x-onepay-signature"])
        }],
    },
    check_secret: |secret| match secret.starts_with("wh_hdr_") {
        true => Err(
            "it starts with `wh_hdr_`, so it is the token; put the value that starts with `wh_tok_` into `signing_secrets`, and this one into `token`",
        ),
        false => Ok(()),
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
        PaymentPartialExpired = "payment.partial_expired" => PaymentExpired,
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

object! {
    /// A payment request. The guide names `id`, `amount` and `status`; the other fields are known from elsewhere.
    pub struct Payment of "onepay", "payment" {
        amount: Amount = "amount",
        currency: String = "currency",
        status: String = "status",
        /// The merchant's order number. Some payloads have it as `external_id`:
        /// [`Event::reference`](field@acuse_core::event::Event::reference) is either.
        reference: String = "reference",
        external_id: String = "external_id",
        title: String = "title",
        created_at: String = "created_at",
        paid_at: String = "paid_at",
    }
}

object! {
    /// A charge (a debit). The guide names the object only; its fields are known from elsewhere.
    pub struct Charge of "onepay", "charge" {
        amount: Amount = "amount",
        currency: String = "currency",
        status: String = "status",
        reference: String = "reference",
        external_id: String = "external_id",
        /// Why it failed.
        reason: String = "reason",
        created_at: String = "created_at",
        paid_at: String = "paid_at",
    }
}

object! {
    /// A payout. The guide names the object and its `id`; the other fields are known from elsewhere.
    pub struct Cashout of "onepay", "cashout" {
        amount: Amount = "amount",
        currency: String = "currency",
        status: String = "status",
        reference: String = "reference",
        external_id: String = "external_id",
        /// Such as `ACH`.
        method: String = "method",
        description: String = "description",
        /// Why it failed.
        reason: String = "reason",
        created_at: String = "created_at",
    }
}

object! {
    /// A subscription. The guide names the object only; its fields are known from elsewhere.
    pub struct Subscription of "onepay", "subscription" {
        /// What is charged each time.
        amount: Amount = "amount",
        currency: String = "currency",
        status: String = "status",
        plan: String = "plan",
        /// The payment of a `subscription.payment`.
        payment: Payment = "payment",
        created_at: String = "created_at",
    }
}

object! {
    /// A bank account. The guide names the object only; its fields are known from elsewhere.
    pub struct Account of "onepay", "account" {
        status: String = "status",
        bank: String = "bank",
        /// The last four digits of its number.
        last4: String = "last4",
        created_at: String = "created_at",
    }
}

fn read(payload: &Value<'_>) -> Result<Reading, Unreadable> {
    let text = |path: &[&str]| payload.path(path).and_then(Value::scalar_text);
    let id = |path: &[&str]| payload.path(path).and_then(Value::scalar_id);
    let type_name = id(&["event", "type"])
        .or_else(|| id(&["event"]))
        .ok_or(Unreadable::NoType("`event.type` or `event`"))?;
    let known = EventType::from_name(type_name.as_str());

    // `payment.approved` happens to the object in `payment`, or else in `data`.
    let category = type_name.before(type_name.as_str().find('.').unwrap_or(usize::MAX));
    let named = payload.get(category.as_str());
    let is_object = |found: &&Value<'_>| found.as_object().is_some();
    let member = match named.filter(is_object).is_none() && payload.get("data").is_some() {
        true => "data",
        false => category.as_str(),
    };
    let resource = payload.get(member).filter(is_object);
    let field = |path: &[&str]| resource.and_then(|found| found.path(path));
    let field_text = |path: &[&str]| field(path).and_then(Value::scalar_text);
    let time = text(&["event", "timestamp"]).or_else(|| text(&["timestamp"]));
    let total_paid = ["partial_payment", "total_paid"];
    let total_paid = field(&total_paid).or_else(|| payload.path(&total_paid));

    let each = match known {
        // More is paid each time.
        EventType::PaymentPartiallyPaid => total_paid.and_then(Value::scalar_id),
        EventType::SubscriptionPayment => charge_of(&field, payload).or_else(|| time.clone().map(Id::from)),
        _ => None,
    };
    let occurs = each.map_or_else(|| occurs(&known, time.clone()), Occurs::Each);
    let mut legacy = LegacyReading {
        // Version 0.1 only looked there, even if it is `null`.
        no_resource: named.is_some_and(|named| named.as_object().is_none()),
        occurs: matches!(known, EventType::PaymentPartiallyPaid).then(|| Occurs::ByBytes(time.clone())),
        ..LegacyReading::default()
    };
    Ok(Reading {
        resource_member: Some(member.to_owned()),
        environment: legacy.environment(
            &[payload.get("event"), Some(payload)],
            // A subscription's payment is marked as a test in the payment itself.
            &[
                resource,
                payload.get("payment"),
                payload.get("charge"),
                field(&["payment"]),
                field(&["charge"]),
            ],
        )?,
        resource: field(&["id"])
            .and_then(Value::scalar_id)
            .map(|id| Resource::new(category, id)),
        event_id: id(&["event", "id"]),
        time,
        amount: field_text(&["amount"]),
        currency: field_text(&["currency"]),
        total_paid: total_paid.and_then(Value::scalar_text),
        reference: field_text(&["reference"]).or_else(|| field_text(&["external_id"])),
        legacy: Some(legacy),
        ..Reading::new(type_name, known.kind(), occurs)
    })
}

/// The id of a subscription's payment: that of the payment or charge itself.
fn charge_of<'v>(field: &dyn Fn(&[&str]) -> Option<&'v Value<'v>>, payload: &'v Value<'v>) -> Option<Id> {
    let ids = [["payment", "id"], ["charge", "id"]];
    let own = ids.iter().find_map(|path| field(path)?.scalar_id());
    own.or_else(|| ids.iter().find_map(|path| payload.path(path)?.scalar_id()))
}

/// The guide's advice, type and resource id, only applies to what happens once to a resource.
fn occurs(known: &EventType, time: Option<String>) -> Occurs {
    use EventType as E;
    match known {
        E::PaymentCreated | E::PaymentApproved | E::PaymentExpired | E::PaymentDeleted => Occurs::Once,
        E::ChargeCreated | E::ChargeSucceeded | E::ChargePaid => Occurs::Once,
        E::CashoutCreated | E::CashoutProcessed | E::CashoutCancelled | E::CashoutApproved => Occurs::Once,
        E::SubscriptionCreated | E::SubscriptionCancelled => Occurs::Once,
        E::InvoiceCreated | E::InvoicePaid => Occurs::Once,
        // The timestamp has whole seconds, which is too coarse to tell two attempts apart by itself.
        _ => Occurs::ByBytes(time),
    }
}
