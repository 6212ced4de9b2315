//! What an operator may change of a provider's scheme without building it again.

use std::time::Duration;

use http::HeaderName;
use thiserror::Error;

use super::{Encoding, Key, Layout, Scheme, Signature, TOLERANCE, Time, Token};
use crate::wire::delivery::CanonicalForm;

/// A setting that can't be meant. Nothing starts with it.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingError {
    /// Not `name=value`.
    #[error("`{0}` is no setting: write {EXPECTED}")]
    NoSetting(String),
    /// The same name again.
    #[error("`{0}` is set twice")]
    Twice(&'static str),
    /// A value that the setting can't have.
    #[error("`{name}` can't be `{value}`: it should be {expected}")]
    Value {
        /// The setting.
        name: &'static str,
        /// What it is.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
    /// It would change nothing.
    #[error("`{name}` means nothing here: {why}")]
    Idle {
        /// The setting.
        name: &'static str,
        /// Why.
        why: &'static str,
    },
}

const EXPECTED: &str = "some of `headers=a,b texts=hex,base64,list,timestamped tolerance=300 forms=raw,js,python token=c \
                        key=base64`, separated by spaces";
const NAMES: [&str; 6] = ["headers", "texts", "tolerance", "forms", "token", "key"];
const HEADER: &str = "names of HTTP headers, separated by commas";
const TEXTS: &str = "some of hex, base64, list, timestamped, separated by commas";
const FORMS: &str = "some of raw, js, python, js-sorted, python-sorted, trimmed, newline, separated by commas";
const KEYS: &str = "text, base64 or hex";
const SECONDS: &str = "seconds from 1 to 3600";

/// A day on which a signature still holds would be a day on which it can be sent again.
const LONGEST_TOLERANCE: u64 = 3600;

/// `settings` with `named` in them: what to set where some are set already, each name once.
pub fn merged(settings: &str, named: &str) -> String {
    let name = |item: &str| item.split('=').next().unwrap_or_default().to_owned();
    let new: Vec<String> = named.split_ascii_whitespace().map(name).collect();
    let kept = settings
        .split_ascii_whitespace()
        .filter(|item| !new.contains(&name(item)));
    kept.chain(named.split_ascii_whitespace()).collect::<Vec<_>>().join(" ")
}

impl Scheme {
    /// This scheme with `settings`, which look like
    /// `headers=x-signature,signature texts=hex,base64 forms=raw,js token=x-webhook-token`:
    ///
    /// | setting | |
    /// |---|---|
    /// | `headers` | the headers that may carry the signature, in the order of preference |
    /// | `texts` | how it is written: `hex`, `base64`, `list` (several), `timestamped` (`t=…,v1=…` over `{t}.{body}`) |
    /// | `tolerance` | seconds that a timestamp may lie from now, before or after |
    /// | `forms` | what was signed: the body as it is (`raw`), as Node (`js`) or Python (`python`) would write it again, the same with sorted keys (`js-sorted`, `python-sorted`), without white space (`trimmed`) or with a line feed (`newline`) at its end |
    /// | `token` | the header of the static token that must come as well; `authorization` means a bearer token |
    /// | `key` | what the secret's text is: the key itself (`text`), or the key in `base64` or `hex` |
    ///
    /// None of them takes a proof away that the scheme wants.
    ///
    /// # Errors
    /// [`SettingError`] names the setting, and what would be right.
    pub fn with_settings(mut self, settings: &str) -> Result<Self, SettingError> {
        let mut seen = Vec::new();
        let mut values: [Option<&str>; NAMES.len()] = [None; NAMES.len()];
        for item in settings.split_ascii_whitespace() {
            let no_setting = || SettingError::NoSetting(item.to_owned());
            let (name, value) = item.split_once('=').ok_or_else(no_setting)?;
            let (known, slot) = NAMES
                .into_iter()
                .zip(&mut values)
                .find(|(known, _)| *known == name)
                .ok_or_else(no_setting)?;
            if slot.replace(value).is_some() {
                return Err(SettingError::Twice(known));
            }
            seen.push(known);
        }
        let [headers, texts, tolerance, forms, token, key] = values;
        if self.signatures.is_empty()
            && let Some(name) = seen.into_iter().find(|name| *name != "token")
        {
            let why = "this provider signs nothing";
            return Err(SettingError::Idle { name, why });
        }
        if let Some(value) = headers {
            let headers = keep(header_names("headers", value)?);
            self.change(|signature| Signature { headers, ..signature });
        }
        if let Some(value) = forms {
            let forms = keep(list("forms", value, FORMS, CanonicalForm::from_name)?);
            self.change(|signature| Signature { forms, ..signature });
        }
        if let Some(value) = texts {
            self.signatures = written(value, self.signatures)?;
        }
        if let Some(value) = tolerance {
            self.set_tolerance(value)?;
        }
        if let Some(value) = key {
            let key = Key::from_name(value).ok_or_else(|| wrong("key", value, KEYS))?;
            self.change(|signature| Signature { key, ..signature });
        }
        if let Some(value) = token {
            self.token = Some(token_header(value)?);
        }
        match self.token {
            Some(token) if self.signatures.iter().any(|way| way.headers.contains(&token.header)) => {
                Err(SettingError::Value {
                    name: if headers.is_some() { "headers" } else { "token" },
                    value: token.header.to_owned(),
                    expected: "another header than the other one's",
                })
            }
            _ => Ok(self),
        }
    }

    fn change(&mut self, change: impl Fn(Signature) -> Signature) {
        self.signatures = keep(self.signatures.iter().copied().map(change).collect());
    }

    fn set_tolerance(&mut self, value: &str) -> Result<(), SettingError> {
        let name = "tolerance";
        let seconds = value.parse().ok().filter(|s| (1..=LONGEST_TOLERANCE).contains(s));
        let tolerance = seconds
            .map(Duration::from_secs)
            .ok_or_else(|| wrong(name, value, SECONDS))?;
        if self.signatures.iter().all(|signature| signature.time.is_none()) {
            let why = "no signature has a time; `texts=timestamped` has";
            return Err(SettingError::Idle { name, why });
        }
        self.change(|signature| Signature {
            time: signature.time.map(|time| Time {
                tolerance: Some(tolerance),
                ..time
            }),
            ..signature
        });
        Ok(())
    }
}

/// The signatures that are written as `value` says, over the forms and in the headers of those
/// that were `before`.
fn written(value: &str, before: &[Signature]) -> Result<&'static [Signature], SettingError> {
    let known = |name: &str| {
        ["hex", "base64", "list", "timestamped"]
            .into_iter()
            .find(|own| *own == name)
    };
    let texts = list("texts", value, TEXTS, known)?;
    let has = |name| texts.contains(&name);
    let Some(first) = before.first() else {
        return Ok(&[]);
    };
    let mut headers = Vec::new();
    for header in before.iter().flat_map(|signature| signature.headers) {
        if !headers.contains(header) {
            headers.push(*header);
        }
    }
    let headers = keep(headers);
    let mut encodings = Vec::new();
    encodings.extend(has("hex").then_some(Encoding::Hex));
    encodings.extend(has("base64").then_some(Encoding::Base64));
    let mut signatures = Vec::new();
    if !encodings.is_empty() {
        signatures.push(Signature {
            layout: if has("list") { Layout::List } else { Layout::One },
            encodings: keep(encodings),
            forms: first.forms,
            ..Signature::hmac(headers)
        });
    } else if has("list") {
        return Err(wrong(
            "texts",
            value,
            "hex or base64 beside list, which alone says nothing",
        ));
    }
    if has("timestamped") {
        let mut signature = Signature::timestamped(headers);
        signature.forms = first.forms;
        signatures.push(signature);
    }
    Ok(keep(signatures))
}

