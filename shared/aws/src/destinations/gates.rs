//! The destinations' gates: one item for each, `pk` `destination#{name}` and `sk` `gate`, in the ledger's table.
//!
//! An item is written on condition that nobody has written it since it was read:
//!
//! ```text
//! A  read v1 ── change ── write v2 ✓
//! B  read v1 ────── change ── write v2 ✗, the item comes back ── change ── write v3 ✓
//! ```

use acuse_core::clock::Random;
use acuse_core::destination::DestinationName;
use acuse_core::destination::delivery::DeliveryKey;
use acuse_core::destination::gate::Gate;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure::AllOld;

use super::{Item, TableError};
use crate::ledger::error::Source;
use crate::ledger::expression::{n, s};

/// The sort key of a gate's item.
const SORT: &str = "gate";

/// So often is a change made anew because somebody else has written in between.
const TRIES: u32 = 50;

/// The gates in the ledger's table.
#[derive(Debug, Clone)]
pub struct Gates {
    client: Client,
    table: String,
}

impl Gates {
    /// Those in `table`.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self {
            client,
            table: table.into(),
        }
    }

    /// The gate of `destination`: an open one if it has no item yet.
    ///
    /// # Errors
    /// [`TableError`]
    pub async fn get(&self, destination: &DestinationName) -> Result<Gate, TableError> {
        let failed = TableError::of("reading a gate", &self.table);
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let get = get.key("pk", s(DeliveryKey::list(destination))).key("sk", s(SORT));
        let item = get.send().await.map_err(|error| failed(error.into()))?.item;
        read(item).map_err(failed)
    }

    /// Reads the gate, applies `change` and writes it if it differs; all over again if somebody else has written it in
    /// between. Returns the gate as it is now, and what `change` returned the last time.
    ///
    /// # Errors
    /// [`TableError`]
    pub async fn change<T>(
        &self,
        destination: &DestinationName,
        random: &dyn Random,
        change: impl FnMut(&mut Gate) -> T,
    ) -> Result<(Gate, T), TableError> {
        let gate = self.get(destination).await?;
        self.change_from(destination, gate, random, change).await
    }

    /// The same from a gate that was read or written before, which saves the read if nobody else has written it since.
    ///
    /// # Errors
    /// [`TableError`]
    pub async fn change_from<T>(
        &self,
        destination: &DestinationName,
        mut gate: Gate,
        random: &dyn Random,
        mut change: impl FnMut(&mut Gate) -> T,
    ) -> Result<(Gate, T), TableError> {
        let failed = TableError::of("writing a gate", &self.table);
        for tries in 0..TRIES {
            let mut next = gate.clone();
            let result = change(&mut next);
            if next == gate {
                return Ok((gate, result));
            }
            next.version = gate.version.saturating_add(1);
            match self.write(destination, &gate, &next).await.map_err(&failed)? {
                None => return Ok((next, result)),
                Some(newer) => gate = newer,
            }
            // Whoever writes at the same time as often meets again at the same time.
            let jitter = u64::try_from(random.bits() % 16).unwrap_or_default() * u64::from(tries.min(8));
            tokio::time::sleep(std::time::Duration::from_millis(jitter)).await;
        }
        Err(failed("others write it all the time".into()))
    }

    /// Writes `next` in place of `gate`. If somebody else has written it since, what they have written.
    async fn write(&self, destination: &DestinationName, gate: &Gate, next: &Gate) -> Result<Option<Gate>, Source> {
        let mut item: Item = serde_dynamo::to_item(next)?;
        item.insert("pk".to_owned(), s(DeliveryKey::list(destination)));
        item.insert("sk".to_owned(), s(SORT));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let put = match gate.version {
            0 => put.condition_expression("attribute_not_exists(pk)"),
            version => put
                .condition_expression("#version = :version")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":version", n(version)),
        };
        let put = put.return_values_on_condition_check_failure(AllOld);
        let error = match put.send().await {
            Ok(_) => return Ok(None),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(refused)) => read(refused.item.clone()).map(Some),
            _ => Err(error.into()),
        }
    }
}

fn read(item: Option<Item>) -> Result<Gate, Source> {
    let gate = item.map(serde_dynamo::from_item).transpose()?;
    Ok(gate.unwrap_or_default())
}

#[cfg(test)]
mod tests;
