//! Who sent a delivery: the one place where unverified becomes verified.

mod attest;
mod content;
mod diagnose;
mod digest;
mod replay;
mod text;

use bytes::Bytes;
use http::HeaderMap;
use thiserror::Error;

use crate::clock::Timestamp;
use crate::provider::scheme::{Place, Scheme, Signature, Token};
use crate::receive::canonical;
use crate::receive::secrets::Secrets;
use crate::wire::delivery::{CanonicalForm, Delivery, Unverified, Verified};
use crate::wire::envelope::LONGEST_TEXT;
use crate::wire::gzip::GzipError;
use crate::wire::header;
pub use attest::{attest, sign, test_body};
use content::Sources;
pub use diagnose::{Diagnosis, Match, Odd, TokenFault, diagnose};
use text::Claims;

/// Which of the two proofs failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    /// The static token.
    Token,
    /// The signature.
    Signature,
}

/// Why a delivery is not authentic. The sender is told the factor, the log the cause. In the order
/// of the steps: of two ways of signing, the one that came further is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Error)]
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
    /// The signature is right, and its own time is too far from the time of receipt.
    #[error("the signature's timestamp is outside the tolerance")]
    SignatureExpired,
    /// No secret gives this signature over this body in any form.
    #[error("the signature is wrong")]
    SignatureWrong,
    /// The body is what a timestamped signature is made of: a recorded one, with its time moved
    /// out of the reach of the tolerance.
    #[error("the body begins with a timestamp, which belongs in the signature header")]
    TimestampInBody,
    /// Nothing was signed: some frameworks turn an empty body into `{}`.
    #[error("the body is empty")]
    EmptyBody,
    /// Packed as it came it is not what was signed, and unpacked it can't be taken in.
    #[error("the body unpacks to more than {LONGEST_TEXT} bytes")]
    TooLong,
}

/// Proves who sent `delivery`: first the token, unless the secret says that there is none, then a signature over one
/// of the body's forms; where the body came packed, over what was packed as well. `now` decides whether a signature's
/// own time is within tolerance.
///
/// # Errors
/// [`Refusal`] where a proof is missing or wrong.
pub fn verify(
    delivery: &Delivery<Unverified>,
    scheme: &Scheme,
    secrets: &Secrets,
    now: Timestamp,
) -> Result<Delivery<Verified>, Refusal> {
    let as_sent = verify_as_sent(delivery, scheme, secrets, now);
    if !matches!(as_sent, Err(Refusal::SignatureWrong)) {
        return as_sent;
    }
    // It may have been signed before it was packed. Of a sender that is not authentic yet no more is unpacked
    // than it could have sent as it is.
    match delivery.unpacked(LONGEST_TEXT) {
        Some(Ok(unpacked)) => verify_as_sent(&unpacked, scheme, secrets, now),
        Some(Err(GzipError::TooLong { .. })) => Err(Refusal::TooLong),
        Some(Err(GzipError::Invalid)) | None => as_sent,
    }
}

fn verify_as_sent(
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
        return Ok(delivery.verified(delivery.body().clone(), CanonicalForm::Raw));
    }
    let mut refusal = Refusal::SignatureMissing;
    for signature in scheme.signatures {
        match check(delivery, scheme, signature, secrets, now) {
            Ok((bytes, form)) => return Ok(delivery.verified(bytes, form)),
            Err(why) => refusal = refusal.max(why),
        }
    }
    Err(refusal)
}

