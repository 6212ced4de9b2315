//! Verification: the one place where an unverified delivery becomes a verified one.

mod content;
mod diagnose;
mod digest;
mod header;
mod replay;
mod sender;

use bytes::Bytes;
use thiserror::Error;

use crate::clock::Timestamp;
use crate::provider::scheme::{Scheme, Signature, Token};
use crate::receive::canonical;
use crate::receive::secrets::Secrets;
use crate::wire;
use crate::wire::delivery::{CanonicalForm, Delivery, Unverified, Verified};
use crate::wire::envelope::LONGEST_TEXT;
use crate::wire::gzip::GzipError;
use content::Sources;
pub use diagnose::{Carrier, Caveat, Diagnosis, Match, TokenFault, diagnose};
use header::SignatureHeader;
pub use sender::{Signed, proof_headers, sign, sign_delivery, sign_wrongly, test_body};

/// Why a delivery is not authentic. The sender learns the factor, the log the cause. Ordered by progress: if several
/// ways of signing fail, the one that came furthest is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the texts say it")]
pub enum Refusal {
    /// No secret is stored for the account that the URL names.
    #[error("there is no such account")]
    AccountUnknown,
    #[error("the token header is missing")]
    TokenMissing,
    #[error("the token is wrong")]
    TokenWrong,
    #[error("the signature header is missing")]
    SignatureMissing,
    /// The header has no signature in a layout and encoding that the scheme accepts.
    #[error("the signature's encoding is not accepted")]
    SignatureUnreadable,
    #[error("the signature's timestamp is outside the tolerance")]
    SignatureExpired,
    /// No secret gives this signature for the body in any canonical form.
    #[error("the signature is wrong")]
    SignatureWrong,
    /// The body is the content of a timestamped signature: a recorded one, sent again without its tolerance.
    #[error("the body begins with a timestamp, which belongs in the signature header")]
    TimestampInBody,
    /// Nothing was signed. Some frameworks turn an empty body into `{}`.
    #[error("the body is empty")]
    EmptyBody,
    /// The compressed body is not what was signed, and decompressed it is too long to accept.
    #[error("the body decompresses to more than {LONGEST_TEXT} bytes")]
    TooLong,
}

/// Proves who sent `delivery`: first by the token, unless the secret says that there is none, then by a signature over
/// one of the body's canonical forms. `secrets` are of one account, which the verified delivery names. If the body is
/// compressed, its content may have been signed instead. `now` decides whether a signature's own time is within the
/// tolerance.
///
/// # Errors
/// [`Refusal`] if a proof is missing or wrong.
pub fn verify(
    delivery: &Delivery<Unverified>,
    scheme: &Scheme,
    secrets: &Secrets,
    now: Timestamp,
) -> Result<Delivery<Verified>, Refusal> {
    let as_received = verify_as_received(delivery, scheme, secrets, now);
    if !matches!(as_received, Err(Refusal::SignatureWrong)) {
        return as_received;
    }
    // It may have been signed before it was compressed. The sender is not authentic yet, so no more is decompressed
    // than it could have sent uncompressed.
    match delivery.decompressed(LONGEST_TEXT) {
        Some(Ok(decompressed)) => verify_as_received(&decompressed, scheme, secrets, now),
        Some(Err(GzipError::TooLong { .. })) => Err(Refusal::TooLong),
        Some(Err(GzipError::Invalid)) | None => as_received,
    }
}

fn verify_as_received(
    delivery: &Delivery<Unverified>,
    scheme: &Scheme,
    secrets: &Secrets,
    now: Timestamp,
) -> Result<Delivery<Verified>, Refusal> {
    let token = scheme.token.filter(|_| !secrets.has_no_token());
    if let Some(token) = token {
        check_token(delivery, token, secrets)?;
    }
    if delivery.body().is_empty() {
        return Err(Refusal::EmptyBody);
    }
    if token.is_some() && scheme.signatures.is_empty() {
        return Ok(delivery.verified(secrets.account(), delivery.body().clone(), CanonicalForm::Raw));
    }
    let mut refusal = Refusal::SignatureMissing;
    for signature in scheme.signatures {
        match check(delivery, scheme, signature, secrets, now) {
            Ok((bytes, form)) => return Ok(delivery.verified(secrets.account(), bytes, form)),
            Err(why) => refusal = refusal.max(why),
        }
    }
    Err(refusal)
}

