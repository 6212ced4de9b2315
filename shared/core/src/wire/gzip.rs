//! gzip, bounded: a few bytes can unpack to a thousand times as many.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use thiserror::Error;

/// The first two bytes of everything that is packed (RFC 1952, 2.3.1). No JSON, form or UTF-16 text begins
/// with them.
pub const MAGIC: [u8; 2] = [0x1F, 0x8B];

/// Bytes that can't be unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum GzipError {
    /// Not gzip, or cut, or damaged.
    #[error("it is not gzip, or damaged")]
    Invalid,
    /// They unpack to more than is allowed; no more than that was unpacked.
    #[error("it unpacks to more than {limit} bytes")]
    TooLong {
        /// What is allowed.
        limit: usize,
    },
}

/// Packs `bytes`.
///
/// # Errors
/// None in practice: memory takes every write.
pub fn pack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Unpacks one level, and `limit` bytes at most: all members that there are (RFC 1952, 2.2), since what follows
/// the first one was signed with it. What follows and is no member is [`GzipError::Invalid`].
///
/// # Errors
/// [`GzipError`].
pub fn unpack(packed: &[u8], limit: usize) -> Result<Vec<u8>, GzipError> {
    let mut bytes = Vec::new();
    let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let length = MultiGzDecoder::new(packed)
        .take(one_more)
        .read_to_end(&mut bytes)
        .map_err(|_| GzipError::Invalid)?;
    match length <= limit {
        true => Ok(bytes),
        false => Err(GzipError::TooLong { limit }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_the_longest_that_is_unpacked() {
        let packed = pack(&[b'a'; 1000]).unwrap();
        assert!(packed.starts_with(&MAGIC));
        assert_eq!(unpack(&packed, 1000).unwrap(), [b'a'; 1000]);
        assert_eq!(unpack(&packed, 999), Err(GzipError::TooLong { limit: 999 }));
        assert_eq!(unpack(&pack(b"").unwrap(), 0).unwrap(), b"");
    }

    #[test]
    fn what_is_damaged_is_not_read_in_part() {
        let packed = pack(b"a payment of 100000").unwrap();
        for cut in 0..packed.len() {
            assert_eq!(unpack(&packed[..cut], 1000), Err(GzipError::Invalid), "{cut}");
        }
        let mut wrong_sum = packed.clone();
        wrong_sum[packed.len() - 6] ^= 1;
        assert_eq!(unpack(&wrong_sum, 1000), Err(GzipError::Invalid));
    }

    #[test]
    fn all_members_are_unpacked_and_nothing_after_them_is_overlooked() {
        let [first, second] = [pack(b"[1,").unwrap(), pack(b"2]").unwrap()];
        let both = [first.clone(), second].concat();
        assert_eq!(unpack(&both, 5).unwrap(), b"[1,2]");
        assert_eq!(unpack(&both, 4), Err(GzipError::TooLong { limit: 4 }));
        assert_eq!(unpack(&[&first[..], b"{}"].concat(), 1000), Err(GzipError::Invalid));
    }

    /// Reading stops at the limit: the checksum at the end is not even looked at.
    #[test]
    fn a_bomb_is_not_unpacked() {
        let bomb = pack(&vec![0; 64 * 1024 * 1024]).unwrap();
        assert!(bomb.len() < 100 * 1024);
        assert_eq!(
            unpack(&bomb[..bomb.len() / 2], 1000),
            Err(GzipError::TooLong { limit: 1000 })
        );
    }
}