fn check_token(delivery: &Delivery<Unverified>, token: Token, secrets: &Secrets) -> Result<(), Refusal> {
    let headers = delivery.headers();
    let is_known = |sent: &[u8]| secrets.tokens().any(|known| digest::same_token(sent, known));
    // A token may have commas of its own, so its header counts as it came as well.
    let whole = header::whole_value(headers, token.header).ok_or(Refusal::TokenMissing)?;
    let once = header::once(&whole);
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

/// The scheme's name counts in either case (RFC 9110, 11.1).
fn after_bearer(value: &[u8]) -> Option<&[u8]> {
    let (name, token) = value.split_at_checked(7)?;
    name.eq_ignore_ascii_case(b"bearer ").then_some(token.trim_ascii())
}

/// The bytes that were signed, and how they came from the body.
fn check(
    delivery: &Delivery<Unverified>,
    scheme: &Scheme,
    signature: &Signature,
    secrets: &Secrets,
    now: Timestamp,
) -> Result<(Bytes, CanonicalForm), Refusal> {
    let headers = delivery.headers();
    let value = header::first_present(headers, signature.headers).ok_or(Refusal::SignatureMissing)?;
    let mut claims = text::read(&value, signature);
    if claims.digests.is_empty() {
        return Err(Refusal::SignatureUnreadable);
    }
    let in_time = check_time(&mut claims, signature, headers, now)?;
    let (body, form) = signed(delivery, signature, &claims, secrets).ok_or(Refusal::SignatureWrong)?;
    if !in_time {
        return Err(Refusal::SignatureExpired);
    }
    match signature.time.is_none() && replay::is_timestamped(&body, scheme) {
        true => Err(Refusal::TimestampInBody),
        false => Ok((body, form)),
    }
}

/// Whether the time is within the tolerance. It has to be known where it is signed or where there is a tolerance.
fn check_time(
    claims: &mut Claims,
    signature: &Signature,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<bool, Refusal> {
    let Some(time) = signature.time else {
        return Ok(true);
    };
    if let Place::Header(name) = time.place {
        claims.time = header::time(headers, name);
    }
    let said = claims.time.as_deref().ok_or(Refusal::SignatureUnreadable)?;
    let Some(tolerance) = time.tolerance else {
        return Ok(true);
    };
    Ok(Timestamp::from_text(said).is_some_and(|at| at.since(now).max(now.since(at)) <= tolerance))
}

/// The first form of the body that one of `claims` is a signature of.
fn signed(
    delivery: &Delivery<Unverified>,
    signature: &Signature,
    claims: &Claims,
    secrets: &Secrets,
) -> Option<(Bytes, CanonicalForm)> {
    signature.forms.iter().find_map(|form| {
        let body = in_form(delivery.body(), *form)?;
        let sources = Sources {
            headers: delivery.headers(),
            body: &body,
            time: claims.time.as_deref(),
        };
        let content = sources.pieces(signature.content)?;
        let mut keys = secrets.signing().filter_map(|secret| signature.key.of(secret));
        keys.any(|key| {
            let mut digests = claims.digests.iter();
            digests.any(|claim| signature.digest.holds(claim, &key, &content))
        })
        .then_some((body, *form))
    })
}

/// The body as `form` signs it; `None` where the body has no such form.
fn in_form(body: &Bytes, form: CanonicalForm) -> Option<Bytes> {
    match form {
        CanonicalForm::Raw => Some(body.clone()),
        CanonicalForm::JavaScript => canonical::javascript(body).ok().map(Bytes::from),
        CanonicalForm::Python => canonical::python(body).ok().map(Bytes::from),
        CanonicalForm::JavaScriptSorted => canonical::javascript_sorted(body).ok().map(Bytes::from),
        CanonicalForm::PythonSorted => canonical::python_sorted(body).ok().map(Bytes::from),
        CanonicalForm::Trimmed => {
            let trimmed = body.trim_ascii_end();
            (trimmed.len() < body.len()).then(|| body.slice_ref(trimmed))
        }
        CanonicalForm::Newline => (!body.ends_with(b"\n")).then(|| [body, &b"\n"[..]].concat().into()),
    }
}

impl Refusal {
    /// Which of the two proofs failed.
    pub fn factor(self) -> Factor {
        match self {
            Self::TokenMissing | Self::TokenWrong => Factor::Token,
            _ => Factor::Signature,
        }
    }

    /// Whether another secret could have made a difference: also one that says that there is no token.
    pub fn depends_on_secrets(self) -> bool {
        matches!(
            self,
            Self::TokenMissing | Self::TokenWrong | Self::SignatureWrong | Self::TooLong
        )
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
