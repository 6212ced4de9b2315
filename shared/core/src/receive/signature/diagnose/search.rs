//! Tries everything that is known: every header, layout, encoding, canonical form, secret and key, and then a body or
//! secret that differs slightly.

use bytes::Bytes;

use super::{Caveat, Match};
use crate::provider::scheme::{Encoding, Key, Layout, Scheme, Signature};
use crate::receive::secrets::Secrets;
use crate::receive::signature::{header, replay, signed};
use crate::wire;
use crate::wire::delivery::{CanonicalForm, Delivery, Unverified};
use crate::wire::envelope::LONGEST_TEXT;
use crate::wire::gzip;

/// The white space that gets copied with a secret.
const PADDINGS: [(&str, &str); 5] = [("", "\n"), ("", "\r\n"), ("", " "), (" ", ""), (" ", " ")];

/// The valid signature of `delivery`. Tries first what needs the fewest changes to be accepted.
pub(super) fn find(delivery: &Delivery<Unverified>, scheme: &Scheme, secrets: &Secrets) -> Option<Match> {
    let search = Search {
        delivery,
        scheme,
        secrets,
    };
    let decompressed = || search.with_any_key(&delivery.decompressed(LONGEST_TEXT)?.ok()?);
    search
        .with_any_key(delivery)
        .or_else(decompressed)
        .or_else(|| search.with_changes())
}

struct Search<'a> {
    delivery: &'a Delivery<Unverified>,
    scheme: &'a Scheme,
    secrets: &'a Secrets,
}

