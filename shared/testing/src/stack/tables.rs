//! What a test reads from the tables, and puts into them.

use std::collections::HashMap;

use acuse_aws::hook::{Key, Table, Writes};
use acuse_aws::ledger::reader::LedgerReader;
use acuse_aws::ledger::record::Record;
use acuse_core::error::chain;
use acuse_core::event::Event;
use acuse_core::hook::Attempt;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use super::template::TEMPLATE;
use super::{START, Stack};
use crate::item::{self, Item};

impl Stack {
    /// The item with this key. `table` is its name in the template, its variable, or a short form: `OrdersTable`,
    /// `ORDERS_TABLE`, `orders`.
    pub async fn item(&self, table: &str, key: Key) -> Item {
        let table = self.table(table);
        let key = attributes_of(&table, key);
        let what = format!("the item {} of `{}`", item::text(&key), table.name());
        let get = self.setup.dynamodb().get_item().table_name(table.name());
        let read = get.set_key(Some(key)).consistent_read(true).send().await;
        let attributes = read.unwrap_or_else(|error| panic!("{what}: {}", chain(&error))).item;
        Item { what, attributes }
    }

    /// Puts an item into a table, for a hook to find.
    pub async fn put(&self, table: &str, item: impl Serialize) {
        let table = self.table(table);
        let item = serde_dynamo::to_item(item).expect("the item should be an object");
        let put = self
            .setup
            .dynamodb()
            .put_item()
            .table_name(table.name())
            .set_item(Some(item));
        if let Err(error) = put.send().await {
            panic!("putting into `{}`: {}", table.name(), chain(&error));
        }
    }

    /// The table that the template, a variable or a person calls `name`.
    #[track_caller]
    pub fn table(&self, name: &str) -> Table {
        let found = TEMPLATE.table(name, &self.variables).unwrap_or_else(|| {
            let names: Vec<_> = TEMPLATE
                .tables
                .iter()
                .map(|table| table["TableName"].to_string())
                .collect();
            panic!("template.yaml has no table `{name}`; it has {}", names.join(", "))
        });
        Table::new(self.setup.dynamodb().clone(), found)
    }

    /// What the ledger has recorded of `event`.
    pub async fn record(&self, event: &Event) -> Option<Record> {
        let reader = LedgerReader::new(self.setup.dynamodb().clone(), self.table("LEDGER_TABLE").name());
        let records = reader.partition(&event.key.partition).await.unwrap();
        records.into_iter().find(|record| record.key == event.key.to_string())
    }
}

/// A key as DynamoDB takes it. It shows its attributes only as part of a write.
fn attributes_of(table: &Table, key: Key) -> HashMap<String, AttributeValue> {
    let mut writes = Writes::new(Attempt {
        number: 1,
        started_at: START,
        deadline: START,
        late: false,
    });
    writes.delete(table, key);
    let effects = writes.into_effects().unwrap_or_else(|error| panic!("{error:?}"));
    let (writes, _) = effects.into_parts();
    let delete = writes.into_iter().find_map(|write| write.delete);
    delete.map(|delete| delete.key).unwrap_or_default()
}
