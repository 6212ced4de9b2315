//! What a signature header says, before anything is believed.

use std::time::Duration;

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use http::HeaderMap;

use super::{Refusal, Scheme, Text};
use crate::clock::Timestamp;

/// More signatures than this in one header are not looked at: each costs an HMAC of the body.
const MOST_CLAIMS: usize = 8;

/// SHA-256's length.
const DIGEST: usize = 32;

/// One signature that the sender claims to be right.
pub(super) struct Claim {
    pub(super) digest: [u8; DIGEST],
    /// The text of `t=`, where the content is `{t}.{body}`.
    pub(super) signed_at: Option<String>,
}

/// All signatures of one delivery.
pub(super) struct Claims {
    claims: Vec<Claim>,
    tolerance: Option<Duration>,
}

impl Claims {
    /// Reads the first header of the scheme that is present.
    pub(super) fn read(headers: &HeaderMap, scheme: &Scheme) -> Result<Self, Refusal> {
        let name = scheme
            .headers
            .iter()
            .find(|name| headers.contains_key(**name))
            .ok_or(Refusal::SignatureMissing)?;
        // A header that came twice is one list, as HTTP says (RFC 9110, 5.3).
        let values: Vec<&str> = headers
            .get_all(*name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        let claims = read_claims(&values.join(","), scheme);
        if claims.is_empty() {
            return Err(Refusal::SignatureUnreadable);
        }
        let tolerance = scheme.texts.iter().find_map(|text| match text {
            Text::Timestamped { tolerance } => Some(*tolerance),
            _ => None,
        });
        Ok(Self { claims, tolerance })
    }

    /// Drops the claims whose own timestamp is too far from `now`, before or after.
    pub(super) fn within_tolerance(mut self, now: Timestamp) -> Result<Self, Refusal> {
        let tolerance = self.tolerance.unwrap_or(Duration::ZERO);
        self.claims.retain(|claim| match &claim.signed_at {
            None => true,
            Some(text) => text.parse().is_ok_and(|seconds: i64| {
                let at = Timestamp::from_seconds(seconds);
                at.since(now).max(now.since(at)) <= tolerance
            }),
        });
        if self.claims.is_empty() {
            return Err(Refusal::SignatureExpired);
        }
        Ok(self)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Claim> {
        self.claims.iter()
    }
}

fn read_claims(value: &str, scheme: &Scheme) -> Vec<Claim> {
    let allows = |text: Text| scheme.texts.contains(&text);
    let timestamped = scheme.texts.iter().any(|text| matches!(text, Text::Timestamped { .. }));
    let items: Vec<&str> = value
        .split(|c: char| c == ',' || c.is_ascii_whitespace())
        .filter(|item| !item.is_empty())
        .collect();

    if timestamped && let Some(at) = items.iter().find_map(|item| item.strip_prefix("t=")) {
        return items
            .iter()
            .filter_map(|item| hex(item.strip_prefix("v1=")?))
            .take(MOST_CLAIMS)
            .map(|digest| Claim {
                digest,
                signed_at: Some(at.to_owned()),
            })
            .collect();
    }
    if items.len() > 1 && !allows(Text::List) {
        return Vec::new();
    }
    items
        .iter()
        .take(MOST_CLAIMS)
        .map(|item| item.strip_prefix("sha256=").unwrap_or(item))
        .filter_map(|item| hex(item).or_else(|| base64(item).filter(|_| allows(Text::Base64))))
        .map(|digest| Claim {
            digest,
            signed_at: None,
        })
        .collect()
}

fn hex(text: &str) -> Option<[u8; DIGEST]> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?.try_into().ok()
}

fn base64(text: &str) -> Option<[u8; DIGEST]> {
    BASE64.decode(text.as_bytes()).ok()?.try_into().ok()
}
