//! Reads a signature header. Nothing in it is trusted yet.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};
use http::HeaderMap;

use crate::provider::scheme::{Digest, Encoding, Layout, Place, Signature};
use crate::wire;

/// Further signatures in one header are ignored: each costs a digest of the body.
const MOST_DIGESTS: usize = 8;

/// A digest that the sender claims to be right, of a length that the scheme's digest can have. It has no `==` on
/// purpose: only [`Digest`](crate::provider::scheme::Digest) compares it, in constant time.
pub(super) struct SentDigest(pub(super) Vec<u8>);

pub(super) struct SignatureHeader {
    /// Empty if the header has no signature that the scheme accepts.
    pub(super) digests: Vec<SentDigest>,
    /// The time of signing, as text.
    pub(super) time: Option<String>,
}

/// Reads a header's value in the layout and encodings of `signature`, and the time in this or another of the `headers`.
pub(super) fn read(value: &[u8], signature: &Signature, headers: &HeaderMap) -> SignatureHeader {
    let value = String::from_utf8_lossy(value);
    let value = unquoted(value.trim());
    let items = || {
        value
            .split(|c: char| c == ',' || c.is_ascii_whitespace())
            .filter(|item| !item.is_empty())
    };
    let texts = match signature.layout {
        Layout::One => first_few([value]),
        // With a time, its `v1` does not sign the body alone.
        Layout::List if items().any(|item| field(item, "t").is_some()) => Vec::new(),
        Layout::List => first_few(items()),
        Layout::Fields(name) => first_few(items().filter_map(|item| field(item, name))),
        Layout::Versions(version) => {
            let after = items().zip(items().skip(1)).filter(|(own, _)| *own == version);
            first_few(after.map(|(_, text)| text))
        }
    };
    let time = match signature.time.map(|time| time.place) {
        Some(Place::Field(name)) => {
            let mut texts = items().filter_map(|item| field(item, name));
            texts.find(|text| !text.is_empty()).map(str::to_owned)
        }
        Some(Place::Header(name)) => wire::header::text(headers, name),
        None => None,
    };
    let digests = texts.into_iter().map(|text| without_name(text, signature.digest));
    SignatureHeader {
        digests: digests.filter_map(|text| decode(text, signature)).collect(),
        time,
    }
}

/// The first [`MOST_DIGESTS`] distinct `texts`.
fn first_few<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut few = Vec::new();
    for text in texts {
        if few.len() == MOST_DIGESTS {
            break;
        }
        if !few.contains(&text) {
            few.push(text);
        }
    }
    few
}

/// The text of a digest, without the quotes and the name of the algorithm or version (`sha256=`, `v1:`) that senders
/// put around it. They don't change the digest, so they are always accepted.
fn without_name(text: &str, digest: Digest) -> &str {
    let text = unquoted(text.trim());
    match text.split_once(['=', ':']) {
        Some((name, rest)) if is_name(name, digest) => unquoted(rest.trim()),
        _ => text,
    }
}

fn is_name(name: &str, digest: Digest) -> bool {
    let mut names = ["v1"].iter().chain(digest.prefixes());
    names.any(|own| own.eq_ignore_ascii_case(name))
}

/// `text` without one pair of quotes around it. In `"a","b"` the quotes belong to the items.
fn unquoted(text: &str) -> &str {
    let inside = |quote| {
        let inside = text.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inside.contains(quote)).then_some(inside)
    };
    inside('"').or_else(|| inside('\'')).unwrap_or(text)
}

fn field<'a>(item: &'a str, name: &str) -> Option<&'a str> {
    item.strip_prefix(name)?.strip_prefix('=')
}

/// The digest in the first encoding in which it has a length that is possible.
fn decode(text: &str, signature: &Signature) -> Option<SentDigest> {
    signature.encodings.iter().find_map(|encoding| {
        let bytes = match encoding {
            Encoding::Hex => {
                let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
                HEXLOWER_PERMISSIVE.decode(digits.unwrap_or(text).as_bytes()).ok()
            }
            Encoding::Base64 => base64(text),
        };
        bytes
            .filter(|bytes| signature.digest.has_length(bytes.len()))
            .map(SentDigest)
    })
}

/// Accepts both alphabets, padded or not.
fn base64(text: &str) -> Option<Vec<u8>> {
    let unpadded = text.trim_end_matches('=').as_bytes();
    let alphabets = [BASE64_NOPAD, BASE64URL_NOPAD];
    alphabets.iter().find_map(|alphabet| alphabet.decode(unpadded).ok())
}
