//! What an operator can change of a provider's scheme without a build.

use std::time::Duration;

use http::HeaderName;
use thiserror::Error;

use super::{Encoding, Key, Layout, Part, Place, Scheme, Signature, TOLERANCE, Time, Token};
use crate::wire::delivery::CanonicalForm;

/// Why a setting is invalid. Nothing starts with an invalid setting.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the texts say it")]
pub enum SettingError {
    #[error("`{0}` is not a setting: write {EXPECTED}")]
    Unknown(String),
    #[error("`{0}` is set twice")]
    Twice(&'static str),
    #[error("`{name}` can't be `{value}`: it should be {expected}")]
    Value {
        name: &'static str,
        value: String,
        expected: &'static str,
    },
    #[error("`{name}` has no effect: {why}")]
    NoEffect { name: &'static str, why: &'static str },
}

const EXPECTED: &str = "some of `headers=a,b encodings=hex,base64,list,timestamped tolerance=300 forms=raw,js,python \
                        token=c key=base64`, separated by spaces";
const NAMES: [&str; 6] = ["headers", "encodings", "tolerance", "forms", "token", "key"];
const FORMS: &str = "some of raw, js, python, js-sorted, python-sorted, trimmed, newline, separated by commas";

/// A recorded delivery can be replayed as long as its signature is within the tolerance.
const LONGEST_TOLERANCE: u64 = 3600;

/// The current name of a setting. `encodings` was called `texts`, and deployed stacks still have that name.
fn current(name: &str) -> &str {
    match name {
        "texts" => "encodings",
        name => name,
    }
}

/// `settings` with those of `new` added, or replaced if they are there already.
pub fn merged(settings: &str, new: &str) -> String {
    let name = |item: &str| current(item.split('=').next().unwrap_or_default()).to_owned();
    let replaced: Vec<String> = new.split_ascii_whitespace().map(name).collect();
    let kept = settings.split_ascii_whitespace();
    let kept = kept.filter(|item| !replaced.contains(&name(item)));
    kept.chain(new.split_ascii_whitespace()).collect::<Vec<_>>().join(" ")
}

impl Scheme {
    /// This scheme with `settings`, for example
    /// `headers=x-signature,signature encodings=hex,base64 forms=raw,js token=x-webhook-token`:
    ///
    /// | setting | |
    /// |---|---|
    /// | `headers` | the headers that may carry the signature, in the order of preference |
    /// | `encodings` | how the signature is written: `hex`, `base64`, `list` (several), `timestamped` (`t=…,v1=…` over `{t}.{body}`) |
    /// | `tolerance` | how many seconds a timestamp may differ from now |
    /// | `forms` | the canonical forms that may have been signed: the body itself (`raw`), the body as Node (`js`) or Python (`python`) serializes it again, the same with sorted keys (`js-sorted`, `python-sorted`), without trailing white space (`trimmed`) or with a line feed at its end (`newline`) |
    /// | `token` | the header of the static token that must be present as well; `authorization` means a bearer token |
    /// | `key` | how the key is read from the secret: the text itself (`text`), `base64` or `hex` |
    ///
    /// No setting removes a proof that the scheme requires. Settings are read once at start-up and live as long as the
    /// process, like the constants that they replace.
    pub fn with_settings(mut self, settings: &str) -> Result<Self, SettingError> {
        let mut values: [Option<&str>; NAMES.len()] = [None; NAMES.len()];
        for item in settings.split_ascii_whitespace() {
            let unknown = || SettingError::Unknown(item.to_owned());
            let (name, value) = item.split_once('=').ok_or_else(unknown)?;
            let mut known = NAMES.into_iter().zip(&mut values);
            let (name, slot) = known.find(|(own, _)| *own == current(name)).ok_or_else(unknown)?;
            if name != "token" && self.signatures.is_empty() {
                let why = "this provider signs nothing";
                return Err(SettingError::NoEffect { name, why });
            }
            if slot.replace(value).is_some() {
                return Err(SettingError::Twice(name));
            }
        }
        let [headers, encodings, tolerance, forms, token, key] = values;
        if let Some(value) = headers {
            let headers: &[_] = header_names("headers", value)?.leak();
            self.change(|signature| Signature { headers, ..signature });
        }
        if let Some(value) = forms {
            let forms: &[_] = list("forms", value, FORMS, CanonicalForm::from_name)?.leak();
            self.change(|signature| Signature { forms, ..signature });
        }
        if let Some(value) = encodings {
            self.signatures = with_encodings(value, self.signatures)?;
        }
        if let Some(value) = tolerance {
            self.set_tolerance(value)?;
        }
        if let Some(value) = key {
            let key = match value {
                "text" => Key::Text,
                "base64" => Key::Base64After("whsec_"),
                "hex" => Key::Hex,
                _ => return Err(invalid("key", value, "text, base64 or hex")),
            };
            self.change(|signature| Signature { key, ..signature });
        }
        if let Some(value) = token {
            self.token = Some(token_header(value)?);
        }
        match self.token {
            Some(token) if self.signatures.iter().any(|way| way.headers.contains(&token.header)) => {
                let name = if headers.is_some() { "headers" } else { "token" };
                Err(invalid(
                    name,
                    token.header,
                    "one header for the token and others for the signature",
                ))
            }
            _ => Ok(self),
        }
    }

