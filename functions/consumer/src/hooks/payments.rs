//! Each payment's, payout's and subscription's current state, across the providers, in one table.

mod before;
mod row;
mod state;

use acuse_aws::Setup;
use acuse_aws::config::{self, ConfigError};
use acuse_core::event::{Event, Resource};
use acuse_core::hook::{Attempt, Effects, Hook, HookError};
use acuse_core::provider::id::bounded;
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, TransactWriteItem, Update};

use before::Before;
use row::Row;

/// Keeps the table `PAYMENTS_TABLE`: `pk` is `{provider}#{environment}#{resource kind}#{resource id}`, as in
/// the ledger, and `applied` counts the events that were applied to it. `docs/hooks.md` has its attributes,
/// and which state follows which.
pub(crate) struct Payments {
    client: Client,
    table: String,
    /// Whether the table may have rows of a version before.
    moves_former: bool,
}

impl Payments {
    /// Reads `PAYMENTS_TABLE` and `FORMER_PAYMENTS`: whether rows of a version before are looked for, unless
    /// it is `false`.
    pub(crate) fn from_env(setup: &Setup) -> Result<Self, ConfigError> {
        let former = config::optional("FORMER_PAYMENTS");
        Ok(Self {
            client: setup.dynamodb.clone(),
            table: config::required("PAYMENTS_TABLE", "the name of the payments table")?,
            moves_former: match former.as_deref() {
                None | Some("true") => true,
                Some("false") => false,
                Some(value) => {
                    return Err(ConfigError::Invalid {
                        name: "FORMER_PAYMENTS".to_owned(),
                        value: value.to_owned(),
                        expected: "true or false",
                    });
                }
            },
        })
    }
}

#[async_trait]
impl Hook<TransactWriteItem> for Payments {
    fn name(&self) -> &'static str {
        "payments"
    }

    fn transactional(&self) -> bool {
        true
    }

    /// Only says what to write: the ledger commits it together with "done", so that `applied`
    /// counts every event exactly once. An event that comes late is counted, and moves nothing
    /// backwards: the condition decides, whoever of two consumers is first.
    async fn call(&self, event: &Event, attempt: Attempt) -> Result<Effects<TransactWriteItem>, HookError> {
        let (Some(mut row), Some(resource)) = (Row::of(event), &event.resource) else {
            return Ok(Effects::none());
        };
        let mut removal = None;
        if self.moves_former
            && let Some(before) = Before::read(
                &self.client,
                &self.table,
                event,
                resource,
                row.state.of,
                attempt.started_at,
            )
            .await?
        {
            removal = Some(before.removal(&self.table)?);
            row = row.joined(before.row);
        }
        let item = || {
            Update::builder()
                .table_name(&self.table)
                .key("pk", AttributeValue::S(key(event, resource)))
        };
        let forward = row.forward(item(), &bounded(&resource.kind), attempt.started_at)?;
        let late = row.late(item(), attempt.started_at)?;
        Ok(effects(forward, removal.clone()).or(effects(late, removal)))
    }
}

/// As the ledger's partition of the resource: the same text finds a payment's state and its events, and
/// different resources never share one. Not the event's own: a record of a version before keeps its former key.
fn key(event: &Event, resource: &Resource) -> String {
    format!("{}#{}#{}", event.provider, event.environment.name(), resource.key())
}

fn effects(update: Update, removal: Option<Delete>) -> Effects<TransactWriteItem> {
    let update = TransactWriteItem::builder().update(update).build();
    let removal = removal.map(|delete| TransactWriteItem::builder().delete(delete).build());
    Effects::writes([update].into_iter().chain(removal).collect())
}

#[cfg(test)]
mod tests;
