//! The deliveries of many events at once, for lists.

use std::collections::HashMap;
use std::time::Duration;

use acuse_core::destination::delivery::{Delivery, DeliveryKey};
use aws_sdk_dynamodb::types::KeysAndAttributes;

use super::{Deliveries, key_of, read};
use crate::destinations::TableError;
use crate::ledger::error::Source;
use crate::ledger::expression::s;

/// DynamoDB takes so many keys in one call.
const LARGEST_BATCH: usize = 100;

/// So often is asked for what DynamoDB left out.
const TRIES: u32 = 8;

impl Deliveries {
    /// Those of `keys` that there are.
    ///
    /// # Errors
    /// [`TableError`]
    pub async fn many(&self, keys: &[DeliveryKey]) -> Result<HashMap<DeliveryKey, Delivery>, TableError> {
        let failed = TableError::of("reading deliveries", &self.table);
        let mut found = HashMap::new();
        for batch in keys.chunks(LARGEST_BATCH) {
            self.batch(batch, &mut found).await.map_err(&failed)?;
        }
        Ok(found)
    }

    async fn batch(&self, keys: &[DeliveryKey], found: &mut HashMap<DeliveryKey, Delivery>) -> Result<(), Source> {
        let mut wanted = KeysAndAttributes::builder();
        for key in keys {
            let item = [("pk", s(&key.event.partition)), ("sk", s(key.sort()))];
            wanted = wanted.keys(item.map(|(name, value)| (name.to_owned(), value)).into());
        }
        let mut wanted = HashMap::from([(self.table.clone(), wanted.build()?)]);
        // An answer takes 16 MB, and a busy table leaves some out.
        for tries in 0..TRIES {
            let answer = self
                .client
                .batch_get_item()
                .set_request_items(Some(wanted))
                .send()
                .await?;
            for item in answer.responses.iter().flat_map(HashMap::values).flatten() {
                if let Some(key) = key_of(item) {
                    found.insert(key, read(item)?);
                }
            }
            wanted = answer.unprocessed_keys.unwrap_or_default();
            if wanted.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50 << tries)).await;
        }
        Err("DynamoDB left some out each time".into())
    }
}