impl Search<'_> {
    /// With the key that the scheme reads from a secret, then with others. `delivery` is the received one or the same
    /// decompressed.
    fn with_any_key(&self, delivery: &Delivery<Unverified>) -> Option<Match> {
        let keys = [
            (None, None),
            (Some("text"), Some(Key::Text)),
            (Some("base64"), Some(Key::Base64After("whsec_"))),
            (Some("hex"), Some(Key::Hex)),
        ];
        keys.into_iter().find_map(|(setting, key)| {
            let found = self.in_any_header(delivery, self.secrets, key)?;
            let timestamped = replay::is_timestamped(delivery.body(), self.scheme) && found.form == CanonicalForm::Raw;
            let timestamped = timestamped.then_some(Caveat::TimestampInBody);
            let obstacle = self.obstacle(&found, key);
            Some(Match {
                settings: self.settings(&found, setting).filter(|_| obstacle.is_none()),
                caveat: timestamped.or(found.caveat).or(obstacle),
                ..found
            })
        })
    }

    /// With another body than the received one, or a secret that differs slightly from the stored one. No setting
    /// accepts these.
    fn with_changes(&self) -> Option<Match> {
        let found = |caveat, delivery: &Delivery<Unverified>, secrets: &Secrets| {
            let found = self.in_any_header(delivery, secrets, None)?;
            Some(Match {
                caveat: Some(caveat),
                settings: self.settings(&found, None),
                ..found
            })
        };
        let with_body = |caveat, body: Bytes| {
            let (id, at) = (self.delivery.id(), self.delivery.received_at());
            let other = Delivery::received(id, at, self.delivery.headers().clone(), body);
            found(caveat, &other, self.secrets)
        };
        let body = self.delivery.body();
        let decompressed = gzip::decompress(body, LONGEST_TEXT).ok();
        let empty = body.is_empty().then_some(Bytes::from_static(b"{}"));
        decompressed
            .and_then(|body| with_body(Caveat::SignedBeforeGzip, body.into()))
            .or_else(|| with_body(Caveat::EmptyBody, empty?))
            .or_else(|| {
                PADDINGS.into_iter().find_map(|(before, after)| {
                    let padded = self.secrets.padded(before, after);
                    found(Caveat::PaddedSecret, self.delivery, &padded)
                })
            })
    }

    /// Tries each way of signing in every header.
    fn in_any_header(&self, delivery: &Delivery<Unverified>, secrets: &Secrets, key: Option<Key>) -> Option<Match> {
        ways(self.scheme).find_map(|(encodings, way)| {
            let mut names = delivery.headers().keys();
            names.find_map(|name| {
                // Forms that are already allowed need no setting, so they come first.
                let allowed = self.scheme.signatures.iter().map(|own| own.forms);
                let (secret, form) = allowed.chain([&CanonicalForm::ALL[..]]).find_map(|forms| {
                    let key = key.unwrap_or(way.key);
                    in_header(delivery, &Signature { forms, key, ..way }, name.as_str(), secrets)
                })?;
                Some(Match {
                    header: name.to_string(),
                    encodings,
                    form,
                    secret,
                    caveat: delivery.body().is_empty().then_some(Caveat::EmptyBody),
                    settings: None,
                })
            })
        })
    }

    /// Why a setting would not help: the function would not start with it, or could not read a secret.
    fn obstacle(&self, found: &Match, key: Option<Key>) -> Option<Caveat> {
        if self.scheme.token.is_some_and(|token| token.header == found.header) {
            return Some(Caveat::TokenHeader);
        }
        let key = key?;
        let mut others = self.secrets.signing();
        others
            .any(|secret| key.of(secret).is_none())
            .then_some(Caveat::OtherSecrets)
    }

    /// The settings with which the verifier finds this signature.
    fn settings(&self, found: &Match, key: Option<&'static str>) -> Option<String> {
        let headers = self.delivery.headers();
        let mut settings = Vec::new();
        let mut used = self.scheme.signatures.iter().filter_map(|own| {
            let mut names = own.headers.iter();
            names.find(|name| wire::header::value(headers, name).is_some())
        });
        if !used.any(|name| *name == found.header) {
            settings.push(format!("headers={}", found.header));
        }
        settings.extend(found.encodings.map(|encodings| format!("encodings={encodings}")));
        let mut forms: Vec<&str> = Vec::new();
        let allowed = self.scheme.signatures.iter().flat_map(|own| own.forms);
        for name in allowed.chain([&found.form]).map(|form| form.name()) {
            if !forms.contains(&name) {
                forms.push(name);
            }
        }
        if !self.scheme.signatures.iter().any(|own| own.forms.contains(&found.form)) {
            settings.push(format!("forms={}", forms.join(",")));
        }
        settings.extend(key.map(|key| format!("key={key}")));
        Some(settings.join(" ")).filter(|settings| !settings.is_empty())
    }
}

/// The scheme's own ways of signing, then the usual ones, each with its value of the setting `encodings`.
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

/// Whether any header reads as a signature, or is one of the scheme's signature headers. The token does not count.
pub(super) fn is_signed(delivery: &Delivery<Unverified>, scheme: &Scheme) -> bool {
    let headers = delivery.headers();
    headers.keys().map(|name| name.as_str()).any(|name| {
        let Some(value) = wire::header::value(headers, name) else {
            return false;
        };
        let mut own = scheme.signatures.iter().flat_map(|own| own.headers);
        let is_token = scheme.token.is_some_and(|token| token.header == name);
        own.any(|own| *own == name)
            || !is_token && ways(scheme).any(|(_, way)| !header::read(&value, &way, headers).digests.is_empty())
    })
}

/// The secret and canonical form of a valid signature in the header `name`.
fn in_header(
    delivery: &Delivery<Unverified>,
    way: &Signature,
    name: &str,
    secrets: &Secrets,
) -> Option<(String, CanonicalForm)> {
    let headers = delivery.headers();
    let sent = header::read(&wire::header::value(headers, name)?, way, headers);
    if sent.digests.is_empty() {
        return None;
    }
    secrets.each().find_map(|(secret, alone)| {
        let (_, form) = signed(delivery, way, &sent, &alone)?;
        Some((secret, form))
    })
}
