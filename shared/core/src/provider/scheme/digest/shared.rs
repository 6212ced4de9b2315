//! Digests that sender and receiver make with the secret that they share.

use bytes::Bytes;
use hmac::{KeyInit, Mac};
use subtle::ConstantTimeEq;

/// A piece of the signed content.
pub(crate) enum Piece {
    Bytes(Bytes),
    /// The secret, which stands there.
    Secret,
}

/// A digest that was made with the secret. It has no `==` on purpose.
pub(crate) struct Made(Vec<u8>);

impl Made {
    /// Whether `sent` is the same, in a time that does not depend on where it begins to differ.
    pub(crate) fn is(&self, sent: &[u8]) -> bool {
        self.0.ct_eq(sent).into()
    }

    /// The bytes, to be written down, never compared.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl Piece {
    /// The bytes of this piece, with `secret`.
    pub(crate) fn bytes<'a>(&'a self, secret: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Secret => secret,
        }
    }
}

/// The HMAC `M` of `content`.
pub(super) fn mac<M: Mac + KeyInit>(key: &[u8], content: &[Piece]) -> Made {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104, 3)")]
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    content.iter().for_each(|piece| mac.update(piece.bytes(key)));
    #[expect(clippy::disallowed_methods, reason = "`Made` compares it, in constant time")]
    let digest = mac.finalize().into_bytes();
    Made(digest.to_vec())
}

/// The hash `H` of `content`, with the secret where the content has it, or else at the end: nobody without the secret
/// can make it.
pub(super) fn hash<H: sha2::Digest>(secret: &[u8], content: &[Piece]) -> Made {
    let mut hash = H::new();
    content.iter().for_each(|piece| hash.update(piece.bytes(secret)));
    if !content.iter().any(|piece| matches!(piece, Piece::Secret)) {
        hash.update(secret);
    }
    Made(hash.finalize().to_vec())
}

#[cfg(test)]
mod tests;
