//! Why a delivery failed verification, and what would have let it in.

use std::fmt;

use super::scheme::{Encoding, Layout, Place, Scheme, Signature};
use super::{Refusal, after_bearer, digest, signed, text, verify};
use crate::clock::Timestamp;
use crate::delivery::{Delivery, Form, Unverified};
use crate::secrets::Secrets;

const FORMS: [Form; 3] = [Form::Raw, Form::JavaScript, Form::Python];

/// What became of a delivery when every header, way of writing, form and secret was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// What [`verify`] says of it now.
    pub verdict: Result<Form, Refusal>,
    /// What is wrong with the token; `None` where nothing is.
    pub token: Option<TokenFault>,
    /// The signature that holds, wherever it was found.
    pub signature: Option<Match>,
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
    pub form: Form,
    /// Which secret it was made with, never its value.
    pub secret: String,
    /// The [settings](Scheme::with_settings) that would let it in; `None` where none is needed.
    pub settings: Option<String>,
}

/// Tries everything that is known on `delivery`.
pub fn diagnose(delivery: &Delivery<Unverified>, scheme: &Scheme, secrets: &Secrets, now: Timestamp) -> Diagnosis {
    Diagnosis {
        verdict: verify(delivery, scheme, secrets, now).map(|verified| verified.form()),
        token: token_fault(delivery, scheme, secrets),
        signature: find(delivery, scheme, secrets),
        headers: delivery.headers().keys().map(|name| name.to_string()).collect(),
        has_secrets: secrets.signing().chain(secrets.tokens()).next().is_some(),
    }
}

fn token_fault(delivery: &Delivery<Unverified>, scheme: &Scheme, secrets: &Secrets) -> Option<TokenFault> {
    let header = scheme.token?.header;
    let is_one_of = |value: &[u8], known: Vec<&[u8]>| {
        let value = after_bearer(value).unwrap_or(value).trim_ascii();
        known.iter().any(|known| digest::same_token(value, known))
    };
    match delivery.headers().get(header) {
        Some(value) if is_one_of(value.as_bytes(), secrets.tokens().collect()) => None,
        Some(value) if is_one_of(value.as_bytes(), secrets.signing().collect()) => Some(TokenFault::Swapped(header)),
        Some(_) => Some(TokenFault::Wrong(header)),
        None => delivery
            .headers()
            .iter()
            .find(|(_, value)| is_one_of(value.as_bytes(), secrets.tokens().collect()))
            .map(|(name, _)| TokenFault::Elsewhere(name.to_string()))
            .or(Some(TokenFault::Missing(header))),
    }
}

/// The provider's own ways first, then the usual ones; each in every header.
fn find(delivery: &Delivery<Unverified>, scheme: &Scheme, secrets: &Secrets) -> Option<Match> {
    let usual = |layout, encodings| Signature {
        layout,
        encodings,
        ..Signature::hmac(&[])
    };
    let mut ways: Vec<(Option<&'static str>, Signature)> = scheme.signatures.iter().map(|own| (None, *own)).collect();
    ways.extend([
        (Some("hex"), usual(Layout::One, &[Encoding::Hex])),
        (Some("hex,base64"), usual(Layout::One, &[Encoding::Base64])),
        (Some("hex,list"), usual(Layout::List, &[Encoding::Hex])),
        (Some("hex,base64,list"), usual(Layout::List, &[Encoding::Base64])),
        (Some("hex,timestamped"), Signature::timestamped(&[])),
    ]);
    ways.into_iter().find_map(|(text, way)| {
        let way = Signature { forms: &FORMS, ..way };
        let mut names = delivery.headers().keys();
        names.find_map(|name| {
            let (secret, form) = holds(delivery, &way, name.as_str(), secrets)?;
            Some(Match {
                settings: settings(delivery, scheme, text, name.as_str(), form),
                header: name.to_string(),
                text,
                form,
                secret,
            })
        })
    })
}

/// Which secret and form the signature in the header `name` is of.
fn holds(delivery: &Delivery<Unverified>, way: &Signature, name: &str, secrets: &Secrets) -> Option<(String, Form)> {
    let headers = delivery.headers();
    let mut claims = text::read(&text::first_present(headers, &[name])?, way);
    if let Some(Place::Header(time)) = way.time.map(|time| time.place) {
        claims.time = text::first_present(headers, &[time]);
    }
    if claims.digests.is_empty() {
        return None;
    }
    secrets.each().find_map(|(secret, alone)| {
        let (_, form) = signed(delivery, way, &claims, &alone)?;
        Some((secret, form))
    })
}

/// What has to be set for a signature that holds to be looked for where it is.
fn settings(
    delivery: &Delivery<Unverified>,
    scheme: &Scheme,
    text: Option<&'static str>,
    header: &str,
    form: Form,
) -> Option<String> {
    let mut settings = Vec::new();
    let mut looked_at = scheme.signatures.iter().filter_map(|own| {
        let mut names = own.headers.iter();
        names.find(|name| delivery.headers().contains_key(**name))
    });
    if !looked_at.any(|name| *name == header) {
        settings.push(format!("headers={header}"));
    }
    if let Some(text) = text {
        settings.push(format!("texts={text}"));
    }
    let mut forms: Vec<&str> = Vec::new();
    for own in scheme.signatures.iter().flat_map(|own| own.forms) {
        if !forms.contains(&own.name()) {
            forms.push(own.name());
        }
    }
    if !forms.contains(&form.name()) {
        forms.push(form.name());
        settings.push(format!("forms={}", forms.join(",")));
    }
    Some(settings.join(" ")).filter(|settings| !settings.is_empty())
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
            None => write!(
                f,
                "no header holds a signature of this body under any known secret: it is forged, or was signed with a secret that is not stored (headers that came: {})",
                self.headers.join(", ")
            ),
            Some(found) => {
                write!(
                    f,
                    "header `{}` holds a signature of the form `{}` under {}",
                    found.header,
                    found.form.name(),
                    found.secret
                )?;
                match (&found.settings, self.verdict) {
                    (Some(settings), _) => write!(f, ": set `{settings}`"),
                    (None, Err(Refusal::SignatureExpired)) => write!(f, ", but its time is outside the tolerance"),
                    (None, _) => Ok(()),
                }
            }
        }
    }
}

impl fmt::Display for TokenFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(header) => write!(f, "the token's header `{header}` did not come"),
            Self::Wrong(header) => write!(f, "the token in `{header}` is not the stored one"),
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
