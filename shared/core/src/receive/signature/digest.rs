//! The cryptography. The libraries compare digests in constant time.

use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER, HEXLOWER_PERMISSIVE};
use hmac::{KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

use super::header::SentDigest;
use crate::provider::scheme::{Digest, Encoding, Function, Key};

/// A piece of the signed content.
pub(crate) enum Piece {
    Bytes(Bytes),
    /// The secret, which stands there.
    Secret,
}

/// A digest that was made with the secret. It has no `==` on purpose.
pub(crate) struct Made(Vec<u8>);

impl Digest {
    /// Whether one of `sent` is the digest of `content` under `key`. The time that this takes does not depend on where
    /// a wrong digest begins to differ.
    pub(super) fn verifies(self, sent: &[SentDigest], key: &[u8], content: &[Piece]) -> bool {
        match self.function() {
            Function::Shared(make) => {
                let made = make(key, content);
                sent.iter().any(|sent| made.is(sent))
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
        let Made(digest) = make(key, content);
        Some(match encoding {
            Encoding::Hex => HEXLOWER.encode(&digest),
            Encoding::Base64 => BASE64.encode(&digest),
        })
    }
}

impl Made {
    fn is(&self, sent: &SentDigest) -> bool {
        self.0.ct_eq(&sent.0).into()
    }
}

impl Piece {
    fn bytes<'a>(&'a self, secret: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Secret => secret,
        }
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

/// The HMAC `M` of `content`.
pub(crate) fn mac<M: Mac + KeyInit>(key: &[u8], content: &[Piece]) -> Made {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104, 3)")]
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    content.iter().for_each(|piece| mac.update(piece.bytes(key)));
    #[expect(clippy::disallowed_methods, reason = "`Made` compares it, in constant time")]
    let digest = mac.finalize().into_bytes();
    Made(digest.to_vec())
}

/// The hash `H` of `content`, with the secret where the content has it, or else at the end: nobody without the secret
/// can make it.
pub(crate) fn hash<H: sha2::Digest>(secret: &[u8], content: &[Piece]) -> Made {
    let mut hash = H::new();
    content.iter().for_each(|piece| hash.update(piece.bytes(secret)));
    if !content.iter().any(|piece| matches!(piece, Piece::Secret)) {
        hash.update(secret);
    }
    Made(hash.finalize().to_vec())
}
