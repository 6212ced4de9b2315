//! The functions that bind a signature to a secret.

mod public_key;
mod shared;

use std::fmt;

use hmac::Hmac;
use md5::Md5;
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

pub(crate) use shared::{Made, Piece};
use shared::{hash, mac};

/// The function of secret and content that makes a signature, or that checks one: a constant that brings its algorithm.
/// A verify function links the algorithms that its provider names, and no others.
///
/// There are three kinds:
///
/// - an HMAC of the content (RFC 2104), the usual one;
/// - `…_WITH_SECRET`: a hash of the content and the secret. The secret is where the content has
///   [`Part::Secret`](super::Part::Secret), or follows the content if it has none, so there is no hash without it.
///   HMAC would have been right, but providers still use it;
/// - RSA and Ed25519: made with a private key that only the provider has. What is stored as the signing secret is its
///   public key: see [`Key`](super::Key).
///
/// ```
/// use acuse_core::provider::scheme::{Digest, Encoding, Signature};
///
/// /// RSA over SHA-256 of the body, in base64.
/// const CONEKTA: Signature = Signature {
///     encodings: &[Encoding::Base64],
///     digest: Digest::RSA_PKCS1_SHA256,
///     ..Signature::hmac(&["digest"])
/// };
/// assert!(CONEKTA.digest.is_public());
/// ```
#[derive(Clone, Copy)]
pub struct Digest {
    name: &'static str,
    constant: &'static str,
    /// What senders write before it.
    prefixes: &'static [&'static str],
    shortest: usize,
    longest: usize,
    function: Function,
}

#[derive(Clone, Copy)]
pub(crate) enum Function {
    /// Sender and receiver make the same digest with the secret that they share.
    Shared(fn(secret: &[u8], content: &[Piece]) -> Made),
    /// The receiver can only check it.
    Public {
        check: fn(key: &[u8], content: &[u8], signature: &[u8]) -> bool,
        is_key: fn(key: &[u8]) -> bool,
        /// What [`is_key`] accepts.
        key: &'static str,
    },
}

impl Digest {
    /// HMAC-SHA256, which nearly every provider uses.
    pub const HMAC_SHA256: Self = Self::shared("HMAC-SHA256", "HMAC_SHA256", SHA_256, 32, mac::<Hmac<Sha256>>);
    /// HMAC-SHA1. SHA-1's collisions do not break it, but nothing new should use it.
    pub const HMAC_SHA1: Self = Self::shared("HMAC-SHA1", "HMAC_SHA1", SHA_1, 20, mac::<Hmac<Sha1>>);
    /// HMAC-SHA384.
    pub const HMAC_SHA384: Self = Self::shared("HMAC-SHA384", "HMAC_SHA384", SHA_384, 48, mac::<Hmac<Sha384>>);
    /// HMAC-SHA512.
    pub const HMAC_SHA512: Self = Self::shared("HMAC-SHA512", "HMAC_SHA512", SHA_512, 64, mac::<Hmac<Sha512>>);

    /// SHA-256 of the content with the secret in it.
    pub const SHA256_WITH_SECRET: Self = Self::shared(
        "SHA-256 with the secret",
        "SHA256_WITH_SECRET",
        SHA_256,
        32,
        hash::<Sha256>,
    );
    /// SHA-384 of the content with the secret in it.
    pub const SHA384_WITH_SECRET: Self = Self::shared(
        "SHA-384 with the secret",
        "SHA384_WITH_SECRET",
        SHA_384,
        48,
        hash::<Sha384>,
    );
    /// SHA-512 of the content with the secret in it.
    pub const SHA512_WITH_SECRET: Self = Self::shared(
        "SHA-512 with the secret",
        "SHA512_WITH_SECRET",
        SHA_512,
        64,
        hash::<Sha512>,
    );
    /// SHA-1 of the content with the secret in it. Only for a provider that offers nothing better.
    pub const SHA1_WITH_SECRET: Self =
        Self::shared("SHA-1 with the secret", "SHA1_WITH_SECRET", SHA_1, 20, hash::<Sha1>);
    /// MD5 of the content with the secret in it. Only for a provider that offers nothing better: whoever gets it to
    /// sign a text of their choice can find another text with the same digest.
    pub const MD5_WITH_SECRET: Self = Self::shared("MD5 with the secret", "MD5_WITH_SECRET", &["md5"], 16, hash::<Md5>);

