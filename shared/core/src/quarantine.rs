//! Deliveries that failed verification and may yet turn out genuine: a wrong secret on day one
//! loses no payment.

use std::sync::{Mutex, PoisonError};

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::delivery::{Delivery, Unverified};
use crate::envelope::Message;
use crate::provider::Provider;
use crate::signature::Refusal;

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

impl Quarantine {
    /// Packs `delivery`, unless it carries no proof at all, is too long, or too many came.
    pub fn admit(&self, provider: &Provider, delivery: &Delivery<Unverified>, refusal: Refusal) -> Quarantined {
        let headers = delivery.headers();
        let scheme = &provider.scheme;
        let mut proofs = scheme.headers.iter().chain(&scheme.token_header);
        if !proofs.any(|name| headers.contains_key(*name)) {
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
        Quarantined::Kept(Message {
            text,
            attributes: vec![
                ("envelope", crate::envelope::VERSION.to_owned()),
                ("provider", provider.name.to_owned()),
                ("delivery_id", delivery.id().to_string()),
                ("received_at", delivery.received_at().as_millis().to_string()),
                ("reason", refusal.to_string()),
            ],
        })
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
