//! How a provider proves who sent a delivery, as data.

mod settings;

use std::time::Duration;

use crate::wire::delivery::CanonicalForm;
pub use settings::{SettingError, merged};

/// All that a delivery must carry to be authentic.
#[derive(Debug, Clone, Copy)]
pub struct Scheme {
    /// A static token that every delivery carries. Beside a signature it is a second factor.
    pub token: Option<Token>,
    /// The ways in which it may be signed, in the order of trying: one that holds is enough.
    /// Where there are none, the token is the proof; where that is none either, nothing verifies.
    pub signatures: &'static [Signature],
}

/// A header whose value never changes.
#[derive(Debug, Clone, Copy)]
pub struct Token {
    /// Its name, lower-case.
    pub header: &'static str,
    /// Whether `Bearer ` stands before the token (RFC 6750, 2.1).
    pub bearer: bool,
}

/// One way of signing. [`Signature::hmac`] is the usual one; name what differs from it:
///
/// ```
/// use acuse_core::provider::scheme::{Encoding, Signature};
///
/// const SHOPIFY: Signature = Signature {
///     encodings: &[Encoding::Base64],
///     ..Signature::hmac(&["x-shopify-hmac-sha256"])
/// };
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Signature {
    /// The headers that may carry it, lower-case. The first one present is used.
    pub headers: &'static [&'static str],
    /// How the header's value is divided.
    pub layout: Layout,
    /// How the digest may be written.
    pub encodings: &'static [Encoding],
    /// Which bytes the body may have been when it was signed, in the order of trying.
    pub forms: &'static [CanonicalForm],
    /// What was signed.
    pub content: &'static [Part],
    /// Where the sender says when it signed.
    pub time: Option<Time>,
    /// What makes a digest of secret and content.
    pub digest: Digest,
    /// What the secret's text means.
    pub key: Key,
}

/// How a signature header's value is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One signature.
    One,
    /// Several, separated by commas or white space; any one may match.
    List,
    /// `name=value` items, separated by commas or white space. The signatures have this name:
    /// `v1` in `t=…,v1=…,v1=…`.
    Fields(&'static str),
    /// Signatures separated by white space, each after its version and a comma. Those of this
    /// version count: `v1` in `v1,… v1a,…`.
    Versions(&'static str),
}

/// How a digest is written. Quotes around it and the algorithm's or the version's name before it
/// (`sha256=`, `SHA256:`, `v1=`) are always understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// In either case, `0x` before it or not.
    Hex,
    /// In the standard alphabet or the one for URLs, padded or not.
    Base64,
}

/// A part of what is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The body in one of the [forms](Signature::forms).
    Body,
    /// The same in base64.
    BodyBase64,
    /// This text.
    Text(&'static str),
    /// The text of the [`time`](Signature::time).
    Time,
    /// The value of this header.
    Header(&'static str),
    /// The text of a string or number of the body, by its path.
    Value(&'static [&'static str]),
    /// As [`Value`](Self::Value), in lower case.
    LowerValue(&'static [&'static str]),
    /// The body's own list of paths, and where they begin: the text of each value in turn. The
    /// list must name something.
    Listed {
        /// Where the list is.
        list: &'static [&'static str],
        /// The object that its paths (`transaction.id`) begin at.
        under: &'static [&'static str],
    },
    /// These parts, or nothing where one of them is absent.
    Optional(&'static [Part]),
}

/// Where the sender says when it signed.
#[derive(Debug, Clone, Copy)]
pub struct Time {
    /// Where it stands.
    pub place: Place,
    /// How far it may lie from the time of receipt, before or after; `None` for any distance.
    pub tolerance: Option<Duration>,
}

/// Where a signature's time stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Beside the signature, under this name: `t` in `t=…,v1=…`. Needs [`Layout::Fields`].
    Field(&'static str),
    /// In this header.
    Header(&'static str),
}

/// What makes a digest of secret and content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digest {
    /// HMAC-SHA256 (RFC 2104).
    Hmac,
    /// SHA-256 of the content with the secret after it. Lets nobody append to the content, but
    /// HMAC is what it should have been.
    SecretAppended,
}

/// What a secret's text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Its bytes are the key.
    Text,
    /// The key is in base64 after this prefix, which may be missing: `whsec_`.
    Base64After(&'static str),
    /// The key is in hex, in either case.
    Hex,
}

/// Five minutes, which Stripe and Standard Webhooks advise.
pub const TOLERANCE: Duration = Duration::from_secs(300);

impl Scheme {
    /// All headers that may carry a proof: what tells a misconfigured sender from a stranger.
    pub fn headers(&self) -> impl Iterator<Item = &'static str> {
        let signatures = self.signatures.iter().flat_map(|signature| signature.headers);
        signatures.copied().chain(self.token.map(|token| token.header))
    }
}

impl Signature {
    /// HMAC-SHA256 over the body as it is, in hex.
    pub const fn hmac(headers: &'static [&'static str]) -> Self {
        Self {
            headers,
            layout: Layout::One,
            encodings: &[Encoding::Hex],
            forms: &[CanonicalForm::Raw],
            content: &[Part::Body],
            time: None,
            digest: Digest::Hmac,
            key: Key::Text,
        }
    }

    /// `t=<unix seconds>,v1=<hex>` with HMAC-SHA256 over `{t}.{body}`.
    pub const fn timestamped(headers: &'static [&'static str]) -> Self {
        Self {
            layout: Layout::Fields("v1"),
            content: &[Part::Time, Part::Text("."), Part::Body],
            time: Some(Time {
                place: Place::Field("t"),
                tolerance: Some(TOLERANCE),
            }),
            ..Self::hmac(headers)
        }
    }
}
