//! Tries everything that is known: every header, way of writing, form, secret and key, and beyond
//! them one thing that is odd about the body or the secret.

use bytes::Bytes;

use super::{Match, Odd};
use crate::provider::scheme::{Encoding, Key, Layout, Place, Scheme, Signature};
use crate::receive::secrets::Secrets;
use crate::receive::signature::{replay, signed, text};
use crate::wire::delivery::{CanonicalForm, Delivery, Unverified};
use crate::wire::envelope::LONGEST_TEXT;
use crate::wire::gzip;
use crate::wire::header;

/// The white space that gets copied with a secret.
const AROUND: [(&str, &str); 5] = [("", "\n"), ("", "\r\n"), ("", " "), (" ", ""), (" ", " ")];

/// The forms that no setting has allowed yet, the narrowest first: of a compact body with a line feed at its end,
/// `trimmed` lets in less than `js`, which is the same text there.
const FORMS: [CanonicalForm; 7] = [
    CanonicalForm::Raw,
    CanonicalForm::Trimmed,
    CanonicalForm::Newline,
    CanonicalForm::JavaScript,
    CanonicalForm::Python,
    CanonicalForm::JavaScriptSorted,
    CanonicalForm::PythonSorted,
];

/// What is tried, in the order of how little it takes to be let in.
pub(super) fn find(delivery: &Delivery<Unverified>, scheme: &Scheme, secrets: &Secrets) -> Option<Match> {
    let search = Search {
        delivery,
        scheme,
        secrets,
    };
    let plain = || search.plainly(&delivery.unpacked(LONGEST_TEXT)?.ok()?);
    search.plainly(delivery).or_else(plain).or_else(|| search.oddly())
}

struct Search<'a> {
    delivery: &'a Delivery<Unverified>,
    scheme: &'a Scheme,
    secrets: &'a Secrets,
}

impl Search<'_> {
    /// With the key that the scheme makes of a secret, then with others. `delivery` is the one that came, or the
    /// same, unpacked.
    fn plainly(&self, delivery: &Delivery<Unverified>) -> Option<Match> {
        let keys = [
            (None, None),
            (Some("text"), Some(Key::Text)),
            (Some("base64"), Some(Key::Base64After("whsec_"))),
            (Some("hex"), Some(Key::Hex)),
        ];
        keys.into_iter().find_map(|(setting, key)| {
            let found = self.among(delivery, self.secrets, key)?;
            let odd = replay::is_timestamped(delivery.body(), self.scheme) && found.form == CanonicalForm::Raw;
            let odd = odd.then_some(Odd::TimestampInBody).or(found.odd);
            let prevents = self.prevents(&found, key);
            Some(Match {
                settings: self.settings(&found, setting).filter(|_| prevents.is_none()),
                odd: odd.or(prevents),
                ..found
            })
        })
    }

    /// Of another body than the one that came, or with a secret that is not quite the stored one: no
    /// setting accepts these.
    fn oddly(&self) -> Option<Match> {
        let own = |odd, body: Bytes| {
            let (id, at) = (self.delivery.id(), self.delivery.received_at());
            let other = Delivery::received(id, at, self.delivery.headers().clone(), body);
            let found = self.among(&other, self.secrets, None)?;
            Some(Match {
                odd: Some(odd),
                settings: self.settings(&found, None),
                ..found
            })
        };
        let body = self.delivery.body();
        let padded = || {
            AROUND.into_iter().find_map(|(before, after)| {
                let found = self.among(self.delivery, &self.secrets.between(before, after), None)?;
                Some(Match {
                    odd: Some(Odd::Padded),
                    settings: self.settings(&found, None),
                    ..found
                })
            })
        };
        gzip::unpack(body, LONGEST_TEXT)
            .ok()
            .and_then(|body| own(Odd::Packed, body.into()))
            .or_else(|| {
                body.is_empty()
                    .then(|| own(Odd::Empty, Bytes::from_static(b"{}")))
                    .flatten()
            })
            .or_else(padded)
    }

    /// Each of the ways in every header.
    fn among(&self, delivery: &Delivery<Unverified>, secrets: &Secrets, key: Option<Key>) -> Option<Match> {
        ways(self.scheme).find_map(|(text, way)| {
            let mut names = delivery.headers().keys();
            names.find_map(|name| {
                // What is allowed already needs no setting.
                let allowed = self.scheme.signatures.iter().map(|own| own.forms);
                let (secret, form) = allowed.chain([&FORMS[..]]).find_map(|forms| {
                    let key = key.unwrap_or(way.key);
                    holds(delivery, &Signature { forms, key, ..way }, name.as_str(), secrets)
                })?;
                Some(Match {
                    header: name.to_string(),
                    text,
                    form,
                    secret,
                    odd: delivery.body().is_empty().then_some(Odd::Empty),
                    settings: None,
                })
            })
        })
    }

    /// What keeps a setting from being of use: the function would not start with it, or read no secret.
    fn prevents(&self, found: &Match, key: Option<Key>) -> Option<Odd> {
        if self.scheme.token.is_some_and(|token| token.header == found.header) {
            return Some(Odd::InTokensHeader);
        }
        let key = key?;
        let others = self.secrets.signing().any(|secret| key.of(secret).is_none());
        others.then_some(Odd::OtherKeys)
    }

    /// What has to be set for a signature that holds to be looked for where it is.
    fn settings(&self, found: &Match, key: Option<&'static str>) -> Option<String> {
        let headers = self.delivery.headers();
        let mut settings = Vec::new();
        let mut looked_at = self.scheme.signatures.iter().filter_map(|own| {
            let mut names = own.headers.iter();
            names.find(|name| header::value(headers, name).is_some())
        });
        if !looked_at.any(|name| *name == found.header) {
            settings.push(format!("headers={}", found.header));
        }
        if let Some(text) = found.text {
            settings.push(format!("texts={text}"));
        }
        let mut forms: Vec<CanonicalForm> = Vec::new();
        for own in self.scheme.signatures.iter().flat_map(|own| own.forms) {
            if !forms.contains(own) {
                forms.push(*own);
            }
        }
        if !forms.contains(&found.form) {
            forms.push(found.form);
            let names: Vec<&str> = forms.into_iter().map(CanonicalForm::name).collect();
            settings.push(format!("forms={}", names.join(",")));
        }
        settings.extend(key.map(|key| format!("key={key}")));
        Some(settings.join(" ")).filter(|settings| !settings.is_empty())
    }
}

