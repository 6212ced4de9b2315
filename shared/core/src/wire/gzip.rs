//! gzip with a size limit: a few bytes can decompress to a thousand times as many.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use thiserror::Error;

/// The first two bytes of every gzip stream (RFC 1952, 2.3.1). No JSON, form or UTF-16 text begins with them.
pub const MAGIC: [u8; 2] = [0x1F, 0x8B];

/// Why bytes can't be decompressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the texts say it")]
pub enum GzipError {
    /// Not gzip, truncated or corrupt.
    #[error("it is not valid gzip")]
    Invalid,
    #[error("it decompresses to more than {limit} bytes")]
    TooLong { limit: usize },
}

/// Compresses `bytes`.
///
/// # Errors
/// None in practice: writing to memory succeeds.
pub fn compress(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// Decompresses all members of a gzip stream (RFC 1952, 2.2) to at most `limit` bytes. Trailing bytes that are not a
/// member make it [invalid](GzipError::Invalid): they were signed too, so they must not be dropped.
pub fn decompress(compressed: &[u8], limit: usize) -> Result<Vec<u8>, GzipError> {
    let mut bytes = Vec::new();
    let one_more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let length = MultiGzDecoder::new(compressed)
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
    fn the_limit_is_inclusive() {
        let compressed = compress(&[b'a'; 1000]).unwrap();
        assert!(compressed.starts_with(&MAGIC));
        assert_eq!(decompress(&compressed, 1000).unwrap(), [b'a'; 1000]);
        assert_eq!(decompress(&compressed, 999), Err(GzipError::TooLong { limit: 999 }));
        assert_eq!(decompress(&compress(b"").unwrap(), 0).unwrap(), b"");
    }

    #[test]
    fn corrupt_gzip_is_not_read_in_part() {
        let compressed = compress(b"a payment of 100000").unwrap();
        for cut in 0..compressed.len() {
            assert_eq!(decompress(&compressed[..cut], 1000), Err(GzipError::Invalid), "{cut}");
        }
        let mut wrong_sum = compressed.clone();
        wrong_sum[compressed.len() - 6] ^= 1;
        assert_eq!(decompress(&wrong_sum, 1000), Err(GzipError::Invalid));
    }

    #[test]
    fn all_members_are_decompressed_and_trailing_bytes_refused() {
        let [first, second] = [compress(b"[1,").unwrap(), compress(b"2]").unwrap()];
        let both = [first.clone(), second].concat();
        assert_eq!(decompress(&both, 5).unwrap(), b"[1,2]");
        assert_eq!(decompress(&both, 4), Err(GzipError::TooLong { limit: 4 }));
        assert_eq!(decompress(&[&first[..], b"{}"].concat(), 1000), Err(GzipError::Invalid));
    }

    /// Reading stops at the limit, before the checksum at the end.
    #[test]
    fn a_bomb_is_not_decompressed() {
        let bomb = compress(&vec![0; 64 * 1024 * 1024]).unwrap();
        assert!(bomb.len() < 100 * 1024);
        assert_eq!(
            decompress(&bomb[..bomb.len() / 2], 1000),
            Err(GzipError::TooLong { limit: 1000 })
        );
    }
}