impl Key {
    /// Reads what the setting `key` says.
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "text" => Some(Self::Text),
            // What comes before it may be missing.
            "base64" => Some(Self::Base64After("whsec_")),
            "hex" => Some(Self::Hex),
            _ => None,
        }
    }
}

fn token_header(value: &str) -> Result<Token, SettingError> {
    match header_names("token", value)?.as_slice() {
        [header] => Ok(Token {
            header,
            bearer: *header == "authorization",
        }),
        _ => Err(wrong("token", value, "the name of one HTTP header")),
    }
}

fn header_names(name: &'static str, value: &str) -> Result<Vec<&'static str>, SettingError> {
    let header = |text: &str| {
        let name = HeaderName::from_bytes(text.as_bytes()).ok()?;
        Some(&*String::leak(name.as_str().to_owned()))
    };
    list(name, value, HEADER, header)
}

/// The items of `value`, each once and at least one of them.
fn list<T: PartialEq>(
    name: &'static str,
    value: &str,
    expected: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, SettingError> {
    let mut items = Vec::new();
    for text in value.split(',') {
        let item = read(text.trim()).ok_or_else(|| wrong(name, value, expected))?;
        if items.contains(&item) {
            return Err(SettingError::Value {
                name,
                value: value.to_owned(),
                expected: "a list that says each thing once",
            });
        }
        items.push(item);
    }
    Ok(items)
}

fn wrong(name: &'static str, value: &str, expected: &'static str) -> SettingError {
    SettingError::Value {
        name,
        value: value.to_owned(),
        expected,
    }
}

/// Settings are read once in init and hold as long as the process: what a provider's constant
/// borrows from the program, they leave behind on the heap.
fn keep<T>(items: Vec<T>) -> &'static [T] {
    items.leak()
}

/// The tolerance of a timestamped signature that no setting changes.
const _: () = assert!(TOLERANCE.as_secs() <= LONGEST_TOLERANCE);

#[cfg(test)]
mod tests;
