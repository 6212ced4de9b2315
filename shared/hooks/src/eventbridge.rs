//! Publishes every event on an EventBridge bus, so that code in any language can subscribe.

use std::borrow::Cow;

use acuse_aws::prelude::*;
use acuse_core::provider::id::{bounded, digest};
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use serde_json::{Value, json};

/// EventBridge accepts 256 KB per entry. An event with a longer payload is published without it.
/// <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html>
const LONGEST_PAYLOAD: usize = 200 * 1024;

/// EventBridge accepts a `detail-type` of 128 characters. A longer type is replaced by its digest.
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html>
const LONGEST_TYPE: usize = 128;

/// Publishes on the bus `EVENT_BUS_NAME`, at least once. `detail.key` is the idempotency key for subscribers.
pub struct EventBridge {
    client: Client,
    bus: String,
}

impl EventBridge {
    /// Reads `EVENT_BUS_NAME`. Without it there is no such hook, and nothing is published.
    pub fn from_env(setup: &Setup) -> Option<Self> {
        Some(Self {
            bus: setup.optional_variable("EVENT_BUS_NAME")?,
            client: Client::new(setup.sdk()),
        })
    }
}

impl Hook for EventBridge {
    fn name(&self) -> &'static str {
        "eventbridge"
    }

    async fn call(&self, event: &Event, attempt: Attempt, _: &mut Writes) -> HookResult {
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.bus)
            .source(format!("acuse.{}", event.provider))
            .detail_type(detail_type(&event.type_name))
            .detail(detail(event, attempt).to_string())
            .build();
        let answer = self.client.put_events().entries(entry).send().await?;
        // The call succeeds even if its entry fails.
        match answer.entries().iter().find_map(|entry| entry.error_code()) {
            None => Ok(()),
            Some(code) => Err(HookError::retry(format!(
                "the bus `{}` refused the event: {code}",
                self.bus
            ))),
        }
    }
}

fn detail_type(type_name: &str) -> Cow<'_, str> {
    let bounded = bounded(type_name);
    match bounded.chars().count() <= LONGEST_TYPE {
        true => bounded,
        false => Cow::Owned(digest(type_name)),
    }
}

/// The payload stays the text that was signed, because subscribers' JSON parsers would round large numbers.
fn detail(event: &Event, attempt: Attempt) -> Value {
    let payload = Some(event.body())
        .filter(|body| body.len() <= LONGEST_PAYLOAD)
        .and_then(|body| std::str::from_utf8(body).ok());
    json!({
        "provider": event.provider,
        "account": event.account.name.as_str(),
        "environment": event.environment.name(),
        "type": bounded(&event.type_name),
        "kind": format!("{:?}", event.kind),
        "resource_kind": event.resource.as_ref().map(|resource| bounded(&resource.kind)),
        "resource_id": event.resource.as_ref().map(|resource| bounded(&resource.id)),
        "amount": event.amount.as_deref().map(bounded),
        "currency": event.currency.as_deref().map(bounded),
        "total_paid": event.total_paid.as_deref().map(bounded),
        "reference": event.reference.as_deref().map(bounded),
        "key": event.key.to_string(),
        "business_key": event.business_key().as_deref().map(bounded),
        "delivery_id": event.delivery_id.to_string(),
        "attempt": attempt.number,
        "occurred_at": event.occurred_at.map(|at| at.to_string()),
        "received_at": event.received_at.to_string(),
        "payload": payload,
    })
}

#[cfg(test)]
mod tests;
