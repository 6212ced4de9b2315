//! Reading the audit trail.

use std::collections::HashMap;

use acuse_core::clock::Timestamp;
use acuse_core::event::key::IdempotencyKey;
use aws_sdk_dynamodb::types::AttributeValue;

use super::{Audit, AuditError, Entry, day_key, event_sort};
use crate::stack::DAY;

impl Audit {
    /// What was done between `since` and `now`, the newest first.
    ///
    /// # Errors
    /// [`AuditError::Read`]
    pub async fn list(&self, since: Timestamp, now: Timestamp) -> Result<Vec<Entry>, AuditError> {
        let (mut entries, mut day) = (Vec::new(), now);
        loop {
            let mut of_day = self.query(&day_key(day), "").await?;
            of_day.reverse();
            entries.extend(of_day);
            if day.day() <= since.day() {
                break;
            }
            day = day.minus(DAY);
        }
        entries.retain(|entry| entry.at >= since);
        Ok(entries)
    }

    /// What operators did with one event, the oldest first.
    ///
    /// # Errors
    /// [`AuditError::Read`]
    pub async fn of_event(&self, event: &IdempotencyKey) -> Result<Vec<Entry>, AuditError> {
        self.query(&event.partition, &event_sort(&event.sort)).await
    }

    async fn query(&self, partition: &str, begins: &str) -> Result<Vec<Entry>, AuditError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .expression_attribute_values(":pk", AttributeValue::S(partition.to_owned()));
        // An empty text begins every key, but DynamoDB takes none in a condition.
        let query = match begins {
            "" => query.key_condition_expression("pk = :pk"),
            begins => query
                .key_condition_expression("pk = :pk AND begins_with(sk, :sk)")
                .expression_attribute_values(":sk", AttributeValue::S(begins.to_owned())),
        };
        let items: Result<Vec<HashMap<_, _>>, _> = query.into_paginator().items().send().collect().await;
        let items = items.map_err(|error| self.unread(&error))?;
        Ok(items.iter().filter_map(Entry::read).collect())
    }
}
