//! The cryptography. The libraries compare digests in constant time.

use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;

use super::header::SentDigest;
use crate::provider::scheme::{Digest, Encoding, Key};

impl Digest {
    /// Whether `sent` is the digest of `content` under `key`. The time that this takes does not depend on where a wrong
    /// digest begins to differ.
    pub(super) fn verify(self, sent: &SentDigest, key: &[u8], content: &[Bytes]) -> bool {
        match self {
            Self::Hmac => hmac(key, content).verify_slice(&sent.0).is_ok(),
            Self::SecretAppended => hash(key, content).as_slice().ct_eq(&sent.0).into(),
        }
    }

    /// The digest of `content` under `key`, as text.
    pub(super) fn make(self, key: &[u8], content: &[Bytes], encoding: Encoding) -> String {
        #[expect(clippy::disallowed_methods, reason = "it is written down, not compared")]
        let digest = match self {
            Self::Hmac => hmac(key, content).finalize().into_bytes(),
            Self::SecretAppended => hash(key, content),
        };
        match encoding {
            Encoding::Hex => HEXLOWER.encode(&digest),
            Encoding::Base64 => BASE64.encode(&digest),
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

fn hmac(key: &[u8], content: &[Bytes]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104, 3)")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    content.iter().for_each(|piece| mac.update(piece));
    mac
}

fn hash(secret: &[u8], content: &[Bytes]) -> sha2::digest::Output<Sha256> {
    let mut hash = Sha256::new();
    content.iter().for_each(|piece| hash.update(piece));
    hash.update(secret);
    hash.finalize()
}
