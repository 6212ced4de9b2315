//! Why a delivery failed verification, and what would have let it in.

mod search;

use std::fmt;

use super::{Refusal, after_bearer, digest, verify};
use crate::clock::Timestamp;
use crate::provider::scheme::Scheme;
use crate::receive::secrets::Secrets;
use crate::wire::delivery::{CanonicalForm, Delivery, Unverified};
use crate::wire::header;

/// What became of a delivery when every header, way of writing, form and secret was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// What [`verify`] says of it now.
    pub verdict: Result<CanonicalForm, Refusal>,
    /// What is wrong with the token; `None` where nothing is.
    pub token: Option<TokenFault>,
    /// The signature that holds, wherever it was found.
    pub signature: Option<Match>,
    /// Whether a header came that may hold a signature.
    pub is_signed: bool,
    /// The names of the headers that came.
    pub headers: Vec<String>,
    /// Whether there was any secret to try.
    pub has_secrets: bool,
}

/// What is wrong with a static token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenFault {
    /// Its header did not come, and no other one carries it.
    Missing(&'static str),
    /// Its header carries another value.
    Wrong(&'static str),
    /// Its header carries it without `Bearer ` before it.
    NotBearer(&'static str),
    /// Its header carries a signing secret: the two are stored in each other's place.
    Swapped(&'static str),
    /// It came in this other header.
    Elsewhere(String),
}

/// A signature that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The header that carries it.
    pub header: String,
    /// How it is written, as the setting `texts` has it; `None` for the provider's own way.
    pub text: Option<&'static str>,
    /// Which bytes it is a signature of.
    pub form: CanonicalForm,
    /// Which secret it was made with, never its value.
    pub secret: String,
    /// What no setting helps against.
    pub odd: Option<Odd>,
    /// The [settings](Scheme::with_settings) that would let it in; `None` where none is needed.
    pub settings: Option<String>,
}

/// What is odd about a signature that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Odd {
    /// It is of the body before gzip, and nothing says that the body came in gzip.
    Packed,
    /// It is of an empty body, or of the `{}` that some frameworks make of one.
    Empty,
    /// It is made with a stored secret and white space around it.
    Padded,
    /// The body begins with a timestamp: see [`Refusal::TimestampInBody`].
    TimestampInBody,
    /// Its header is the token's: no setting can name one header for both.
    InTokensHeader,
    /// Another stored secret is not written as the setting `key` would have it: with that, none could be read.
    OtherKeys,
}

/// Tries everything that is known on `delivery`.
pub fn diagnose(delivery: &Delivery<Unverified>, scheme: &Scheme, secrets: &Secrets, now: Timestamp) -> Diagnosis {
    Diagnosis {
        verdict: verify(delivery, scheme, secrets, now).map(|verified| verified.form()),
        token: token_fault(delivery, scheme, secrets),
        signature: search::find(delivery, scheme, secrets),
        is_signed: search::is_signed(delivery, scheme),
        headers: delivery.headers().keys().map(|name| name.to_string()).collect(),
        has_secrets: secrets.signing().chain(secrets.tokens()).next().is_some(),
    }
}

impl Diagnosis {
    /// The [settings](Scheme::with_settings) that would let it in, beside those that the scheme has; `None` where
    /// none is named.
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
    let header = token.header;
    let refusal = match super::check_token(delivery, token, secrets) {
        Ok(()) => return None,
        Err(refusal) => refusal,
    };
    let headers = delivery.headers();
    let is_one_of = |name: &str, known: Vec<&[u8]>| {
        let value = header::value(headers, name).unwrap_or_default();
        let value = after_bearer(&value).unwrap_or(&value);
        known.iter().any(|known| digest::same_token(value, known))
    };
    Some(if is_one_of(header, secrets.tokens().collect()) {
        TokenFault::NotBearer(header)
    } else if is_one_of(header, secrets.signing().collect()) {
        TokenFault::Swapped(header)
    } else if refusal == Refusal::TokenWrong {
        TokenFault::Wrong(header)
    } else {
        let mut names = headers.keys().map(|name| name.as_str());
        // The setting `token=authorization` wants `Bearer ` before it.
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
            return write!(f, "it holds now, in the form `{}`: `release` queues it", form.name());
        }
        if !self.has_secrets {
            return write!(f, "no secret was put yet");
        }
        if let Some(token) = &self.token {
            write!(f, "{token}; ")?;
        }
        match &self.signature {
            None if !self.is_signed => write!(
                f,
                "no header holds a signature: it is not signed (headers that came: {})",
                self.headers.join(", ")
            ),
            None => write!(
                f,
                "no header holds a signature of this body under any known secret: it is forged, or was signed with a secret that is not stored (headers that came: {})",
                self.headers.join(", ")
            ),
            Some(found) => {
                write!(f, "{found}")?;
                match (found.odd, &found.settings, self.verdict) {
                    (None, None, Err(Refusal::SignatureExpired)) => {
                        write!(f, ", but its time is outside the tolerance")
                    }
                    _ => Ok(()),
                }
            }
        }
    }
}

impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "header `{}` holds a signature of the form `{}` under {}",
            self.header,
            self.form.name(),
            self.secret
        )?;
        if let Some(settings) = &self.settings {
            write!(f, ": set `{settings}`")?;
        }
        match self.odd {
            Some(odd) => write!(f, "; {odd}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Packed => "it was made before the body was packed with gzip: have it sent unpacked, or with `Content-Encoding: gzip`",
            Self::Empty => "it is genuine, but the body is empty: there is nothing to let in",
            Self::Padded => {
                "it was made with white space around the secret: enter the secret again at the provider, without"
            }
            Self::TimestampInBody => {
                "but the body begins with a timestamp: a recorded timestamped signature was sent again as one of the body alone"
            }
            Self::InTokensHeader => "that is the token's header, and no setting can name it for both: have it sent in another one",
            Self::OtherKeys => {
                "it is the key in base64 or hex, and other stored secrets are not: put it alone (`acuse secrets put`), and diagnose again"
            }
        })
    }
}

impl fmt::Display for TokenFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(header) => write!(
                f,
                "the token's header `{header}` did not come (if the webhook has none: `acuse secrets put --no-token`)"
            ),
            Self::Wrong(header) => write!(f, "the token in `{header}` is not the stored one"),
            Self::NotBearer(header) => write!(f, "the token in `{header}` came without `Bearer ` before it"),
            Self::Swapped(header) => write!(
                f,
                "the token in `{header}` is stored as a signing secret: swap the two with `acuse secrets put`"
            ),
            Self::Elsewhere(header) => write!(f, "the token came in another header: set `token={header}`"),
        }
    }
}

#[cfg(test)]
mod tests;
