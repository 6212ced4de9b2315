//! Tries everything that is known: every header, layout, encoding, canonical form, secret and key, and then a body or
//! secret that differs slightly.

use bytes::Bytes;

use super::{Carrier, Caveat, Match};
use crate::provider::scheme::{Digest, Encoding, Key, Layout, Place, Scheme, Signature, plain, timestamped};
use crate::receive::secrets::Secrets;
use crate::receive::signature::{content, header, replay, signed};
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
        .or_else(|| search.with_other_digests())
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
            let found = self.in_any_place(delivery, self.secrets, |way| Signature {
                key: key.unwrap_or(way.key),
                ..way
            })?;
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
            let found = self.in_any_place(delivery, secrets, |way| way)?;
            Some(Match {
                caveat: Some(caveat),
                settings: self.settings(&found, None),
                ..found
            })
        };
        let with_body = |caveat, body: Bytes| {
            let (id, at) = (self.delivery.id(), self.delivery.received_at());
            let other = Delivery::received(id, at, self.delivery.headers().clone(), body);
            let other = other.with_query(self.delivery.query());
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

    /// With another function of secret and content than the scheme's: an HMAC or a hash, since others need a key of
    /// another kind.
    fn with_other_digests(&self) -> Option<Match> {
        let expected = self.scheme.signatures.first().map(|own| own.digest)?;
        // With a public key, anybody could have made them.
        if self.scheme.has_public_key() {
            return None;
        }
        let mut others = Digest::SHARED.into_iter().filter(|made| *made != expected);
        others.find_map(|made| {
            let with_digest = |way| Signature { digest: made, ..way };
            let found = self.in_any_place(self.delivery, self.secrets, with_digest)?;
            Some(Match {
                caveat: Some(Caveat::OtherDigest { made, expected }),
                ..found
            })
        })
    }

    /// Tries each way of signing, as `change` makes it, in every header and in its own member.
    fn in_any_place(
        &self,
        delivery: &Delivery<Unverified>,
        secrets: &Secrets,
        change: impl Fn(Signature) -> Signature,
    ) -> Option<Match> {
        ways(self.scheme).find_map(|(encodings, way)| {
            let way = change(way);
            let names = delivery.headers().keys();
            let headers = names.map(|name| Carrier::Header(name.to_string()));
            let mut places = headers.chain(way.member.map(Carrier::Member));
            places.find_map(|carrier| {
                // Forms that are already allowed need no setting, so they come first.
                let allowed = self.scheme.signatures.iter().map(|own| own.forms);
                let (secret, form) = allowed
                    .chain([&CanonicalForm::ALL[..]])
                    .find_map(|forms| in_place(delivery, &Signature { forms, ..way }, &carrier, secrets))?;
                Some(Match {
                    carrier,
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
        if let (Some(token), Carrier::Header(header)) = (self.scheme.token, &found.carrier)
            && token.header == header
        {
            return Some(Caveat::TokenHeader);
        }
        let key = key?;
        let mut others = self.secrets.signing();
        others
            .any(|secret| key.of(secret).is_none())
            .then_some(Caveat::OtherSecrets)
    }

    /// The settings with which the verifier finds this signature. They add to what the scheme accepts: with the found
    /// header alone, deliveries that verify today would be refused.
    fn settings(&self, found: &Match, key: Option<&'static str>) -> Option<String> {
        let headers = self.delivery.headers();
        let mut settings = Vec::new();
        let (mut names, mut used) = (Vec::new(), Vec::new());
        for name in self.scheme.signatures.iter().flat_map(|own| own.headers) {
            if !names.contains(name) {
                names.push(*name);
            }
        }
        for own in self.scheme.signatures {
            let mut names = own.headers.iter();
            used.extend(names.find(|name| wire::header::value(headers, name).is_some()));
        }
        if let Carrier::Header(header) = &found.carrier
            && !used.contains(&header.as_str())
        {
            names.retain(|name| name != header);
            // The first one present counts, so one that this delivery has as well must come after.
            let place = if used.is_empty() { names.len() } else { 0 };
            names.insert(place, header);
            settings.push(format!("headers={}", names.join(",")));
        }
        settings.extend(
            found
                .encodings
                .map(|found| format!("encodings={}", self.encodings_with(found))),
        );
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

    /// The value of the setting `encodings` that reads `found` and what the scheme reads.
    fn encodings_with(&self, found: &str) -> String {
        let own = self.scheme.signatures;
        // Where a field carries the signature and its time, only `timestamped` reads it.
        let beside = |way: &&Signature| matches!(way.time.map(|time| time.place), Some(Place::Field(_)));
        let plain = || own.iter().filter(|way| !beside(way));
        let reads = |name: &&str| {
            found.split(',').any(|found| found == *name)
                || match *name {
                    "base64" => plain().any(|way| way.encodings.contains(&Encoding::Base64)),
                    "list" => plain().any(|way| way.layout == Layout::List),
                    "timestamped" => own.iter().any(|way| beside(&way)),
                    // Whatever was found reads it.
                    _ => false,
                }
        };
        let names = ["hex", "base64", "list", "timestamped"].into_iter().filter(reads);
        names.collect::<Vec<_>>().join(",")
    }
}

/// The scheme's own ways of signing, then the usual ones, each with its value of the setting `encodings`.
fn ways(scheme: &Scheme) -> impl Iterator<Item = (Option<&'static str>, Signature)> {
    let plain = plain(scheme.signatures).unwrap_or(Signature::hmac(&[]));
    let timestamped = timestamped(scheme.signatures).unwrap_or(Signature::timestamped(&[]));
    let usual = move |layout, encodings| Signature {
        layout,
        encodings,
        ..plain
    };
    let own = scheme.signatures.iter().map(|own| (None, *own));
    own.chain([
        (Some("hex"), usual(Layout::One, &[Encoding::Hex])),
        (Some("hex,base64"), usual(Layout::One, &[Encoding::Base64])),
        (Some("hex,list"), usual(Layout::List, &[Encoding::Hex])),
        (Some("hex,base64,list"), usual(Layout::List, &[Encoding::Base64])),
        (Some("hex,timestamped"), timestamped),
    ])
}

/// Whether any header reads as a signature, or is one of the scheme's signature headers, or its member is there. The
/// token does not count.
pub(super) fn is_signed(delivery: &Delivery<Unverified>, scheme: &Scheme) -> bool {
    let headers = delivery.headers();
    let mut members = scheme.signatures.iter().filter_map(|own| own.member);
    if members.any(|member| content::member(delivery, member).is_some()) {
        return true;
    }
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

/// The secret and canonical form of a valid signature in this place.
fn in_place(
    delivery: &Delivery<Unverified>,
    way: &Signature,
    carrier: &Carrier,
    secrets: &Secrets,
) -> Option<(String, CanonicalForm)> {
    let headers = delivery.headers();
    let value = match carrier {
        Carrier::Header(name) => wire::header::value(headers, name)?,
        Carrier::Member(member) => content::member(delivery, *member)?,
    };
    let sent = header::read(&value, way, headers);
    if sent.digests.is_empty() {
        return None;
    }
    secrets.each().find_map(|(secret, alone)| {
        let (_, form) = signed(delivery, way, &sent, &alone)?;
        Some((secret, form))
    })
}
