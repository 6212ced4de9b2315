//! PayU Latam: its confirmation page, a form that it posts once a transaction is approved, declined or expired.
//!
//! Only the merchant, the reference, the amount, the currency and the state are signed.

use acuse_core::event_types;
use acuse_core::json::Value;
use acuse_core::provider::scheme::{Digest, Member, Part, Scheme, Signature};
use acuse_core::provider::{Kind, Occurs, Provider, Reading, Resource, Unreadable, by_status, environment};

/// What Acuse knows about PayU.
pub const PROVIDER: Provider = Provider {
    name: "payu",
    scheme: Scheme {
        token: None,
        // Remove MD5 if your account signs with SHA-256.
        signatures: &[
            sign(Member::Form("sign"), FORM, Digest::SHA256_WITH_SECRET),
            sign(Member::Form("sign"), FORM, Digest::MD5_WITH_SECRET),
            sign(Member::Value(&["sign"]), JSON, Digest::SHA256_WITH_SECRET),
            sign(Member::Value(&["sign"]), JSON, Digest::MD5_WITH_SECRET),
        ],
    },
    check_secret: |_| Ok(()),
    read,
    types: EventType::NAMES,
};

const fn sign(member: Member, content: &'static [Part], digest: Digest) -> Signature {
    Signature {
        member: Some(member),
        content,
        digest,
        ..Signature::hmac(&[])
    }
}

const FORM: &[Part] = &[
    Part::Secret,
    Part::Text("~"),
    Part::Form("merchant_id"),
    Part::Text("~"),
    Part::Form("reference_sale"),
    Part::Text("~"),
    Part::OneDecimal(&[Part::Form("value")]),
    Part::Text("~"),
    Part::Form("currency"),
    Part::Text("~"),
    Part::Form("state_pol"),
];

/// The same of a payment made by the API, whose notification may be JSON.
const JSON: &[Part] = &[
    Part::Secret,
    Part::Text("~"),
    Part::Value(&["merchant_id"]),
    Part::Text("~"),
    Part::Value(&["reference_sale"]),
    Part::Text("~"),
    Part::OneDecimal(&[Part::Value(&["value"])]),
    Part::Text("~"),
    Part::Value(&["currency"]),
    Part::Text("~"),
    Part::Value(&["state_pol"]),
];

event_types! {
    /// PayU's one event type, which has no name on the wire. What happened is in the state: see [`STATES`].
    pub enum EventType of "payu" {
        TransactionConfirmation = "transaction.confirmation" => Unknown,
    }
}

/// What a transaction's `state_pol` means.
const STATES: &[(&str, Kind)] = &[
    ("4", Kind::PaymentSucceeded),
    ("5", Kind::PaymentExpired),
    ("6", Kind::PaymentFailed),
];

fn read(payload: &Value<'_>) -> Result<Reading, Unreadable> {
    let text = |name: &str| payload.get(name).and_then(Value::scalar_text);
    let id = |name: &str| payload.get(name).and_then(Value::scalar_id);
    let state = id("state_pol").ok_or(Unreadable::NoType("`state_pol`"))?;
    let (kind, occurs) = by_status(Some(state.clone()), None, STATES);
    let occurs = match kind {
        Kind::Unknown => occurs,
        // A transaction ends once. Its confirmation is sent again with another `attempts`, and is not another event.
        _ => Occurs::Each(state),
    };
    Ok(Reading {
        // `test`: 1 or true in the sandbox.
        environment: environment(&[Some(payload)], &[])?,
        // A customer who tries again makes another transaction of the same reference.
        resource: id("transaction_id").map(|id| Resource::new("transaction", id)),
        amount: text("value"),
        currency: text("currency"),
        reference: text("reference_sale"),
        // `transaction_date` has no offset from UTC.
        ..Reading::new("transaction.confirmation", kind, occurs)
    })
}
