//! The signature and the headers of a request, as Standard Webhooks has them.
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use std::fmt;

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue, USER_AGENT};
use secrecy::zeroize::Zeroizing;
use sha2::Sha256;

use crate::clock::Timestamp;
use crate::destination::Destination;

/// The same for every try of one event at every destination: [`Event::idempotency_key`](crate::event::Event).
pub const ID: HeaderName = HeaderName::from_static("webhook-id");

/// When the try was made, in seconds since the Unix epoch.
pub const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");

/// One signature for each secret, the newest first, separated by spaces.
pub const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// The same as [`ID`], for frameworks that know this one.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What `user-agent` says.
pub const AGENT: &str = concat!("Acuse/", env!("CARGO_PKG_VERSION"));

/// A secret that a destination verifies our requests with. Its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret(Zeroizing<Vec<u8>>);

impl SigningSecret {
    /// What a secret looks like, for messages.
    pub const EXPECTED: &'static str = "`whsec_` followed by 24 to 64 bytes in base64";

    const PREFIX: &'static str = "whsec_";

    /// A secret of these bytes, which must be random. `None` if there are fewer than 24 or more than 64. With 24 its text
    /// has no `=` at its end, so that a double click selects it whole.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let fits = (24..=64).contains(&bytes.len());
        fits.then(|| Self(Zeroizing::new(bytes.to_vec())))
    }

    /// Reads the [text](Self::expose). `None` if it is not [what is expected](Self::EXPECTED).
    pub fn parse(text: &str) -> Option<Self> {
        let base64 = text.strip_prefix(Self::PREFIX)?;
        Self::from_bytes(&Zeroizing::new(BASE64.decode(base64.as_bytes()).ok()?))
    }

    /// The text that the receiver configures: `whsec_…`.
    pub fn expose(&self) -> String {
        format!("{}{}", Self::PREFIX, BASE64.encode(&self.0))
    }

    /// The signature of `body`, sent at `now` under `id`, which must not contain a `.`: `v1,…`.
    pub fn sign(&self, id: &str, now: Timestamp, body: &[u8]) -> String {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104, 3)")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(format!("{id}.{}.", now.as_seconds()).as_bytes());
        mac.update(body);
        #[expect(clippy::disallowed_methods, reason = "it is sent, not compared")]
        let digest = mac.finalize().into_bytes();
        format!("v1,{}", BASE64.encode(&digest))
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret([REDACTED])")
    }
}

/// The value of [`SIGNATURE`]: a signature under each of `secrets`, in their order. A receiver accepts any of them, so
/// while two are configured here it may have either.
pub fn signatures(secrets: &[SigningSecret], id: &str, now: Timestamp, body: &[u8]) -> String {
    let signatures: Vec<_> = secrets.iter().map(|secret| secret.sign(id, now, body)).collect();
    signatures.join(" ")
}

/// All headers of the request that brings `body` to `destination` at `now`, but for those that HTTP itself needs. `id` is
/// that of the event.
///
/// # Errors
/// Never for an id of visible ASCII.
pub fn headers(
    destination: &Destination,
    id: &str,
    now: Timestamp,
    body: &[u8],
) -> Result<HeaderMap, InvalidHeaderValue> {
    let mut headers = HeaderMap::new();
    for (name, value) in destination.headers.iter() {
        headers.append(name, value);
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.insert(ID, HeaderValue::from_str(id)?);
    headers.insert(IDEMPOTENCY_KEY, HeaderValue::from_str(id)?);
    headers.insert(TIMESTAMP, HeaderValue::from(now.as_seconds()));
    if !destination.signing_secrets.is_empty() {
        let signatures = signatures(&destination.signing_secrets, id, now, body);
        headers.insert(SIGNATURE, HeaderValue::from_str(&signatures)?);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests;
