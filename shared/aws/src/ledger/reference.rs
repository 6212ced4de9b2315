//! The index `by-reference`: who asks for an order has its number, not the provider's id.
//!
//! ```text
//! reference_of     onepay, onepay#1, onepay#2 …     the provider, spread over as many shards as its days
//! reference_key    ORD-4821                         the reference, as far as a key may hold it
//! ```
//!
//! The index has keys alone, so a change of an event's status costs nothing in it. Events without a reference are not in
//! it: an index key may be neither empty nor longer than 1,024 bytes, and DynamoDB refuses the whole write otherwise.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.OnlineOps.ViolationDetection.html>
//!
//! It also has what is owed to destinations, under the id that a destination gets as `webhook-id`, and what was erased,
//! under the SHA-256 of its reference.

use acuse_core::event::Event;
use acuse_core::event::key::IdempotencyKey;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::DynamoLedger;
use super::day::{SHARDS, shard_of};
use super::error::Source;

/// The index.
pub(crate) const INDEX: &str = "by-reference";

/// Its partition key.
pub(crate) const OF: &str = "reference_of";

/// Its sort key.
pub(crate) const KEY: &str = "reference_key";

/// The `reference_of` of what is owed to destinations. No provider's name has a `#`.
pub(crate) const WEBHOOK_ID: &str = "#webhook-id";

/// The `reference_of` of what was erased.
pub(crate) const ERASED: &str = "#erased";

/// The longest sort key in bytes.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const LONGEST_KEY: usize = 1024;

/// The longest reference that a record holds whole, in bytes. The payload has a longer one.
const LONGEST: usize = 4096;

/// The reference as the index has it; `None` if there is nothing to find it by.
pub(crate) fn key(reference: &str) -> Option<&str> {
    Some(cut(reference, LONGEST_KEY)).filter(|key| !key.is_empty())
}

/// The reference as the record has it.
pub(crate) fn kept(reference: &str) -> &str {
    cut(reference, LONGEST)
}

/// The `reference_key` of what was erased: whoever has the reference finds it, and nobody reads the reference in it.
pub(crate) fn erased_key(reference: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(kept(reference)))
}

/// `text` up to a character's border, at most `longest` bytes.
fn cut(text: &str, longest: usize) -> &str {
    let mut end = text.len().min(longest);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// The `reference_of` of one shard.
pub(super) fn of(provider: &str, shard: u32) -> String {
    shard_of(provider, shard)
}

/// The item that says how many shards there have been at most. It never expires.
pub(super) fn shards_key() -> IdempotencyKey {
    IdempotencyKey::new(INDEX, SHARDS)
}

impl DynamoLedger {
    /// The keys of a new event's item in the index; `None` if it has no reference. Readers find it from now on.
    pub(super) async fn reference_keys(&self, event: &Event) -> Result<Option<(String, String)>, Source> {
        let Some(key) = event.reference.as_deref().and_then(key) else {
            return Ok(None);
        };
        self.record_shards(shards_key()).await?;
        Ok(Some((of(event.provider, self.shard(event)), key.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_cut_where_a_character_ends_and_never_empty() {
        assert_eq!(key("ORD-4821"), Some("ORD-4821"));
        assert_eq!(key(""), None);
        let whole = "x".repeat(1024);
        assert_eq!(key(&whole), Some(&*whole));
        assert_eq!(key(&"x".repeat(1025)), Some(&*whole));
        let long = "x".to_owned() + &"ñ".repeat(600);
        let cut = key(&long).unwrap();
        assert_eq!(cut.len(), 1023);
        assert!(long.starts_with(cut));
    }
}
