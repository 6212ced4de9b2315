//! The cryptography. The libraries compare digests in constant time.

use data_encoding::{BASE64, HEXLOWER, HEXLOWER_PERMISSIVE};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

use super::header::SentDigest;
use crate::provider::scheme::{Digest, Encoding, Function, Key, Piece};

impl Digest {
    /// Whether one of `sent` is the digest of `content` under `key`. The time that this takes does not depend on where
    /// a wrong digest begins to differ.
    pub(super) fn verifies(self, sent: &[SentDigest], key: &[u8], content: &[Piece]) -> bool {
        match self.function() {
            Function::Shared(make) => {
                let made = make(key, content);
                sent.iter().any(|sent| made.is(&sent.0))
            }
            Function::Public { check, .. } => {
                let content = content.iter().map(|piece| piece.bytes(key));
                let content = content.collect::<Vec<_>>().concat();
                sent.iter().any(|sent| check(key, &content, &sent.0))
            }
        }
    }

    /// The digest of `content` under `key`, as text; `None` if only the provider can make it.
    pub(super) fn make(self, key: &[u8], content: &[Piece], encoding: Encoding) -> Option<String> {
        let Function::Shared(make) = self.function() else {
            return None;
        };
        let digest = make(key, content).into_bytes();
        Some(match encoding {
            Encoding::Hex => HEXLOWER.encode(&digest),
            Encoding::Base64 => BASE64.encode(&digest),
        })
    }
}

impl Key {
    /// The key in `secret`; `None` if the secret is not written as it should be.
    pub(crate) fn of(self, secret: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Text => Some(secret.to_vec()),
            Self::Base64After(prefix) => {
                let text = secret.strip_prefix(prefix.as_bytes()).unwrap_or(secret);
                BASE64.decode(text).ok().filter(|key| !key.is_empty())
            }
            Self::Hex => HEXLOWER_PERMISSIVE.decode(secret).ok().filter(|key| !key.is_empty()),
        }
    }
}

/// Whether `sent` is `token`. Compares digests, so that the time does not reveal the token's length either.
pub(super) fn same_token(sent: &[u8], token: &[u8]) -> bool {
    let (sent, token) = (Sha256::digest(sent), Sha256::digest(token));
    sent.as_slice().ct_eq(token.as_slice()).into()
}
