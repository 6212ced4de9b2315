//! Who sent a delivery: the one place where unverified becomes verified.

mod text;

use std::time::Duration;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use thiserror::Error;

use crate::canonical;
use crate::clock::Timestamp;
use crate::delivery::{Delivery, Form, Unverified, Verified};
use crate::secrets::Secrets;
use text::{Claim, Claims};

/// How a provider signs, as data: HMAC-SHA256 under the signing secret, written in a header.
#[derive(Debug, Clone, Copy)]
pub struct Scheme {
    /// The headers that may carry the signature, lower-case. The first one present is used.
    pub headers: &'static [&'static str],
    /// The header of the static token that every delivery must carry as well. A token alone
    /// never authenticates.
    pub token_header: Option<&'static str>,
    /// How the signature may be written besides hex in either case and `sha256=` before it.
    pub texts: &'static [Text],
    /// Which bytes may have been signed, in the order of trying.
    pub forms: &'static [Form],
}

/// A way of writing a signature that a scheme may allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text {
    /// Standard base64 of the digest.
    Base64,
    /// Several signatures, separated by commas or white space; any one may match.
    List,
    /// `t=<unix seconds>,v1=<hex>` over `{t}.{body}`, not further than `tolerance` from now on
    /// either side.
    Timestamped {
        /// How far `t` may lie from the time of receipt, before or after.
        tolerance: Duration,
    },
}

/// Which of the two proofs failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    /// The static token.
    Token,
    /// The signature.
    Signature,
}

/// Why a delivery is not authentic. The sender is told the factor, the log the cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No header of the scheme's token came.
    #[error("the token header is missing")]
    TokenMissing,
    /// The token is none of those that are known.
    #[error("the token is wrong")]
    TokenWrong,
    /// None of the scheme's signature headers came.
    #[error("no signature header came")]
    SignatureMissing,
    /// The header holds no signature in a way of writing that the scheme allows.
    #[error("the signature is not written in a way that is accepted")]
    SignatureUnreadable,
    /// The signature's own time is too far from the time of receipt.
    #[error("the signature's timestamp is outside the tolerance")]
    SignatureExpired,
    /// No secret gives this signature over this body in any form.
    #[error("the signature is wrong")]
    SignatureWrong,
    /// Nothing was signed: some frameworks turn an empty body into `{}`.
    #[error("the body is empty")]
    EmptyBody,
}

/// Proves who sent `delivery`: first the token, then the signature over each form in turn.
/// `now` decides whether a signature's own timestamp is within tolerance.
///
/// # Errors
/// [`Refusal`] where a proof is missing or wrong.
pub fn verify(
    delivery: &Delivery<Unverified>,
    scheme: &Scheme,
    secrets: &Secrets,
    now: Timestamp,
) -> Result<Delivery<Verified>, Refusal> {
    verify_token(delivery, scheme, secrets)?;
    if delivery.body().is_empty() {
        return Err(Refusal::EmptyBody);
    }
    let claims = Claims::read(delivery.headers(), scheme)?.within_tolerance(now)?;
    for form in scheme.forms {
        let Some(content) = in_form(delivery.body(), *form) else {
            continue;
        };
        if claims.iter().any(|claim| holds(claim, &content, secrets)) {
            return Ok(delivery.verified(content, *form));
        }
    }
    Err(Refusal::SignatureWrong)
}

/// Signs `content` as the three providers do: lower-case hex of HMAC-SHA256.
/// What tests, samples and test deliveries are signed with.
pub fn sign(secret: &str, content: &[u8]) -> String {
    let digest = mac(secret.as_bytes(), &[content]).finalize().into_bytes();
    data_encoding::HEXLOWER.encode(&digest)
}

fn verify_token(delivery: &Delivery<Unverified>, scheme: &Scheme, secrets: &Secrets) -> Result<(), Refusal> {
    let Some(name) = scheme.token_header else {
        return Ok(());
    };
    let sent = delivery.headers().get(name).ok_or(Refusal::TokenMissing)?;
    // Digests of equal length are compared, so that not even a token's length shows in the time.
    let sent = Sha256::digest(sent.as_bytes().trim_ascii());
    let known = secrets
        .tokens()
        .any(|token| Sha256::digest(token).as_slice().ct_eq(&sent).into());
    if known { Ok(()) } else { Err(Refusal::TokenWrong) }
}

/// The body as `form` signs it; `None` where the body has no such form.
fn in_form(body: &Bytes, form: Form) -> Option<Bytes> {
    match form {
        Form::Raw => Some(body.clone()),
        Form::JavaScript => canonical::javascript(body).ok().map(Bytes::from),
        Form::Python => canonical::python(body).ok().map(Bytes::from),
    }
}

/// Compares in constant time, in the crypto library (`Mac::verify_slice`).
fn holds(claim: &Claim, content: &[u8], secrets: &Secrets) -> bool {
    secrets.signing().any(|secret| {
        let mac = match &claim.signed_at {
            Some(at) => mac(secret, &[at.as_bytes(), b".", content]),
            None => mac(secret, &[content]),
        };
        mac.verify_slice(&claim.digest).is_ok()
    })
}

fn mac(secret: &[u8], parts: &[&[u8]]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104, 3)")]
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac
}

impl Refusal {
    /// Which of the two proofs failed.
    pub fn factor(self) -> Factor {
        match self {
            Self::TokenMissing | Self::TokenWrong => Factor::Token,
            _ => Factor::Signature,
        }
    }

    /// Whether another secret could have made a difference.
    pub fn depends_on_secrets(self) -> bool {
        matches!(self, Self::TokenWrong | Self::SignatureWrong)
    }
}

impl Factor {
    /// `token` or `signature`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Signature => "signature",
        }
    }
}

#[cfg(test)]
mod tests;
