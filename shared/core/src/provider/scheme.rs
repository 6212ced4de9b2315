//! How a provider signs its deliveries, as data.

mod digest;
mod part;
mod settings;

use std::time::Duration;

use crate::wire::delivery::CanonicalForm;
pub use digest::Digest;
pub(crate) use digest::{Function, Piece};
pub use part::{Member, Part};
pub use settings::{SettingError, merged};
pub(crate) use settings::{plain, timestamped};

/// The proofs that a delivery must carry.
#[derive(Debug, Clone, Copy)]
pub struct Scheme {
    /// A static token that every delivery carries. Beside a signature it is a second factor.
    pub token: Option<Token>,
    /// The accepted ways of signing, tried in this order; one valid signature is enough. Without any, the token is the
    /// proof; without a token either, nothing verifies. Beside a [public](Digest::is_public) one, only public ones verify.
    pub signatures: &'static [Signature],
}

/// A header whose value never changes.
#[derive(Debug, Clone, Copy)]
pub struct Token {
    /// Its name in lower case.
    pub header: &'static str,
    /// Whether `Bearer ` precedes the token (RFC 6750, 2.1).
    pub bearer: bool,
}

/// One way of signing. Start from [`Signature::hmac`], the usual one, and name what differs:
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
    /// The headers that may carry it, in lower case. The first one present is used.
    pub headers: &'static [&'static str],
    /// The value that carries it if no header does.
    pub member: Option<Member>,
    /// The structure of the header's value.
    pub layout: Layout,
    /// The accepted encodings of the digest.
    pub encodings: &'static [Encoding],
    /// The canonical forms of the body that may have been signed, tried in this order.
    pub forms: &'static [CanonicalForm],
    /// What was signed.
    pub content: &'static [Part],
    /// When it was signed, if the sender says so.
    pub time: Option<Time>,
    /// The function of secret and content.
    pub digest: Digest,
    /// How the key is read from the secret's text.
    pub key: Key,
}

/// The structure of a signature header's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One signature.
    One,
    /// Several signatures, separated by commas or white space. One valid signature is enough.
    List,
    /// `name=value` items, separated by commas or white space, where signatures have this name: `v1` in
    /// `t=…,v1=…,v1=…`.
    Fields(&'static str),
    /// Signatures separated by white space, each preceded by its version and a comma. Those of this version count: `v1`
    /// in `v1,… v1a,…`.
    Versions(&'static str),
}

/// The encoding of a digest. Quotes around it and the name of the algorithm or version before it (`sha256=`, `SHA256:`,
/// `v1=`) are always accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Hex in either case, with or without `0x`.
    Hex,
    /// Base64 in the standard or the URL alphabet, padded or not.
    Base64,
}

/// When the sender signed.
#[derive(Debug, Clone, Copy)]
pub struct Time {
    /// Where it is.
    pub place: Place,
    /// How far it may be from the time of receipt, before or after; `None` for no limit.
    pub tolerance: Option<Duration>,
}

/// Where a signature's time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Beside the signature, under this name: `t` in `t=…,v1=…`. Needs [`Layout::Fields`].
    Field(&'static str),
    /// In this header.
    Header(&'static str),
}

/// How the key is read from the secret's text.
///
/// The public key of a digest that [has one](Digest::is_public) is read from PEM with [`Text`](Self::Text):
///
/// ```text
/// -----BEGIN PUBLIC KEY-----
/// MCowBQYDK2VwAyEA…
/// -----END PUBLIC KEY-----
/// ```
///
/// With the others, it is the base64 or hex of the same DER, or of the 32 bytes of an Ed25519 key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// The text itself is the key.
    Text,
    /// Base64 after this prefix, which may be missing: `whsec_`.
    Base64After(&'static str),
    /// Hex in either case.
    Hex,
}

/// Five minutes, as Stripe and Standard Webhooks recommend.
pub const TOLERANCE: Duration = Duration::from_secs(300);

impl Scheme {
    /// Whether a signing secret is a public key, which anybody may know.
    pub(crate) fn has_public_key(&self) -> bool {
        self.signatures.iter().any(|way| way.digest.is_public())
    }

    /// Whether a signing secret is a public key in PEM, which has several lines.
    pub fn reads_pem(&self) -> bool {
        let mut ways = self.signatures.iter();
        ways.any(|way| way.digest.is_public() && way.key == Key::Text)
    }
}

impl Signature {
    /// HMAC-SHA256 of the raw body, in hex.
    pub const fn hmac(headers: &'static [&'static str]) -> Self {
        Self {
            headers,
            member: None,
            layout: Layout::One,
            encodings: &[Encoding::Hex],
            forms: &[CanonicalForm::Raw],
            content: &[Part::Body],
            time: None,
            digest: Digest::HMAC_SHA256,
            key: Key::Text,
        }
    }

    /// `t=<unix seconds>,v1=<hex>` with HMAC-SHA256 of `{t}.{body}`.
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
