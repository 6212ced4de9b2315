//! What a signature header says, before anything is believed.

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use http::HeaderMap;

use super::scheme::{Encoding, Layout, Place, Signature};

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

/// The value of the first of `names` that is present. A header that came twice is one list, as
/// HTTP says (RFC 9110, 5.3).
pub(super) fn first_present(headers: &HeaderMap, names: &[&str]) -> Option<String> {
    let name = names.iter().find(|name| headers.contains_key(**name))?;
    let values: Vec<&str> = headers
        .get_all(*name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    Some(values.join(", "))
}

/// Reads a header's value as `signature` writes it. No digests: it holds none that is accepted.
pub(super) fn read(value: &str, signature: &Signature) -> Claims {
    let items = |separators: fn(char) -> bool| value.split(separators).filter(|item| !item.is_empty());
    let comma_or_space = |c: char| c == ',' || c.is_ascii_whitespace();
    let texts: Vec<&str> = match signature.layout {
        Layout::One => vec![without_algorithm(value.trim())],
        Layout::List => items(comma_or_space).map(without_algorithm).collect(),
        Layout::Fields(name) => items(comma_or_space).filter_map(|item| field(item, name)).collect(),
        Layout::Versions(version) => items(|c| c.is_ascii_whitespace())
            .filter_map(|item| item.split_once(','))
            .filter(|(own, _)| *own == version)
            // Of a header that came twice, the comma between.
            .map(|(_, text)| text.trim_end_matches(','))
            .collect(),
    };
    let time = match signature.time.map(|time| time.place) {
        Some(Place::Field(name)) => items(comma_or_space).find_map(|item| field(item, name)),
        _ => None,
    };
    Claims {
        digests: texts
            .into_iter()
            .take(MOST_CLAIMS)
            .filter_map(|text| decode(text, signature.encodings))
            .collect(),
        time: time.map(str::to_owned),
    }
}

fn without_algorithm(text: &str) -> &str {
    text.strip_prefix("sha256=").unwrap_or(text)
}

fn field<'a>(item: &'a str, name: &str) -> Option<&'a str> {
    item.strip_prefix(name)?.strip_prefix('=')
}

fn decode(text: &str, encodings: &[Encoding]) -> Option<Claim> {
    encodings.iter().find_map(|encoding| {
        let bytes = match encoding {
            Encoding::Hex => HEXLOWER_PERMISSIVE.decode(text.as_bytes()),
            Encoding::Base64 => BASE64.decode(text.as_bytes()),
        };
        bytes.ok()?.try_into().ok().map(Claim)
    })
}