fn check_token(delivery: &Delivery<Unverified>, token: Token, secrets: &Secrets) -> Result<(), Refusal> {
    let is_known = |sent: &[u8]| secrets.tokens().any(|known| digest::same_token(sent, known));
    // A token may contain commas, so the whole header counts as well.
    let whole = wire::header::joined(delivery.headers(), token.header).ok_or(Refusal::TokenMissing)?;
    let once = wire::header::without_repetitions(&whole);
    let sent = [whole.as_slice(), &once];
    let after_bearer = || sent.iter().filter_map(|sent| after_bearer(sent));
    let known = match token.bearer {
        true if after_bearer().next().is_none() => return Err(Refusal::TokenMissing),
        true => after_bearer().any(is_known),
        false => sent.into_iter().chain(after_bearer()).any(is_known),
    };
    match known {
        true => Ok(()),
        false => Err(Refusal::TokenWrong),
    }
}

/// The name `Bearer` is case-insensitive (RFC 9110, 11.1).
fn after_bearer(value: &[u8]) -> Option<&[u8]> {
    let (name, token) = value.split_at_checked(7)?;
    name.eq_ignore_ascii_case(b"bearer ").then_some(token.trim_ascii())
}

/// The bytes that were signed, and which canonical form of the body they are.
fn check(
    delivery: &Delivery<Unverified>,
    scheme: &Scheme,
    signature: &Signature,
    secrets: &Secrets,
    now: Timestamp,
) -> Result<(Bytes, CanonicalForm), Refusal> {
    let headers = delivery.headers();
    let value = sent_value(delivery, signature);
    let sent = header::read(&value.ok_or(Refusal::SignatureMissing)?, signature, headers);
    if sent.digests.is_empty() {
        return Err(Refusal::SignatureUnreadable);
    }
    let in_time = is_in_time(sent.time.as_deref(), signature, now)?;
    // Whoever knows the public key could sign with it as if it were a shared secret.
    if scheme.has_public_key() && !signature.digest.is_public() {
        return Err(Refusal::SignatureWrong);
    }
    let (body, form) = signed(delivery, signature, &sent, secrets).ok_or(Refusal::SignatureWrong)?;
    if !in_time {
        return Err(Refusal::SignatureExpired);
    }
    match signature.time.is_none() && replay::is_timestamped(&body, scheme) {
        true => Err(Refusal::TimestampInBody),
        false => Ok((body, form)),
    }
}

/// Whether the time is within the tolerance. It must be present if the scheme has one.
fn is_in_time(sent: Option<&str>, signature: &Signature, now: Timestamp) -> Result<bool, Refusal> {
    let Some(time) = signature.time else {
        return Ok(true);
    };
    let sent = sent.ok_or(Refusal::SignatureUnreadable)?;
    Ok(time.tolerance.is_none_or(|tolerance| {
        Timestamp::from_text(sent).is_some_and(|at| at.since(now).max(now.since(at)) <= tolerance)
    }))
}

/// The first canonical form of the body that one of the sent digests verifies.
fn signed(
    delivery: &Delivery<Unverified>,
    signature: &Signature,
    sent: &SignatureHeader,
    secrets: &Secrets,
) -> Option<(Bytes, CanonicalForm)> {
    signature.forms.iter().find_map(|form| {
        let body = canonical::bytes(delivery.body(), *form).ok()?;
        let sources = Sources {
            headers: delivery.headers(),
            query: delivery.query(),
            body: &body,
            time: sent.time.as_deref(),
        };
        let content = sources.pieces(signature.content)?;
        let mut keys = secrets.signing().filter_map(|secret| signature.key.of(secret));
        let verifies = |key: Vec<u8>| signature.digest.verifies(&sent.digests, &key, &content);
        keys.any(verifies).then_some((body, *form))
    })
}

/// The text that carries a signature of this kind: the first of its headers that is there, or else its member.
fn sent_value(delivery: &Delivery<Unverified>, signature: &Signature) -> Option<Vec<u8>> {
    let mut names = signature.headers.iter();
    let header = names.find_map(|name| wire::header::value(delivery.headers(), name));
    header.or_else(|| content::member(delivery, signature.member?))
}

/// Whether `delivery` has a proof that `scheme` knows, valid or not. It tells a misconfigured sender from a stranger.
pub fn has_proof(delivery: &Delivery<Unverified>, scheme: &Scheme) -> bool {
    let headers = delivery.headers();
    let token = scheme.token.is_some_and(|token| headers.contains_key(token.header));
    let named = |way: &Signature| way.headers.iter().any(|name| headers.contains_key(*name));
    let carries = |way: &Signature| named(way) || sent_value(delivery, way).is_some();
    token || scheme.signatures.iter().any(carries)
}

impl Refusal {
    /// Whether another secret could make a difference, including one that says that there is no token.
    pub fn depends_on_secrets(self) -> bool {
        matches!(
            self,
            Self::AccountUnknown | Self::TokenMissing | Self::TokenWrong | Self::SignatureWrong | Self::TooLong
        )
    }
}

#[cfg(test)]
mod tests;
