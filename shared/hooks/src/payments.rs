//! The current state of each payment, payout and subscription, for all providers in one table.

mod former;
mod row;
mod state;

use acuse_aws::prelude::*;
use acuse_core::provider::id::bounded;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, TransactWriteItem, Update};

use former::FormerRow;
use row::Row;

/// Keeps one row per resource in the table `PAYMENTS_TABLE`. docs/hooks.md describes its attributes, and which state
/// follows which.
pub struct Payments {
    client: Client,
    table: String,
    /// Whether the table may have rows of an earlier version.
    has_former_rows: bool,
}

impl Payments {
    /// Reads `PAYMENTS_TABLE`, and `FORMER_PAYMENTS`, which is true by default.
    ///
    /// # Errors
    /// A missing or invalid variable, by name.
    pub fn from_env(setup: &Setup) -> Result<Self, ConfigError> {
        let flag = |value: &str| value.parse().ok();
        let has_former_rows = setup.variable_as("FORMER_PAYMENTS", true, "true or false", flag)?;
        Ok(Self {
            client: setup.dynamodb().clone(),
            table: setup.table("PAYMENTS_TABLE")?.name().to_owned(),
            has_former_rows,
        })
    }
}

impl TransactionalHook for Payments {
    fn name(&self) -> &'static str {
        "payments"
    }

    /// Moves the row to the event's state. An event that comes late is only counted: the condition on the row
    /// decides, even if two consumers write at the same time.
    async fn write(&self, event: &Event, writes: &mut Writes) -> HookResult {
        let (Some(mut row), Some(resource)) = (Row::from_event(event), &event.resource) else {
            return Ok(());
        };
        let now = writes.now();
        let mut removal = None;
        // The version with former rows had no other account.
        if self.has_former_rows && event.account.name.is_default() {
            let lifecycle = row.state.lifecycle;
            let former = FormerRow::read(&self.client, &self.table, event, resource, lifecycle, now).await?;
            if let Some(former) = former {
                removal = Some(former.removal(&self.table)?);
                row = row.merge(former.row);
            }
        }
        let update = || {
            Update::builder()
                .table_name(&self.table)
                .key("pk", AttributeValue::S(key(event, resource)))
        };
        let advance = row.advance(update(), &bounded(&resource.kind), now)?;
        let count = row.count(update(), now)?;
        add(writes, advance, removal.clone());
        add(writes.otherwise(), count, removal);
        Ok(())
    }
}

/// The ledger's partition key of the resource, so that the same text finds a payment's state and its events. Not
/// taken from the event's own key, which an event of an earlier version may have in a former form.
fn key(event: &Event, resource: &Resource) -> String {
    let scope = event.account.name.scope(event.provider);
    format!("{scope}#{}#{}", event.environment.name(), resource.key())
}

fn add(writes: &mut Writes, update: Update, removal: Option<Delete>) {
    writes.raw(TransactWriteItem::builder().update(update).build());
    if let Some(removal) = removal {
        writes.raw(TransactWriteItem::builder().delete(removal).build());
    }
}

#[cfg(test)]
mod tests;
