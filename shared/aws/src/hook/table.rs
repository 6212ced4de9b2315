//! A table of the owner's: read here, and written by what a hook returns.

use std::collections::HashMap;

use acuse_core::hook::HookError;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// One table. It has no method that writes: [`Writes`](super::Writes) has.
#[derive(Debug, Clone)]
pub struct Table {
    client: Client,
    name: String,
}

/// The key of an item.
#[derive(Debug, Clone)]
pub struct Key(pub(super) Result<HashMap<String, AttributeValue>, String>);

/// The key with the partition key `name`, such as `key("pk", order)`.
pub fn key(name: &str, value: impl Serialize) -> Key {
    Key(Ok(HashMap::new())).and(name, value)
}

impl Key {
    /// The same with the table's sort key.
    #[must_use]
    pub fn and(self, name: &str, value: impl Serialize) -> Self {
        Self(self.0.and_then(|mut key| {
            key.insert(name.to_owned(), attribute_value(value)?);
            Ok(key)
        }))
    }
}

impl Table {
    /// The table called `name`. [`Setup::table`](crate::Setup::table) reads the name from a variable.
    pub fn new(client: Client, name: String) -> Self {
        Self { client, name }
    }

    /// The table's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads an item as it is now (a consistent read); `None` if there is none.
    ///
    /// # Errors
    /// A retry if DynamoDB can't be reached; a rejection if the item is no `T`, with the name of the table.
    pub async fn get<T: DeserializeOwned>(&self, key: Key) -> Result<Option<T>, HookError> {
        let rejected = |error: String| HookError::reject(format!("reading from the table `{}`: {error}", self.name));
        let get = self.client.get_item().table_name(&self.name).consistent_read(true);
        let item = get.set_key(Some(key.0.map_err(rejected)?)).send().await?.item;
        item.map(|item| serde_dynamo::from_item(item).map_err(|error| rejected(error.to_string())))
            .transpose()
    }
}

pub(super) fn attribute_value(value: impl Serialize) -> Result<AttributeValue, String> {
    serde_dynamo::to_attribute_value(value).map_err(|error| error.to_string())
}
