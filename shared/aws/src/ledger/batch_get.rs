//! Many items by their keys.

use std::collections::HashMap;
use std::time::Duration;

use acuse_core::event::key::IdempotencyKey;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::KeysAndAttributes;

use super::Item;
use super::error::Source;
use super::expression::s;

/// Most keys of one call.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>
pub(crate) const BATCH: usize = 100;

/// How often keys are asked for that DynamoDB has left out.
const TRIES: u32 = 8;

/// The items with these keys, in any order; those that are not there are left out. No key may occur twice.
pub(crate) async fn batch_get(client: &Client, table: &str, keys: &[IdempotencyKey]) -> Result<Vec<Item>, Source> {
    let mut found = Vec::new();
    for batch in keys.chunks(BATCH) {
        found.extend(one_batch(client, table, batch).await?);
    }
    Ok(found)
}

async fn one_batch(client: &Client, table: &str, keys: &[IdempotencyKey]) -> Result<Vec<Item>, Source> {
    let mut wanted = KeysAndAttributes::builder();
    for key in keys {
        let item = [("pk", s(&key.partition)), ("sk", s(&key.sort))];
        wanted = wanted.keys(item.map(|(name, value)| (name.to_owned(), value)).into());
    }
    let mut wanted = HashMap::from([(table.to_owned(), wanted.build()?)]);
    let mut found = Vec::new();
    // An answer takes 16 MB, and a busy table leaves some out.
    for tries in 0..TRIES {
        let call = client.batch_get_item().set_request_items(Some(wanted));
        let answer = call.send().await?;
        found.extend(answer.responses.unwrap_or_default().into_values().flatten());
        wanted = answer.unprocessed_keys.unwrap_or_default();
        if wanted.is_empty() {
            return Ok(found);
        }
        tokio::time::sleep(Duration::from_millis(50 << tries)).await;
    }
    Err("DynamoDB left some out each time".into())
}
