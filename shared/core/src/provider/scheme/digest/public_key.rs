//! Signatures that are made with a private key and checked with the public one.
//!
//! A public key is not secret, but it is stored and rotated like a secret, so that the provider's own documentation and
//! `acuse secrets` say the same.

use std::borrow::Cow;

use data_encoding::BASE64;
use ring::signature::{self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};
use spki::der::asn1::UintRef;
use spki::der::{Decode, Reader, SliceReader};
use spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

/// The kinds of keys (RFC 8017, A.1, and RFC 8410, 3).
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// What `ring` accepts, in bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

type RsaKey = RsaPublicKeyComponents<Vec<u8>>;

pub(super) fn rsa_pkcs1(key: &[u8], content: &[u8], signature: &[u8]) -> bool {
    rsa_verifies(&signature::RSA_PKCS1_2048_8192_SHA256, key, content, signature)
}

pub(super) fn rsa_pss(key: &[u8], content: &[u8], signature: &[u8]) -> bool {
    rsa_verifies(&signature::RSA_PSS_2048_8192_SHA256, key, content, signature)
}

pub(super) fn ed25519(key: &[u8], content: &[u8], signature: &[u8]) -> bool {
    let key = ed25519_key(key).map(|key| UnparsedPublicKey::new(&signature::ED25519, key));
    key.is_some_and(|key| key.verify(content, signature).is_ok())
}

pub(super) fn is_rsa(key: &[u8]) -> bool {
    rsa_key(key).is_some()
}

pub(super) fn is_ed25519(key: &[u8]) -> bool {
    ed25519_key(key).is_some()
}

fn rsa_verifies(padding: &RsaParameters, key: &[u8], content: &[u8], signature: &[u8]) -> bool {
    rsa_key(key).is_some_and(|key| key.verify(padding, content, signature).is_ok())
}

/// An RSA key in PEM or DER, with or without its kind (`PUBLIC KEY`, `RSA PUBLIC KEY`).
fn rsa_key(key: &[u8]) -> Option<RsaKey> {
    let der = der(key, &["PUBLIC KEY", "RSA PUBLIC KEY"])?;
    let numbers = match SubjectPublicKeyInfoRef::from_der(&der) {
        Ok(info) if [RSA, RSA_PSS].contains(&info.algorithm.oid) => info.subject_public_key.as_bytes()?,
        Ok(_) => return None,
        Err(_) => &der,
    };
    let mut reader = SliceReader::new(numbers).ok()?;
    let numbers =
        reader.sequence(|reader| Ok::<_, spki::der::Error>((UintRef::decode(reader)?, UintRef::decode(reader)?)));
    let (modulus, exponent) = numbers.ok()?;
    reader.finish().ok()?;
    let (n, e) = (modulus.as_bytes().to_vec(), exponent.as_bytes().to_vec());
    let zeros = usize::try_from(n.first()?.leading_zeros()).ok()?;
    let is_usable = RSA_BITS.contains(&(n.len() * 8 - zeros)) && (1..=5).contains(&e.len()) && *e.last()? % 2 == 1;
    is_usable.then_some(RsaPublicKeyComponents { n, e })
}

/// An Ed25519 key in PEM or DER, or its 32 bytes.
fn ed25519_key(key: &[u8]) -> Option<[u8; 32]> {
    if let Ok(raw) = key.try_into() {
        return Some(raw);
    }
    let der = der(key, &["PUBLIC KEY"])?;
    let info = SubjectPublicKeyInfoRef::from_der(&der).ok()?;
    let raw = info.subject_public_key.as_bytes()?;
    raw.try_into().ok().filter(|_| info.algorithm.oid == ED25519)
}

/// The DER in `key`, which is PEM with one of these labels or DER itself.
fn der<'a>(key: &'a [u8], labels: &[&str]) -> Option<Cow<'a, [u8]>> {
    const DASHES: &str = "-----";
    if !key.starts_with(DASHES.as_bytes()) {
        return Some(Cow::Borrowed(key));
    }
    // A PEM that was copied out of JSON has `\n` in place of line breaks.
    let text = std::str::from_utf8(key).ok()?.replace("\\r", "").replace("\\n", "\n");
    labels.iter().find_map(|label| {
        let after = text.strip_prefix(&format!("{DASHES}BEGIN {label}{DASHES}"))?;
        let (base64, rest) = after.split_once(&format!("{DASHES}END {label}{DASHES}"))?;
        let base64: String = base64.split_ascii_whitespace().collect();
        let der = BASE64.decode(base64.as_bytes()).ok()?;
        rest.trim_ascii().is_empty().then_some(Cow::Owned(der))
    })
}

#[cfg(test)]
mod tests;
