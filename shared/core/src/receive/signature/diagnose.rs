//! Why a delivery failed verification, and which settings would accept it.

mod search;

use std::fmt;

use thiserror::Error;

use super::{Refusal, after_bearer, digest, verify};
use crate::account::AccountName;
use crate::clock::Timestamp;
use crate::provider::scheme::{Digest, Member, Scheme};
use crate::receive::quarantine::shown_account;
use crate::receive::secrets::{Accounts, Secrets};
use crate::wire::delivery::{CanonicalForm, Delivery, Unverified};
use crate::wire::header;

/// The result of trying every header, layout, encoding, canonical form and secret on a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The result of [`verify`] now.
    pub verdict: Result<CanonicalForm, Refusal>,
    /// What is wrong with the token for the account whose secret made the signature; `None` if it is right or not
    /// required.
    pub token: Option<TokenFault>,
    /// The valid signature, wherever it was found.
    pub signature: Option<Match>,
    /// Whether a header is present that may contain a signature.
    pub is_signed: bool,
    /// The names of the delivery's headers.
    pub headers: Vec<String>,
    /// Why there is nothing to verify it with: its account is unknown, or no valid secret is stored for it.
    pub no_secret: Option<String>,
    /// The account whose secret made the signature, if that is not the one that the delivery was sent to.
    pub other_account: Option<AccountName>,
    /// The account that it was sent to.
    pub account: String,
}

/// What is wrong with a static token.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the texts say it")]
pub enum TokenFault {
    /// Its header is missing, and no other header contains it.
    #[error("the token's header `{0}` is missing (if the webhook has no token: `acuse secrets put --no-token`)")]
    Missing(&'static str),
    #[error("the token in `{0}` is not the stored one")]
    Wrong(&'static str),
    #[error("the token in `{0}` is not preceded by `Bearer `")]
    NotBearer(&'static str),
    /// Its header contains a signing secret, so the stored values are swapped.
    #[error("the token in `{0}` is stored as a signing secret: swap the two with `acuse secrets put`")]
    Swapped(&'static str),
    #[error("the token is in another header: set `token={0}`")]
    Elsewhere(String),
}

/// A valid signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// What contains it.
    pub carrier: Carrier,
    /// The value of the setting `encodings` that reads it; `None` if the provider's own scheme does.
    pub encodings: Option<&'static str>,
    /// Which bytes it signs.
    pub form: CanonicalForm,
    /// The name of the secret that it was made with, never its value.
    pub secret: String,
    /// Why no setting helps.
    pub caveat: Option<Caveat>,
    /// The [settings](Scheme::with_settings) that would accept it; `None` if none is needed or helps.
    pub settings: Option<String>,
}

/// What contains a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carrier {
    /// The header of this name.
    Header(String),
    /// A value elsewhere in the delivery.
    Member(Member),
}

/// Why no setting accepts a valid signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the texts say it")]
pub enum Caveat {
    /// It signs the body before compression, but no header says that the body is gzip.
    #[error(
        "it was made before the body was compressed with gzip: have it sent uncompressed, or with `Content-Encoding: gzip`"
    )]
    SignedBeforeGzip,
    /// It signs an empty body, or the `{}` that some frameworks turn it into.
    #[error("it is genuine, but the body is empty, so there is nothing to accept")]
    EmptyBody,
    #[error("it was made with white space around the secret: enter the secret again at the provider, without it")]
    PaddedSecret,
    /// The body begins with a timestamp: see [`Refusal::TimestampInBody`].
    #[error(
        "but the body begins with a timestamp: a recorded timestamped signature was sent again as a signature of the body alone"
    )]
    TimestampInBody,
    #[error("that is the token's header, and no setting can name it for both: have it sent in another header")]
    TokenHeader,
    #[error(
        "the key is base64 or hex, but other stored secrets are not: store it alone (`acuse secrets put`), and diagnose again"
    )]
    OtherSecrets,
    /// The provider's file names another digest. A verify function has only the code of that one.
    #[error(
        "it is made with {}, and Acuse expects {}: name `Digest::{}` in the provider's file, and deploy", .made.name(), .expected.name(), .made.constant()
    )]
    OtherDigest { made: Digest, expected: Digest },
}

