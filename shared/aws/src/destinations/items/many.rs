//! The deliveries of many events at once, for lists.

use std::collections::HashMap;

use acuse_core::destination::delivery::{Delivery, DeliveryKey};
use acuse_core::event::key::IdempotencyKey;

use super::{Deliveries, key_of, read};
use crate::destinations::TableError;
use crate::ledger::batch_get::batch_get;

impl Deliveries {
    /// Those of `keys` that there are.
    ///
    /// # Errors
    /// [`TableError`]
    pub async fn many(&self, keys: &[DeliveryKey]) -> Result<HashMap<DeliveryKey, Delivery>, TableError> {
        let failed = TableError::of("reading deliveries", &self.table);
        let items: Vec<IdempotencyKey> = keys
            .iter()
            .map(|key| IdempotencyKey::new(&key.event.partition, key.sort()))
            .collect();
        let items = batch_get(&self.client, &self.table, &items).await;
        let mut found = HashMap::new();
        for item in items.map_err(&failed)? {
            if let Some(key) = key_of(&item) {
                found.insert(key, read(&item).map_err(|error| failed(error.into()))?);
            }
        }
        Ok(found)
    }
}
