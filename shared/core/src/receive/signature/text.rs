//! What a signature header says, before anything is believed.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};

use crate::provider::scheme::{Encoding, Layout, Place, Signature};

/// More signatures than this in one header are not looked at: each costs a digest of the body.
const MOST_CLAIMS: usize = 8;

/// SHA-256's length.
const LENGTH: usize = 32;

/// The digest that a sender claims to be right. It can be compared by
/// [`Digest`](super::Digest) alone, in constant time: on purpose it has no `==`.
pub(super) struct Claim(pub(super) [u8; LENGTH]);

/// All that one header claims.
pub(super) struct Claims {
    pub(super) digests: Vec<Claim>,
    /// The text of the time beside them.
    pub(super) time: Option<String>,
}

/// Reads a header's value as `signature` writes it. No digests: it holds none that is accepted.
pub(super) fn read(value: &[u8], signature: &Signature) -> Claims {
    let value = String::from_utf8_lossy(value);
    let value = unquoted(value.trim());
    let items = || {
        value
            .split(|c: char| c == ',' || c.is_ascii_whitespace())
            .filter(|item| !item.is_empty())
    };
    let texts = match signature.layout {
        Layout::One => first_few([value]),
        // With a time it is no list of signatures over the body alone, whatever its `v1` says.
        Layout::List if items().any(|item| field(item, "t").is_some()) => Vec::new(),
        Layout::List => first_few(items()),
        Layout::Fields(name) => first_few(items().filter_map(|item| field(item, name))),
        Layout::Versions(version) => {
            let after = items().zip(items().skip(1)).filter(|(own, _)| *own == version);
            first_few(after.map(|(_, text)| text))
        }
    };
    let time = match signature.time.map(|time| time.place) {
        Some(Place::Field(name)) => items()
            .filter_map(|item| field(item, name))
            .find(|text| !text.is_empty()),
        _ => None,
    };
    Claims {
        digests: texts
            .into_iter()
            .filter_map(|text| decode(bare(text), signature.encodings))
            .collect(),
        time: time.map(str::to_owned),
    }
}

/// The first [`MOST_CLAIMS`] of `texts`, each once.
fn first_few<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut few = Vec::new();
    for text in texts {
        if few.len() == MOST_CLAIMS {
            break;
        }
        if !few.contains(&text) {
            few.push(text);
        }
    }
    few
}

/// A digest's text without what senders put around it: quotes, and the name of the algorithm or of
/// the version before `=` or `:`. It is the same digest, so that all of this is always accepted.
fn bare(text: &str) -> &str {
    const NAMES: [&str; 4] = ["sha256", "sha-256", "hmac-sha256", "v1"];
    let text = unquoted(text.trim());
    match text.split_once(['=', ':']) {
        Some((name, rest)) if NAMES.iter().any(|own| own.eq_ignore_ascii_case(name)) => unquoted(rest.trim()),
        _ => text,
    }
}

/// `text` without one pair of quotes around it. Those of `"a","b"` are around its items.
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

fn decode(text: &str, encodings: &[Encoding]) -> Option<Claim> {
    encodings.iter().find_map(|encoding| {
        let bytes = match encoding {
            Encoding::Hex => {
                let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
                HEXLOWER_PERMISSIVE.decode(digits.unwrap_or(text).as_bytes()).ok()
            }
            Encoding::Base64 => base64(text),
        };
        bytes?.try_into().ok().map(Claim)
    })
}

/// Either alphabet, padded or not.
fn base64(text: &str) -> Option<Vec<u8>> {
    let unpadded = text.trim_end_matches('=').as_bytes();
    let alphabets = [BASE64_NOPAD, BASE64URL_NOPAD];
    alphabets.iter().find_map(|alphabet| alphabet.decode(unpadded).ok())
}
