//! The digests against `ring`'s, which has all but MD5, and what a change does to them. The vectors of
//! `receive/signature/tests/schemes.rs` are Python's.

use proptest::prelude::*;
use ring::{digest, hmac};

use super::*;
use crate::provider::scheme::digest::{Digest, Function};

/// The same by another library; `None` for MD5.
fn by_ring(made: Digest, secret: &[u8], content: &[u8]) -> Option<Vec<u8>> {
    let mac = |algorithm| {
        hmac::sign(&hmac::Key::new(algorithm, secret), content)
            .as_ref()
            .to_vec()
    };
    let hash = |algorithm| digest::digest(algorithm, &[content, secret].concat()).as_ref().to_vec();
    Some(match made.constant() {
        "HMAC_SHA1" => mac(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        "HMAC_SHA256" => mac(hmac::HMAC_SHA256),
        "HMAC_SHA384" => mac(hmac::HMAC_SHA384),
        "HMAC_SHA512" => mac(hmac::HMAC_SHA512),
        "SHA1_WITH_SECRET" => hash(&digest::SHA1_FOR_LEGACY_USE_ONLY),
        "SHA256_WITH_SECRET" => hash(&digest::SHA256),
        "SHA384_WITH_SECRET" => hash(&digest::SHA384),
        "SHA512_WITH_SECRET" => hash(&digest::SHA512),
        "MD5_WITH_SECRET" => return None,
        other => panic!("no digest {other}"),
    })
}

fn make(made: Digest, secret: &[u8], content: &[Piece]) -> Made {
    match made.function() {
        Function::Shared(make) => make(secret, content),
        Function::Public { .. } => panic!("{} is not shared", made.name()),
    }
}

fn piece(bytes: &[u8]) -> Piece {
    Piece::Bytes(Bytes::copy_from_slice(bytes))
}

/// RFC 1321, A.5: "abc", of which the end is the secret, or the beginning.
#[test]
fn md5_is_that_of_its_rfc() {
    let abc = "900150983cd24fb0d6963f7d28e17f72";
    for content in [vec![piece(b"ab")], vec![piece(b"a"), piece(b"b"), Piece::Secret]] {
        let made = make(Digest::MD5_WITH_SECRET, b"c", &content).into_bytes();
        assert_eq!(data_encoding::HEXLOWER.encode(&made), abc);
    }
    let made = make(Digest::MD5_WITH_SECRET, b"a", &[Piece::Secret, piece(b"bc")]).into_bytes();
    assert_eq!(data_encoding::HEXLOWER.encode(&made), abc);
}

proptest! {
    #[test]
    fn another_library_makes_the_same(
        secret in prop::collection::vec(any::<u8>(), 1..300),
        content in prop::collection::vec(any::<u8>(), 0..300),
        at in any::<prop::sample::Index>(),
    ) {
        let (before, after) = content.split_at(at.index(content.len() + 1));
        for digest in Digest::SHARED {
            let made = make(digest, &secret, &[piece(before), piece(after)]).into_bytes();
            prop_assert!(digest.has_length(made.len()), "{digest:?}");
            if let Some(expected) = by_ring(digest, &secret, &content) {
                prop_assert_eq!(made, expected, "{:?}", digest);
            }
        }
    }

    #[test]
    fn any_flipped_bit_is_refused(
        secret in prop::collection::vec(any::<u8>(), 1..100),
        content in prop::collection::vec(any::<u8>(), 1..100),
        bit in any::<prop::sample::Index>(),
        what in 0..3usize,
    ) {
        for digest in Digest::SHARED {
            let sent = make(digest, &secret, &[piece(&content)]).into_bytes();
            prop_assert!(make(digest, &secret, &[piece(&content)]).is(&sent), "{digest:?}");
            let mut changed = [secret.clone(), content.clone(), sent];
            let bit = bit.index(changed[what].len() * 8);
            changed[what][bit / 8] ^= 1 << (bit % 8);
            let [secret, content, sent] = changed;
            prop_assert!(!make(digest, &secret, &[piece(&content)]).is(&sent), "{digest:?}");
        }
    }
}
