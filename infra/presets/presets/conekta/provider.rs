//! Conekta (Mexico). It signs the body with a private key: the signing secret is the public key that Conekta gives for it.

use acuse_core::event::Amount;
use acuse_core::json::Value;
use acuse_core::provider::scheme::{Digest, Encoding, Scheme, Signature};
use acuse_core::provider::{Occurs, Provider, Reading, Resource, Unreadable, environment};
use acuse_core::{event_types, object};

/// What Acuse knows about Conekta.
pub const PROVIDER: Provider = Provider {
    name: "conekta",
    scheme: Scheme {
        token: None,
        signatures: &[Signature {
            encodings: &[Encoding::Base64],
            digest: Digest::RSA_PKCS1_SHA256,
            ..Signature::hmac(&["digest"])
        }],
    },
    check_secret: |secret| match secret.starts_with("key_") {
        true => Err(
            "it is an API key; put the `public_key` of the webhook key, which starts with `-----BEGIN PUBLIC KEY-----`",
        ),
        false => Ok(()),
    },
    read,
    types: EventType::NAMES,
};

event_types! {
    /// Conekta's event types that move money or say that it will move. Others are passed on as `Unknown`.
    pub enum EventType of "conekta" {
        OrderCreated = "order.created" => PaymentCreated,
        OrderPendingPayment = "order.pending_payment" => PaymentProcessing,
        OrderPreAuthorized = "order.pre_authorized" => PaymentProcessing,
        OrderPaid = "order.paid" => PaymentSucceeded,
        OrderDeclined = "order.declined" => PaymentFailed,
        OrderExpired = "order.expired" => PaymentExpired,
        OrderCanceled = "order.canceled" => PaymentCancelled,
        OrderVoided = "order.voided" => PaymentCancelled,
        OrderPartiallyRefunded = "order.partially_refunded" => PaymentRefunded,
        OrderRefunded = "order.refunded" => PaymentRefunded,
        OrderChargedBack = "order.charged_back" => PaymentDisputed,
        ChargeCreated = "charge.created" => PaymentCreated,
        ChargePendingConfirmation = "charge.pending_confirmation" => PaymentProcessing,
        ChargePreauthorized = "charge.preauthorized" => PaymentProcessing,
        ChargePaid = "charge.paid" => PaymentSucceeded,
        ChargeDeclined = "charge.declined" => PaymentFailed,
        ChargeExpired = "charge.expired" => PaymentExpired,
        ChargeCanceled = "charge.canceled" => PaymentCancelled,
        ChargeRefunded = "charge.refunded" => PaymentRefunded,
        // A cash payment that was taken back.
        ChargeReversed = "charge.reversed" => PaymentRefunded,
        ChargeChargebackCreated = "charge.chargeback.created" => PaymentDisputed,
        SubscriptionCreated = "subscription.created" => SubscriptionCreated,
        SubscriptionResumed = "subscription.resumed" => SubscriptionActivated,
        SubscriptionPaid = "subscription.paid" => SubscriptionCharged,
        SubscriptionCanceled = "subscription.canceled" => SubscriptionCancelled,
        PayoutCreated = "payout.created" => PayoutCreated,
        PayoutPaidOut = "payout.paid_out" => PayoutCompleted,
        PayoutFailed = "payout.failed" => PayoutFailed,
    }
}

object! {
    /// An order. It has the charges that pay it.
    pub struct Order of "conekta", "order" {
        /// In cents: `21605` is 216.05 pesos.
        amount: Amount = "amount",
        /// What was refunded so far.
        amount_refunded: Amount = "amount_refunded",
        currency: String = "currency",
        payment_status: String = "payment_status",
    }
}

object! {
    /// A charge: one payment of an order.
    pub struct Charge of "conekta", "charge" {
        /// In cents.
        amount: Amount = "amount",
        currency: String = "currency",
        status: String = "status",
        order_id: String = "order_id",
        failure_code: String = "failure_code",
    }
}

fn read(payload: &Value<'_>) -> Result<Reading, Unreadable> {
    let text = |path: &[&str]| payload.path(path).and_then(Value::scalar_text);
    let id = |path: &[&str]| payload.path(path).and_then(Value::scalar_id);
    let type_name = id(&["type"]).ok_or(Unreadable::NoType("`type`"))?;
    let known = EventType::from_name(type_name.as_str());
    let time = text(&["created_at"]);
    let object = payload.path(&["data", "object"]);

    // `charge.chargeback.created` happens to a `charge.chargeback`.
    let last = type_name.as_str().rfind('.').unwrap_or(usize::MAX);
    let amount = match known {
        // The sum of all refunds of the order.
        EventType::OrderPartiallyRefunded | EventType::OrderRefunded => "amount_refunded",
        _ => "amount",
    };
    Ok(Reading {
        environment: environment(&[Some(payload)], &[payload.get("data"), object])?,
        resource: id(&["data", "object", "id"]).map(|id| Resource::new(type_name.before(last), id)),
        resource_member: Some("data.object".to_owned()),
        event_id: id(&["id"]),
        time: time.clone(),
        amount: text(&["data", "object", amount]),
        currency: text(&["data", "object", "currency"]),
        reference: text(&["data", "object", "metadata", "reference_id"]),
        ..Reading::new(type_name, known.kind(), Occurs::ByBytes(time))
    })
}
