//! Deliveries that failed verification and may yet turn out genuine: a wrong secret on day one
//! loses no payment.

use std::sync::{Mutex, PoisonError};

use data_encoding::BASE64;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::clock::Timestamp;
use crate::provider::Provider;
use crate::receive::signature::Refusal;
use crate::wire::delivery::{Delivery, DeliveryId, Unverified};
use crate::wire::envelope::Message;

/// A quarantined message is at most this long, in bytes.
pub const LONGEST: usize = 64 * 1024;

/// An instance keeps this many at once, …
const BURST: f64 = 200.0;

/// … and this many a second after that: a flood of forged deliveries must not become a bill.
const PER_SECOND: f64 = 5.0;

/// How many deliveries this instance may still keep (a token bucket).
#[derive(Debug, Default)]
pub struct Quarantine {
    bucket: Mutex<Option<Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    level: f64,
    at: Timestamp,
}

/// Whether the provider's [registration window](crate::receive::registration) is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// Deliveries that fail verification are answered 200.
    Open,
    /// As ever.
    Closed,
}

/// The attribute of what was answered 200 in a registration window: its sender does not send it again.
pub const REGISTRATION: &str = "registration";

/// What becomes of a delivery that failed verification.
#[derive(Debug)]
pub enum Quarantined {
    /// To be put on the quarantine queue.
    Kept(Message),
    /// Not kept, and why.
    Left(&'static str),
}

/// A quarantined delivery: all that is needed to verify it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Names and values (base64), as they came.
    pub headers: Vec<(String, String)>,
    /// The body in base64.
    pub body: String,
}

/// A quarantined message that is not as [`Quarantine::admit`] made it.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the quarantined message has no readable {0}")]
pub struct NotKept(&'static str);

impl Kept {
    /// The delivery as it was received: same id, same time, same headers and body.
    ///
    /// # Errors
    /// [`NotKept`] names the part that can't be read.
    pub fn open<'a>(text: &str, attribute: impl Fn(&str) -> Option<&'a str>) -> Result<Delivery<Unverified>, NotKept> {
        let kept: Self = serde_json::from_str(text).map_err(|_| NotKept("body"))?;
        let id = attribute("delivery_id").and_then(DeliveryId::parse);
        let at = attribute("received_at").and_then(|text| text.parse().ok());
        let mut headers = HeaderMap::new();
        for (name, value) in &kept.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| NotKept("header name"))?;
            let value = BASE64.decode(value.as_bytes()).map_err(|_| NotKept("header value"))?;
            let value = HeaderValue::from_bytes(&value).map_err(|_| NotKept("header value"))?;
            headers.append(name, value);
        }
        let body = BASE64.decode(kept.body.as_bytes()).map_err(|_| NotKept("body"))?;
        Ok(Delivery::received(
            id.ok_or(NotKept("delivery_id"))?,
            Timestamp::from_millis(at.ok_or(NotKept("received_at"))?),
            headers,
            body.into(),
        ))
    }
}

/// A provider may sign in another header than its guide says: `diagnose` finds it, if the delivery is kept.
fn is_signed_somehow(headers: &HeaderMap) -> bool {
    let mut names = headers.keys().map(HeaderName::as_str);
    names.any(|name| name.contains("signature") || name.contains("hmac"))
}

impl Quarantine {
    /// Packs `delivery`, unless it is too long, too many came, or it carries no proof at all; in an open window that
    /// one as well, since some providers don't sign their test deliveries.
    pub fn admit(
        &self,
        provider: &Provider,
        delivery: &Delivery<Unverified>,
        refusal: Refusal,
        window: Window,
    ) -> Quarantined {
        let headers = delivery.headers();
        let has_proof = provider.scheme.headers().any(|name| headers.contains_key(name));
        if !has_proof && !is_signed_somehow(headers) && window == Window::Closed {
            return Quarantined::Left("no: neither signature nor token header");
        }
        let kept = Kept {
            headers: headers
                .iter()
                .map(|(name, value)| (name.to_string(), BASE64.encode(value.as_bytes())))
                .collect(),
            body: BASE64.encode(delivery.body()),
        };
        let Ok(text) = serde_json::to_string(&kept) else {
            return Quarantined::Left("no: can't be packed");
        };
        if text.len() > LONGEST {
            return Quarantined::Left("no: too long");
        }
        if !self.has_room(delivery.received_at()) {
            return Quarantined::Left("no: too many");
        }
        let mut attributes = vec![
            ("envelope", crate::wire::envelope::VERSION.to_owned()),
            ("provider", provider.name.to_owned()),
            ("delivery_id", delivery.id().to_string()),
            ("received_at", delivery.received_at().as_millis().to_string()),
            ("reason", refusal.to_string()),
        ];
        if window == Window::Open {
            attributes.push((REGISTRATION, "true".to_owned()));
        }
        Quarantined::Kept(Message { text, attributes })
    }

    fn has_room(&self, now: Timestamp) -> bool {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let level = match &*bucket {
            None => BURST,
            Some(Bucket { level, at }) => (level + now.since(*at).as_secs_f64() * PER_SECOND).min(BURST),
        };
        let room = level >= 1.0;
        let level = if room { level - 1.0 } else { level };
        *bucket = Some(Bucket { level, at: now });
        room
    }
}