/// The provider's own ways first, then the usual ones, each with its name in the setting `texts`.
fn ways(scheme: &Scheme) -> impl Iterator<Item = (Option<&'static str>, Signature)> {
    let usual = |layout, encodings| Signature {
        layout,
        encodings,
        ..Signature::hmac(&[])
    };
    let own = scheme.signatures.iter().map(|own| (None, *own));
    own.chain([
        (Some("hex"), usual(Layout::One, &[Encoding::Hex])),
        (Some("hex,base64"), usual(Layout::One, &[Encoding::Base64])),
        (Some("hex,list"), usual(Layout::List, &[Encoding::Hex])),
        (Some("hex,base64,list"), usual(Layout::List, &[Encoding::Base64])),
        (Some("hex,timestamped"), Signature::timestamped(&[])),
    ])
}

/// Whether any header has what reads as a signature, or is one that the scheme looks at. The token is none.
pub(super) fn is_signed(delivery: &Delivery<Unverified>, scheme: &Scheme) -> bool {
    let headers = delivery.headers();
    headers.keys().map(|name| name.as_str()).any(|name| {
        let Some(value) = header::value(headers, name) else {
            return false;
        };
        let mut own = scheme.signatures.iter().flat_map(|own| own.headers);
        let is_token = scheme.token.is_some_and(|token| token.header == name);
        own.any(|own| *own == name)
            || !is_token && ways(scheme).any(|(_, way)| !text::read(&value, &way).digests.is_empty())
    })
}

/// Which secret and form the signature in the header `name` is of.
fn holds(
    delivery: &Delivery<Unverified>,
    way: &Signature,
    name: &str,
    secrets: &Secrets,
) -> Option<(String, CanonicalForm)> {
    let headers = delivery.headers();
    let mut claims = text::read(&header::value(headers, name)?, way);
    if let Some(Place::Header(time)) = way.time.map(|time| time.place) {
        claims.time = header::time(headers, time);
    }
    if claims.digests.is_empty() {
        return None;
    }
    secrets.each().find_map(|(secret, alone)| {
        let (_, form) = signed(delivery, way, &claims, &alone)?;
        Some((secret, form))
    })
}