    fn change(&mut self, change: impl Fn(Signature) -> Signature) {
        self.signatures = self.signatures.iter().copied().map(change).collect::<Vec<_>>().leak();
    }

    fn set_tolerance(&mut self, value: &str) -> Result<(), SettingError> {
        let name = "tolerance";
        let seconds = value.parse().ok().filter(|s| (1..=LONGEST_TOLERANCE).contains(s));
        let seconds = seconds.ok_or_else(|| invalid(name, value, "seconds from 1 to 3600"))?;
        if self.signatures.iter().all(|signature| signature.time.is_none()) {
            let why = "no signature has a time, except with `encodings=timestamped`";
            return Err(SettingError::NoEffect { name, why });
        }
        let tolerance = Some(Duration::from_secs(seconds));
        self.change(|signature| Signature {
            time: signature.time.map(|time| Time { tolerance, ..time }),
            ..signature
        });
        Ok(())
    }
}

/// A signature that is written as the setting `encodings` says, without `timestamped`: the first of `before`, whose
/// layout and encodings the setting replaces. If that has a time beside it, the body alone is signed instead.
pub(crate) fn plain(before: &[Signature]) -> Option<Signature> {
    let beside = |way: &&Signature| matches!(way.time.map(|time| time.place), Some(Place::Field(_)));
    let body = |way: &Signature| Signature {
        content: &[Part::Body],
        time: None,
        ..*way
    };
    let alone = before.iter().find(|way| !beside(way)).copied();
    alone.or_else(|| before.first().map(body))
}

/// A signature that is written as `encodings=timestamped` says, with the first of `before`'s digest, key and forms.
pub(crate) fn timestamped(before: &[Signature]) -> Option<Signature> {
    before.first().map(|first| Signature {
        member: first.member,
        forms: first.forms,
        digest: first.digest,
        key: first.key,
        ..Signature::timestamped(&[])
    })
}

/// The signatures that the setting `encodings` describes. They have the headers, canonical forms, digest and key of
/// `before`.
fn with_encodings(value: &str, before: &[Signature]) -> Result<&'static [Signature], SettingError> {
    let known = |name: &str| {
        let mut known = ["hex", "base64", "list", "timestamped"].into_iter();
        known.find(|own| *own == name)
    };
    let expected = "some of hex, base64, list, timestamped, separated by commas";
    let named = list("encodings", value, expected, known)?;
    let has = |name| named.contains(&name);
    let (Some(plain), Some(timestamped)) = (plain(before), timestamped(before)) else {
        return Ok(&[]);
    };
    let mut headers = Vec::new();
    for header in before.iter().flat_map(|signature| signature.headers) {
        if !headers.contains(header) {
            headers.push(*header);
        }
    }
    let headers: &[_] = headers.leak();
    let mut encodings = Vec::new();
    encodings.extend(has("hex").then_some(Encoding::Hex));
    encodings.extend(has("base64").then_some(Encoding::Base64));
    let mut signatures = Vec::new();
    if !encodings.is_empty() {
        signatures.push(Signature {
            layout: if has("list") { Layout::List } else { Layout::One },
            encodings: encodings.leak(),
            headers,
            ..plain
        });
    } else if has("list") {
        return Err(invalid("encodings", value, "list together with hex or base64"));
    }
    if has("timestamped") {
        signatures.push(Signature { headers, ..timestamped });
    }
    Ok(signatures.leak())
}

fn token_header(value: &str) -> Result<Token, SettingError> {
    match header_names("token", value)?.as_slice() {
        [header] => Ok(Token {
            header,
            bearer: *header == "authorization",
        }),
        _ => Err(invalid("token", value, "the name of one HTTP header")),
    }
}

fn header_names(name: &'static str, value: &str) -> Result<Vec<&'static str>, SettingError> {
    let header = |text: &str| {
        let name = HeaderName::from_bytes(text.as_bytes()).ok()?;
        Some(&*String::leak(name.as_str().to_owned()))
    };
    list(name, value, "names of HTTP headers, separated by commas", header)
}

/// The items of `value`: at least one, none of them twice.
fn list<T: PartialEq>(
    name: &'static str,
    value: &str,
    expected: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, SettingError> {
    let mut items = Vec::new();
    for text in value.split(',') {
        let item = read(text.trim()).ok_or_else(|| invalid(name, value, expected))?;
        if items.contains(&item) {
            return Err(invalid(name, value, "a list without repetitions"));
        }
        items.push(item);
    }
    Ok(items)
}

fn invalid(name: &'static str, value: &str, expected: &'static str) -> SettingError {
    SettingError::Value {
        name,
        value: value.to_owned(),
        expected,
    }
}

/// The default tolerance is one that could be set.
const _: () = assert!(TOLERANCE.as_secs() <= LONGEST_TOLERANCE);

#[cfg(test)]
mod tests;
