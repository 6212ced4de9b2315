//! Deliveries that failed verification, kept because they may still turn out to be genuine: a wrong secret on day one
//! loses no payment.

use std::sync::{Mutex, PoisonError};

use data_encoding::BASE64;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::account::AccountName;
use crate::clock::Timestamp;
use crate::provider::Provider;
use crate::receive::signature::{Refusal, has_proof};
use crate::wire::delivery::{Delivery, DeliveryId, Unverified};
use crate::wire::envelope::{Message, VERSION};

/// The longest quarantined message in bytes.
pub const LONGEST: usize = 64 * 1024;

/// An instance keeps this many deliveries at once, …
const BURST: f64 = 200.0;

/// … and this many per second after that: a flood of forged deliveries must not run up a bill.
const PER_SECOND: f64 = 5.0;

/// The attribute with the account that a delivery was sent to; absent for the default one.
pub const ACCOUNT: &str = "account";

/// The attribute of deliveries that were answered 200 in a registration window. Their sender does not send them again.
pub const REGISTRATION: &str = "registration";

/// Decides which deliveries this instance keeps, with a token bucket.
#[derive(Debug, Default)]
pub struct Quarantine {
    /// The level of the bucket, and when it was that.
    bucket: Mutex<Option<(f64, Timestamp)>>,
}

/// The text of a quarantined message: all that is needed to verify the delivery again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantinedDelivery {
    /// Names and values (base64) in their order.
    pub headers: Vec<(String, String)>,
    /// The body in base64.
    pub body: String,
    /// The query string of the URL, which some providers sign a value of.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query: String,
}

/// A message on the quarantine queue that [`Quarantine::admit`] did not write.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[error("the quarantined message has no readable {0}")]
pub struct InvalidMessage(&'static str);

impl QuarantinedDelivery {
    /// The delivery as it was received, with the same id, time, headers and body.
    ///
    /// # Errors
    /// [`InvalidMessage`] names the part that can't be read.
    pub fn open<'a>(
        text: &str,
        attribute: impl Fn(&str) -> Option<&'a str>,
    ) -> Result<Delivery<Unverified>, InvalidMessage> {
        let own: Self = serde_json::from_str(text).map_err(|_| InvalidMessage("body"))?;
        let id = attribute("delivery_id").and_then(DeliveryId::parse);
        let at = attribute("received_at").and_then(|text| text.parse().ok());
        let mut headers = HeaderMap::new();
        for (name, value) in &own.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| InvalidMessage("header name"))?;
            let value = BASE64.decode(value.as_bytes()).ok();
            let value = value.and_then(|value| HeaderValue::from_bytes(&value).ok());
            headers.append(name, value.ok_or(InvalidMessage("header value"))?);
        }
        let body = BASE64.decode(own.body.as_bytes());
        Ok(Delivery::received(
            id.ok_or(InvalidMessage("delivery_id"))?,
            Timestamp::from_millis(at.ok_or(InvalidMessage("received_at"))?),
            headers,
            body.map_err(|_| InvalidMessage("body"))?.into(),
        )
        .sent_to(attribute(ACCOUNT).unwrap_or(AccountName::DEFAULT_TEXT))
        .with_query(own.query))
    }
}

impl Quarantine {
    /// Makes the message that keeps `delivery`, unless it is too long, exceeds the rate, or carries no proof. In a
    /// registration window (`registering`) it needs no proof, since some providers don't sign their test deliveries.
    ///
    /// # Errors
    /// Why the delivery is not kept.
    pub fn admit(
        &self,
        provider: &Provider,
        delivery: &Delivery<Unverified>,
        refusal: Refusal,
        registering: bool,
    ) -> Result<Message, &'static str> {
        let headers = delivery.headers();
        if !has_proof(delivery, &provider.scheme) && !has_signature_header(headers) && !registering {
            return Err("no: neither signature nor token header");
        }
        let own = QuarantinedDelivery {
            headers: headers
                .iter()
                .map(|(name, value)| (name.to_string(), BASE64.encode(value.as_bytes())))
                .collect(),
            body: BASE64.encode(delivery.body()),
            query: delivery.query().to_owned(),
        };
        let text = serde_json::to_string(&own).map_err(|_| "no: can't be serialized")?;
        if text.len() > LONGEST {
            return Err("no: too long");
        }
        if !self.has_room(delivery.received_at()) {
            return Err("no: too many");
        }
        let mut attributes = vec![
            ("envelope", VERSION.to_owned()),
            ("provider", provider.name.to_owned()),
            ("delivery_id", delivery.id().to_string()),
            ("received_at", delivery.received_at().as_millis().to_string()),
            ("reason", refusal.to_string()),
        ];
        if delivery.account() != AccountName::DEFAULT_TEXT {
            attributes.push((ACCOUNT, shown_account(delivery.account())));
        }
        if registering {
            attributes.push((REGISTRATION, "true".to_owned()));
        }
        Ok(Message { text, attributes })
    }

    fn has_room(&self, now: Timestamp) -> bool {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let level = bucket.map_or(BURST, |(level, at)| {
            (level + now.since(at).as_secs_f64() * PER_SECOND).min(BURST)
        });
        let room = level >= 1.0;
        *bucket = Some((if room { level - 1.0 } else { level }, now));
        room
    }
}

/// The account that a URL names, cut and without characters that neither a queue nor a log accepts: anybody may have
/// sent it. What is not an account's name does not become one, or it would be verified again as that account's.
pub(crate) fn shown_account(account: &str) -> String {
    let mut letters = account.chars();
    let shown = |letter: char| if letter.is_ascii_graphic() { letter } else { '?' };
    let text: String = letters.by_ref().take(64).map(shown).collect();
    match text.is_empty() || letters.next().is_some() {
        true => text + "?",
        false => text,
    }
}

/// A provider may sign in a header that its guide does not mention. `diagnose` finds it if the delivery is kept.
fn has_signature_header(headers: &HeaderMap) -> bool {
    let mut names = headers.keys().map(HeaderName::as_str);
    names.any(|name| name.contains("signature") || name.contains("hmac"))
}
