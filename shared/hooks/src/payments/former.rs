//! Rows of an earlier version, whose key had no resource kind: `{provider}#{environment}#{resource id}`.
//!
//! The next event of a resource moves its row to the current key, in the event's own transaction. Rows merge in any
//! order, so a consumer of the earlier version may go on writing its own. docs/upgrading.md says when this file can
//! be removed.

use std::time::Duration;

use acuse_core::clock::Timestamp;
use acuse_core::event::{Event, Resource};
use acuse_core::hook::HookError;
use acuse_core::provider::id::bounded;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::get_item::GetItemError;
use aws_sdk_dynamodb::types::{AttributeValue, Delete};

use super::row::Row;
use super::state::{Lifecycle, State};

/// How far a provider's clock may be ahead of ours.
const AHEAD: Duration = Duration::from_secs(24 * 60 * 60);

/// A row at its former key.
pub(super) struct FormerRow {
    key: AttributeValue,
    applied: AttributeValue,
    pub(super) row: Row,
}

impl FormerRow {
    /// Reads the former row of the resource, if there is one.
    pub(super) async fn read(
        client: &Client,
        table: &str,
        event: &Event,
        resource: &Resource,
        lifecycle: Lifecycle,
        now: Timestamp,
    ) -> Result<Option<Self>, HookError> {
        let (provider, environment) = (event.provider, event.environment.name());
        let key = AttributeValue::S(format!("{provider}#{environment}#{}", bounded(&resource.id)));
        let get = client.get_item().table_name(table).key("pk", key.clone());
        let item = match get.consistent_read(true).send().await {
            Ok(output) => output.item.unwrap_or_default(),
            // The write that follows fails as well, with an error that names the table and the variable.
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetItemError::is_resource_not_found_exception) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
        let number = |name: &str| item.get(name).and_then(|value| value.as_n().ok()?.parse::<i64>().ok());
        // A row with a level is a current one: another resource's kind and id may read like this one's id.
        let former = !item.contains_key("last_level") && text("resource_kind") == Some(&bounded(&resource.kind).into());
        let state = text("status").and_then(|status| State::with_status(lifecycle, status));
        let (Some(state), Some(applied), true) = (state, item.get("applied"), former) else {
            return Ok(None);
        };
        // The earlier version accepted any number as a time. One in microseconds is so far ahead that no later
        // event could replace it.
        let updated_at = text("updated_at").and_then(|at| Timestamp::from_rfc3339(at));
        let at = [number("last_at").map(Timestamp::from_millis), updated_at];
        let at = at.into_iter().flatten().find(|at| *at <= now.plus(AHEAD));
        Ok(Some(Self {
            key,
            applied: applied.clone(),
            row: Row {
                account: None,
                state,
                at: at.map_or(i64::MIN, Timestamp::as_millis),
                last_type: text("last_type").cloned().unwrap_or_default(),
                amount: text("amount").cloned(),
                applied: number("applied")
                    .and_then(|n| u64::try_from(n).ok())
                    .unwrap_or_default(),
                part: None,
                total: None,
            },
        }))
    }

    /// Deletes the row unless it has changed since it was read; then the hook is called again.
    pub(super) fn removal(&self, table: &str) -> Result<Delete, BuildError> {
        Delete::builder()
            .table_name(table)
            .key("pk", self.key.clone())
            .condition_expression("applied = :applied")
            .expression_attribute_values(":applied", self.applied.clone())
            .build()
    }
}
