//! Publishes every event on an EventBridge bus, so that rules can route it to code in any language.

mod detail;

use std::borrow::Cow;

use acuse_aws::prelude::*;
use acuse_core::metric;
use acuse_core::provider::id::{bounded, digest};
use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::error::ProvideErrorMetadata;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use detail::{Detail, Limits};

/// EventBridge takes less than 1 MB in a request, by the documentation of `PutEvents` and of the SDK (1.127). This is
/// 1 MB in either reading of it. What is left of 1 MiB is for the envelope that EventBridge adds, so that the event fits
/// the targets, and a dead-letter queue with its attributes.
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>
const LARGEST_ENTRY: usize = 1_000_000 - 1;

/// EventBridge accepts a `detail-type` of 128 characters. A longer type is replaced by its digest.
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html>
const LONGEST_TYPE: usize = 128;

/// Publishes on the bus `EVENT_BUS_NAME`, at least once. `detail.id` is the same each time.
///
/// The detail is the body that destinations get, with the payload as JSON in `data`, and its exact text in `payload`.
/// What can't be published is left out, and `omitted` says so: the event is never lost for its size.
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

    /// Publishes an entry, and returns why the bus did not take it, if it is because of what is in it.
    async fn put(&self, source: &str, detail_type: &str, detail: &Detail) -> Result<Option<Refusal>, HookError> {
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.bus)
            .source(source)
            .detail_type(detail_type)
            .detail(&detail.text)
            .build();
        let answer = match self.client.put_events().entries(entry).send().await {
            Ok(answer) => answer,
            Err(error) if error.code() == Some("ValidationException") && detail.can_shrink() => {
                return Ok(Some(Refusal::TooLarge));
            }
            Err(error) => return Err(error.into()),
        };
        // The call succeeds even if its entry fails.
        let failed = answer.failed_entry_count() > 0;
        match answer.entries().iter().find_map(|entry| entry.error_code()) {
            None if !failed => Ok(None),
            Some("MalformedDetail") if detail.has_data() => Ok(Some(Refusal::Malformed)),
            code => Err(HookError::retry(format!(
                "the bus `{}` refused the event: {}",
                self.bus,
                code.unwrap_or("without a reason")
            ))),
        }
    }
}

/// What a bus objects to in an entry.
enum Refusal {
    /// EventBridge's documentation is not about every region. This one takes less.
    TooLarge,
    /// It does not take what our JSON reader takes.
    Malformed,
}

impl Hook for EventBridge {
    fn name(&self) -> &'static str {
        "eventbridge"
    }

    async fn call(&self, event: &Event, attempt: Attempt, _: &mut Writes) -> HookResult {
        let source = format!("acuse.{}", event.provider);
        let detail_type = detail_type(&event.type_name);
        // An entry's size is that of these three in UTF-8: it has no time and no resources.
        // https://docs.aws.amazon.com/eventbridge/latest/userguide/calculate-putevents-entry-size.html
        let mut limits = Limits::new(LARGEST_ENTRY - source.len() - detail_type.len());
        // Each refusal makes the next entry smaller or takes the data out of it, so there are three at most.
        let detail = loop {
            let detail = Detail::of(event, attempt.number, limits);
            match self.put(&source, &detail_type, &detail).await? {
                None => break detail,
                Some(Refusal::TooLarge) => limits.bytes = detail.text.len() - 1,
                Some(Refusal::Malformed) => limits.takes_data = false,
            }
        };
        if let Some(omitted) = detail.omitted {
            metric::event_bridge_omission(omitted.metric());
            tracing::warn!(
                key = %event.key,
                id = event.idempotency_key(),
                omitted = omitted.metric(),
                reason = omitted.reason.name(),
                bytes = event.body().len(),
                "published without a part of the event: `acuse events show KEY` has it"
            );
        }
        Ok(())
    }
}

fn detail_type(type_name: &str) -> Cow<'_, str> {
    let bounded = bounded(type_name);
    match bounded.chars().count() <= LONGEST_TYPE {
        true => bounded,
        false => Cow::Owned(digest(type_name)),
    }
}

#[cfg(test)]
mod tests;
