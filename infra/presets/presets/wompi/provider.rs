//! Wompi (Colombia). A transaction has one type of event, `transaction.updated`; its status says what happened.
//!
//! Wompi signs the values that the event itself lists, and not the body. So an event is a hint: ask Wompi's API for the
//! transaction before you hand anything over.

use acuse_core::event::Amount;
use acuse_core::json::Value;
use acuse_core::provider::scheme::{Digest, Part, Scheme, Signature};
use acuse_core::provider::{Kind, Occurs, Provider, Reading, Resource, Unreadable, by_status, environment};
use acuse_core::{event_types, object};

/// What Acuse knows about Wompi.
pub const PROVIDER: Provider = Provider {
    name: "wompi",
    scheme: Scheme {
        token: None,
        signatures: &[Signature {
            content: &[
                Part::Listed {
                    list: &["signature", "properties"],
                    under: &["data"],
                },
                // Signed, but without a tolerance: a retry comes up to 24 hours later.
                Part::Value(&["timestamp"]),
            ],
            digest: Digest::SHA256_WITH_SECRET,
            ..Signature::hmac(&["x-event-checksum"])
        }],
    },
    check_secret: |secret| match is_another_key(secret) {
        true => Err("it is another of Wompi's keys; copy the events secret, which contains `_events_`"),
        false => Ok(()),
    },
    read,
    types: EventType::NAMES,
};

event_types! {
    /// Wompi's event types. What happened is in the status: see [`TRANSACTION`] and [`TOKEN`].
    pub enum EventType of "wompi" {
        TransactionUpdated = "transaction.updated" => Unknown,
        NequiTokenUpdated = "nequi_token.updated" => Unknown,
        BancolombiaTransferTokenUpdated = "bancolombia_transfer_token.updated" => Unknown,
    }
}

object! {
    /// A transaction. Only the id, the status and the amount are signed.
    pub struct Transaction of "wompi", "transaction" {
        /// In cents: `4490000` is 44,900 pesos.
        amount_in_cents: Amount = "amount_in_cents",
        currency: String = "currency",
        /// The shop's own order number.
        reference: String = "reference",
        status: String = "status",
        status_message: String = "status_message",
        customer_email: String = "customer_email",
        payment_method_type: String = "payment_method_type",
    }
}

/// What a transaction's status means.
const TRANSACTION: &[(&str, Kind)] = &[
    ("PENDING", Kind::PaymentProcessing),
    ("APPROVED", Kind::PaymentSucceeded),
    ("DECLINED", Kind::PaymentFailed),
    ("ERROR", Kind::PaymentFailed),
    // A card payment that was undone.
    ("VOIDED", Kind::PaymentRefunded),
];

/// What the status of a token means, which is a customer's stored account.
const TOKEN: &[(&str, Kind)] = &[("APPROVED", Kind::AccountEnrolled), ("DECLINED", Kind::AccountFailed)];

/// A key that authorizes or signs something else.
fn is_another_key(secret: &str) -> bool {
    secret.starts_with("pub_") || secret.starts_with("prv_") || secret.contains("_integrity_")
}

fn read(payload: &Value<'_>) -> Result<Reading, Unreadable> {
    let text = |path: &[&str]| payload.path(path).and_then(Value::scalar_text);
    let id = |path: &[&str]| payload.path(path).and_then(Value::scalar_id);
    let type_name = id(&["event"]).ok_or(Unreadable::NoType("`event`"))?;
    // `transaction.updated` happens to `data.transaction`.
    let member = type_name.as_str().split('.').next().unwrap_or_default().to_owned();
    let time = text(&["timestamp"]);

    let table = if member == "transaction" { TRANSACTION } else { TOKEN };
    let status = id(&["data", &member, "status"]);
    let (kind, occurs) = by_status(status.clone(), time.clone(), table);
    let occurs = match (kind, status) {
        (Kind::PaymentProcessing | Kind::Unknown, _) | (_, None) => occurs,
        // The other statuses are final. The reference is not signed, so other bytes in such a status are a conflict for
        // an operator to look at, and not another payment.
        (_, Some(status)) => Occurs::Each(status),
    };
    Ok(Reading {
        environment: environment(&[Some(payload)], &[])?,
        resource: id(&["data", &member, "id"]).map(|id| Resource::new(member.as_str(), id)),
        resource_member: Some(format!("data.{member}")),
        time,
        // In cents.
        amount: text(&["data", &member, "amount_in_cents"]),
        currency: text(&["data", &member, "currency"]),
        reference: text(&["data", &member, "reference"]),
        ..Reading::new(type_name, kind, occurs)
    })
}
