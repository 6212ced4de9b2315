//! Stripe. An event has an id of its own and the object that it happened to in `data.object`.

use acuse_core::event::Amount;
use acuse_core::json::Value;
use acuse_core::provider::scheme::{Scheme, Signature};
use acuse_core::provider::{Kind, Occurs, Provider, Reading, Resource, Unreadable, environment};
use acuse_core::{event_types, object};

/// What Acuse knows about Stripe.
pub const PROVIDER: Provider = Provider {
    name: "stripe",
    scheme: Scheme {
        token: None,
        signatures: &[Signature::timestamped(&["stripe-signature"])],
    },
    check_secret: |secret| match ["sk_", "rk_", "pk_"].iter().any(|key| secret.starts_with(key)) {
        true => Err("it is an API key; copy the signing secret of the webhook endpoint, which starts with `whsec_`"),
        false => Ok(()),
    },
    read,
    types: EventType::NAMES,
};

event_types! {
    /// Stripe's event types that move money or say that it will move. Others are passed on as `Unknown`.
    pub enum EventType of "stripe" {
        PaymentIntentCreated = "payment_intent.created" => PaymentCreated,
        PaymentIntentProcessing = "payment_intent.processing" => PaymentProcessing,
        PaymentIntentPartiallyFunded = "payment_intent.partially_funded" => PaymentPartiallyPaid,
        PaymentIntentSucceeded = "payment_intent.succeeded" => PaymentSucceeded,
        PaymentIntentPaymentFailed = "payment_intent.payment_failed" => PaymentFailed,
        PaymentIntentCanceled = "payment_intent.canceled" => PaymentCancelled,
        ChargePending = "charge.pending" => PaymentProcessing,
        ChargeSucceeded = "charge.succeeded" => PaymentSucceeded,
        ChargeFailed = "charge.failed" => PaymentFailed,
        ChargeExpired = "charge.expired" => PaymentExpired,
        ChargeRefunded = "charge.refunded" => PaymentRefunded,
        ChargeDisputeCreated = "charge.dispute.created" => PaymentDisputed,
        CheckoutSessionCompleted = "checkout.session.completed" => PaymentSucceeded,
        CheckoutSessionAsyncPaymentSucceeded = "checkout.session.async_payment_succeeded" => PaymentSucceeded,
        CheckoutSessionAsyncPaymentFailed = "checkout.session.async_payment_failed" => PaymentFailed,
        CheckoutSessionExpired = "checkout.session.expired" => PaymentExpired,
        PayoutCreated = "payout.created" => PayoutCreated,
        PayoutPaid = "payout.paid" => PayoutCompleted,
        PayoutFailed = "payout.failed" => PayoutFailed,
        PayoutCanceled = "payout.canceled" => PayoutCancelled,
        CustomerSubscriptionCreated = "customer.subscription.created" => SubscriptionCreated,
        CustomerSubscriptionResumed = "customer.subscription.resumed" => SubscriptionActivated,
        CustomerSubscriptionDeleted = "customer.subscription.deleted" => SubscriptionCancelled,
        InvoiceCreated = "invoice.created" => InvoiceCreated,
        InvoicePaid = "invoice.paid" => InvoicePaid,
        CustomerUpdated = "customer.updated" => CustomerUpdated,
    }
}

object! {
    /// A payment as the merchant asks for it. It may take several charges.
    pub struct PaymentIntent of "stripe", "payment_intent" {
        /// What is to be collected, in the currency's smallest unit.
        amount: Amount = "amount",
        amount_received: Amount = "amount_received",
        currency: String = "currency",
        status: String = "status",
        customer: String = "customer",
        latest_charge: String = "latest_charge",
    }
}

object! {
    /// One attempt to move money.
    pub struct Charge of "stripe", "charge" {
        amount: Amount = "amount",
        /// What was refunded so far.
        amount_refunded: Amount = "amount_refunded",
        currency: String = "currency",
        status: String = "status",
        payment_intent: String = "payment_intent",
        failure_code: String = "failure_code",
    }
}

object! {
    /// A customer's session on the payment page.
    pub struct CheckoutSession of "stripe", "checkout.session" {
        amount_total: Amount = "amount_total",
        currency: String = "currency",
        /// `paid`, `unpaid` or `no_payment_required`.
        payment_status: String = "payment_status",
        /// The merchant's own reference.
        client_reference_id: String = "client_reference_id",
        payment_intent: String = "payment_intent",
        subscription: String = "subscription",
    }
}

fn read(payload: &Value<'_>) -> Result<Reading, Unreadable> {
    let text = |path: &[&str]| payload.path(path).and_then(Value::scalar_text);
    let id = |path: &[&str]| payload.path(path).and_then(Value::scalar_id);
    let type_name = id(&["type"]).ok_or(Unreadable::NoType("`type`"))?;
    let known = EventType::from_name(type_name.as_str());
    let object = payload.path(&["data", "object"]);
    let time = text(&["created"]);

    // `customer.subscription.created` happens to a `customer.subscription`.
    let last = type_name.as_str().rfind('.').unwrap_or(usize::MAX);
    // Events without the object in them, such as those of API v2, name it.
    let resource_id = id(&["data", "object", "id"]).or_else(|| id(&["related_object", "id"]));
    let kind = match known {
        // With a delayed payment method, the money comes later or not at all.
        EventType::CheckoutSessionCompleted
            if text(&["data", "object", "payment_status"]).as_deref() != Some("paid") =>
        {
            Kind::PaymentProcessing
        }
        _ => known.kind(),
    };
    let field = |name: &str| text(&["data", "object", name]);
    Ok(Reading {
        environment: environment(&[Some(payload)], &[object])?,
        resource: resource_id.map(|id| Resource::new(type_name.before(last), id)),
        resource_member: Some("data.object".to_owned()),
        event_id: id(&["id"]),
        time: time.clone(),
        amount: field(amount(&known)),
        currency: field("currency"),
        reference: field("client_reference_id").or_else(|| text(&["data", "object", "metadata", "order_id"])),
        ..Reading::new(type_name, kind, Occurs::ByBytes(time))
    })
}

/// The member that has the amount which the event is about.
fn amount(known: &EventType) -> &'static str {
    use EventType as E;
    match known {
        E::PaymentIntentSucceeded => "amount_received",
        // The sum of all refunds of the charge.
        E::ChargeRefunded => "amount_refunded",
        E::CheckoutSessionCompleted | E::CheckoutSessionExpired => "amount_total",
        E::CheckoutSessionAsyncPaymentSucceeded | E::CheckoutSessionAsyncPaymentFailed => "amount_total",
        E::InvoiceCreated => "amount_due",
        E::InvoicePaid => "amount_paid",
        _ => "amount",
    }
}