    /// RSA with PKCS #1 v1.5 padding and SHA-256, by keys of 2,048 to 8,192 bits.
    pub const RSA_PKCS1_SHA256: Self = Self::rsa("RSA-SHA256", "RSA_PKCS1_SHA256", public_key::rsa_pkcs1);
    /// RSA with PSS padding, SHA-256 and a salt of 32 bytes, by keys of 2,048 to 8,192 bits.
    pub const RSA_PSS_SHA256: Self = Self::rsa("RSA-PSS-SHA256", "RSA_PSS_SHA256", public_key::rsa_pss);
    /// Ed25519 (RFC 8032).
    pub const ED25519: Self = Self {
        name: "Ed25519",
        constant: "ED25519",
        prefixes: &["ed25519"],
        shortest: 64,
        longest: 64,
        function: Function::Public {
            check: public_key::ed25519,
            is_key: public_key::is_ed25519,
            key: "an Ed25519 public key",
        },
    };

    /// Those that [`diagnose`](crate::receive::signature::diagnose) tries beside the scheme's own.
    pub(crate) const SHARED: [Self; 9] = [
        Self::HMAC_SHA256,
        Self::HMAC_SHA512,
        Self::HMAC_SHA1,
        Self::HMAC_SHA384,
        Self::SHA256_WITH_SECRET,
        Self::SHA512_WITH_SECRET,
        Self::SHA1_WITH_SECRET,
        Self::SHA384_WITH_SECRET,
        Self::MD5_WITH_SECRET,
    ];

    const fn shared(
        name: &'static str,
        constant: &'static str,
        prefixes: &'static [&'static str],
        length: usize,
        function: fn(&[u8], &[Piece]) -> Made,
    ) -> Self {
        Self {
            name,
            constant,
            prefixes,
            shortest: length,
            longest: length,
            function: Function::Shared(function),
        }
    }

    const fn rsa(name: &'static str, constant: &'static str, check: fn(&[u8], &[u8], &[u8]) -> bool) -> Self {
        Self {
            name,
            constant,
            prefixes: &["sha256", "sha-256", "rsa-sha256"],
            shortest: 256,
            longest: 1024,
            function: Function::Public {
                check,
                is_key: public_key::is_rsa,
                key: "an RSA public key of 2,048 to 8,192 bits",
            },
        }
    }

    /// The name for people: `HMAC-SHA256`.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// The name in a provider's file: `HMAC_SHA256`.
    pub const fn constant(self) -> &'static str {
        self.constant
    }

    /// Whether it is made with a private key that only the provider has, so that nothing else can sign.
    pub const fn is_public(self) -> bool {
        matches!(self.function, Function::Public { .. })
    }

    /// The names of the algorithm that senders write before it: `sha256=…`.
    pub(crate) const fn prefixes(self) -> &'static [&'static str] {
        self.prefixes
    }

    /// Whether a digest may have this many bytes.
    pub(crate) const fn has_length(self, bytes: usize) -> bool {
        self.shortest <= bytes && bytes <= self.longest
    }

    pub(crate) const fn function(self) -> Function {
        self.function
    }

    /// What a key should be, unless `key` is one. Anything is the key of a shared digest.
    pub(crate) fn wrong_key(self, key: &[u8]) -> Option<&'static str> {
        match self.function {
            Function::Public {
                is_key, key: wanted, ..
            } if !is_key(key) => Some(wanted),
            _ => None,
        }
    }
}

const SHA_1: &[&str] = &["sha1", "sha-1", "hmac-sha1"];
const SHA_256: &[&str] = &["sha256", "sha-256", "hmac-sha256"];
const SHA_384: &[&str] = &["sha384", "sha-384", "hmac-sha384"];
const SHA_512: &[&str] = &["sha512", "sha-512", "hmac-sha512"];

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.constant == other.constant
    }
}

impl Eq for Digest {}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.constant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_a_name_for_people_and_one_for_providers_files() {
        let digest = Digest::SHA1_WITH_SECRET;
        assert_eq!(digest.name(), "SHA-1 with the secret");
        assert_eq!(digest.constant(), "SHA1_WITH_SECRET");
        assert_eq!(format!("{digest:?}"), "SHA1_WITH_SECRET");
    }
}
