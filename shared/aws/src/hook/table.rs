//! A table of the owner's: read here, and written by what a hook returns.

use std::collections::BTreeMap;

use acuse_core::hook::HookError;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::condition::Placeholders;
use super::value::{self, Item};

/// One table, as [`Setup::table`](crate::Setup::table) makes it. A hook reads from it; it has no method that writes,
/// because [`Writes`](super::Writes) does that.
///
/// ```compile_fail,E0599
/// # use acuse_aws::prelude::*;
/// # async fn hook(orders: Table) -> HookResult {
/// orders.put(&"order").await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Table {
    client: Client,
    name: String,
}

/// The key of an item, made by [`key`].
#[derive(Debug, Clone)]
pub struct Key(Result<BTreeMap<String, AttributeValue>, String>);

/// The key of an item, by the name of the partition key: `key("pk", order)`. A value is a text, a number or bytes, as
/// the table declares it. For a table with a sort key as well: `key("pk", customer).and("sk", 7)`.
///
/// A text that is empty or too long for DynamoDB rejects the event: a provider's reference may be anything. Wrap it in
/// [`bounded`](acuse_core::provider::id::bounded) to shorten a long one.
pub fn key(name: &str, value: impl Serialize) -> Key {
    Key(key_value(name, value, LONGEST_PARTITION_KEY).map(|value| BTreeMap::from([(name.to_owned(), value)])))
}

/// In bytes. <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const LONGEST_PARTITION_KEY: usize = 2048;
const LONGEST_SORT_KEY: usize = 1024;

impl Key {
    /// The same with the table's sort key.
    #[must_use]
    pub fn and(self, name: &str, value: impl Serialize) -> Self {
        Self(self.0.and_then(|mut key| {
            key.insert(name.to_owned(), key_value(name, value, LONGEST_SORT_KEY)?);
            Ok(key)
        }))
    }

    pub(super) fn into_item(self) -> Result<Item, String> {
        self.0.map(|key| key.into_iter().collect())
    }
}

impl Table {
    /// The table called `name`.
    pub fn new(client: Client, name: String) -> Self {
        Self { client, name }
    }

    /// The table's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads the item with this key as it is now (a consistent read); `None` if there is none.
    ///
    /// ```
    /// # use acuse_aws::prelude::*;
    /// #[derive(serde::Deserialize)]
    /// struct Order {
    ///     status: String,
    ///     total: Amount,
    /// }
    /// # async fn hook(orders: &Table) -> HookResult {
    /// let order: Option<Order> = orders.get(key("pk", "ORD-1")).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// A retry if DynamoDB can't be reached; a rejection that names table and field if the item is no `T`.
    pub async fn get<T: DeserializeOwned>(&self, key: Key) -> Result<Option<T>, HookError> {
        let key = key.into_item().map_err(|problem| self.rejected(problem))?;
        let get = self.client.get_item().table_name(&self.name).consistent_read(true);
        let item = get.set_key(Some(key)).send().await?.item;
        item.map(|item| self.read(item)).transpose()
    }

    /// Reads the items with this partition key, in the order of their sort keys. It reads all of them, so it suits
    /// partitions that stay small.
    ///
    /// # Errors
    /// As for [`get`](Self::get).
    pub async fn query<T: DeserializeOwned>(&self, partition: Key) -> Result<Vec<T>, HookError> {
        let key = partition.into_item().map_err(|problem| self.rejected(problem))?;
        let mut used = Placeholders::default();
        let equal = |(name, value): (String, _)| format!("{} = {}", used.name(&name), used.value(value));
        let condition = key.into_iter().map(equal).collect::<Vec<_>>().join(" AND ");
        let (names, values) = used.into_maps();
        let query = self.client.query().table_name(&self.name).consistent_read(true);
        let query = query
            .key_condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values);
        let (mut found, mut start) = (Vec::new(), None);
        loop {
            let page = query.clone().set_exclusive_start_key(start).send().await?;
            for item in page.items.unwrap_or_default() {
                found.push(self.read(item)?);
            }
            start = page.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                return Ok(found);
            }
        }
    }

    fn read<T: DeserializeOwned>(&self, item: Item) -> Result<T, HookError> {
        value::read(item).map_err(|mismatch| self.rejected(mismatch.to_string()))
    }

    fn rejected(&self, problem: String) -> HookError {
        HookError::reject(format!("reading from the table `{}`: {problem}", self.name))
    }
}

fn key_value(name: &str, value: impl Serialize, longest: usize) -> Result<AttributeValue, String> {
    match value::attribute_value(name, &value)? {
        AttributeValue::S(text) if text.is_empty() => Err(format!("the key `{name}` is an empty text")),
        AttributeValue::S(text) if text.len() > longest => Err(format!(
            "the key `{name}` has {} bytes; DynamoDB takes {longest}",
            text.len()
        )),
        key @ (AttributeValue::S(_) | AttributeValue::N(_) | AttributeValue::B(_)) => Ok(key),
        _ => Err(format!("the key `{name}` is not a text, a number or bytes")),
    }
}

#[cfg(test)]
mod tests;
