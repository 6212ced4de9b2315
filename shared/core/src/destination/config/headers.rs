//! The headers that a destination's owner adds.

use http::header::{HeaderName, HeaderValue};

/// Headers that are sent beside our own. Their values may be secret, so `Debug` shows only the names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnHeaders(Vec<(HeaderName, HeaderValue)>);

/// The most headers.
const MOST: usize = 20;

/// The most bytes of all names and values.
const LONGEST: usize = 8192;

/// What is ours, or what the connection needs.
const RESERVED: [&str; 17] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "idempotency-key",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-amzn-trace-id",
    "date",
    "via",
];

impl OwnHeaders {
    /// Adds a header.
    ///
    /// # Errors
    /// What is wrong with it, and shows no part of it.
    pub fn add(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        let Ok(name) = HeaderName::try_from(name) else {
            return Err("its name is not one of HTTP");
        };
        let text = name.as_str();
        if RESERVED.contains(&text) || text.starts_with("webhook-") || text.starts_with("proxy-") {
            return Err("Acuse or HTTP itself sets it; remove it");
        }
        let is_plain = |byte: u8| matches!(byte, b'\t' | b' '..=b'~');
        let mut value = HeaderValue::try_from(value)
            .ok()
            .filter(|value| value.as_bytes().iter().copied().all(is_plain))
            .ok_or("its value has control characters, or is not ASCII")?;
        value.set_sensitive(true);
        if self.0.iter().any(|(known, _)| *known == name) {
            return Err("it is there twice; keep one");
        }
        let length: usize = self
            .0
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        if self.0.len() >= MOST || length + text.len() + value.len() > LONGEST {
            return Err("there may be 20, of 8,192 bytes altogether");
        }
        self.0.push((name, value));
        self.0.sort_by(|(a, _), (b, _)| a.as_str().cmp(b.as_str()));
        Ok(())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The headers by name. Values are marked as sensitive.
    pub fn iter(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        self.0.iter().cloned()
    }

    /// Names and values as texts, by name. Values may be secret.
    pub fn expose(&self) -> impl Iterator<Item = (&str, &str)> {
        let texts = self.0.iter();
        texts.map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()))
    }
}