/// Tries everything that is known on `delivery`: the secrets of its own account and, if none of them made the
/// signature, those of the others.
pub fn diagnose(delivery: &Delivery<Unverified>, scheme: &Scheme, accounts: &Accounts, now: Timestamp) -> Diagnosis {
    let none = Secrets::default();
    let account = shown_account(delivery.account());
    let (secrets, no_secret) = match accounts.get(delivery.account()) {
        None => (&none, Some(format!("there is no account `{account}`"))),
        Some(Err(error)) => (&none, Some(error.to_string())),
        Some(Ok(secrets)) if secrets.is_empty() => (secrets, Some("no secret is stored yet".to_owned())),
        Some(Ok(secrets)) => (secrets, None),
    };
    let verdict = match accounts.get(delivery.account()) {
        None => Err(Refusal::AccountUnknown),
        Some(_) => verify(delivery, scheme, secrets, now).map(|verified| verified.form()),
    };
    let signature = search::find(delivery, scheme, secrets);
    let mut others = accounts.iter().filter(|_| signature.is_none());
    let other = others.find(|other| search::find(delivery, scheme, other).is_some());
    Diagnosis {
        verdict,
        token: token_fault(delivery, scheme, other.unwrap_or(secrets)),
        signature,
        is_signed: search::is_signed(delivery, scheme),
        headers: delivery.headers().keys().map(|name| name.to_string()).collect(),
        no_secret,
        other_account: other.map(|other| other.account().name.clone()),
        account,
    }
}

impl Diagnosis {
    /// The [settings](Scheme::with_settings) to add to the scheme's own so that it accepts the delivery; `None` if
    /// there are none.
    pub fn settings(&self) -> Option<String> {
        let token = match &self.token {
            Some(TokenFault::Elsewhere(header)) => Some(format!("token={header}")),
            _ => None,
        };
        let signature = self.signature.as_ref().and_then(|found| found.settings.clone());
        let settings: Vec<String> = signature.into_iter().chain(token).collect();
        Some(settings.join(" ")).filter(|settings| self.verdict.is_err() && !settings.is_empty())
    }
}

fn token_fault(delivery: &Delivery<Unverified>, scheme: &Scheme, secrets: &Secrets) -> Option<TokenFault> {
    let token = scheme.token.filter(|_| !secrets.has_no_token())?;
    let refusal = super::check_token(delivery, token, secrets).err()?;
    let headers = delivery.headers();
    let is_one_of = |name: &str, known: Vec<&[u8]>| {
        let value = header::value(headers, name).unwrap_or_default();
        let value = after_bearer(&value).unwrap_or(&value);
        known.iter().any(|known| digest::same_token(value, known))
    };
    let header = token.header;
    Some(if is_one_of(header, secrets.tokens().collect()) {
        TokenFault::NotBearer(header)
    } else if is_one_of(header, secrets.signing().collect()) {
        TokenFault::Swapped(header)
    } else if refusal == Refusal::TokenWrong {
        TokenFault::Wrong(header)
    } else {
        let mut names = headers.keys().map(|name| name.as_str());
        // The setting `token=authorization` requires `Bearer `.
        let is_bare = |name| header::value(headers, name).is_some_and(|value| after_bearer(&value).is_none());
        match names.find(|name| is_one_of(name, secrets.tokens().collect())) {
            None => TokenFault::Missing(header),
            Some("authorization") if is_bare("authorization") => TokenFault::NotBearer("authorization"),
            Some(name) => TokenFault::Elsewhere(name.to_owned()),
        }
    })
}

impl fmt::Display for Diagnosis {
    /// What to do, in a sentence or two.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Ok(form) = self.verdict {
            let form = form.name();
            return write!(f, "it verifies now, with canonical form `{form}`: `release` queues it");
        }
        if let Some(other) = &self.other_account {
            let account = &self.account;
            write!(
                f,
                "it is signed with the secret of account `{other}`, but was sent to `{account}`: correct the URL at the provider"
            )?;
            return match &self.token {
                Some(token) => write!(f, "; {token}"),
                None => write!(
                    f,
                    "; if this delivery is to be accepted as one of `{other}`, release it with `--as-account {other}`"
                ),
            };
        }
        if let Some(why) = &self.no_secret {
            return f.write_str(why);
        }
        if let Some(token) = &self.token {
            write!(f, "{token}; ")?;
        }
        let expired = self.verdict == Err(Refusal::SignatureExpired);
        let headers = self.headers.join(", ");
        match &self.signature {
            Some(found) if expired && found.caveat.is_none() && found.settings.is_none() => {
                write!(f, "{found}, but its time is outside the tolerance")
            }
            Some(found) => write!(f, "{found}"),
            None if self.is_signed => write!(
                f,
                "no header contains a valid signature of this body: it is forged, or signed with a secret that is not stored; compare the stored secret with the provider's panel (headers received: {headers})"
            ),
            None => write!(
                f,
                "no header contains a signature: it is not signed (headers received: {headers})"
            ),
        }
    }
}

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "header `{name}`"),
            Self::Member(Member::Form(name)) => write!(f, "the form's field `{name}`"),
            Self::Member(Member::Query(name)) => write!(f, "the query's value `{name}`"),
            Self::Member(Member::Value(path)) => write!(f, "the body's value `{}`", path.join(".")),
        }
    }
}

impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} contains a valid signature of the canonical form `{}` with {}",
            self.carrier,
            self.form.name(),
            self.secret
        )?;
        if let Some(settings) = &self.settings {
            write!(f, ": set `{settings}`")?;
        }
        match self.caveat {
            Some(caveat) => write!(f, "; {caveat}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
