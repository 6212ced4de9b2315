//! Says which destinations are owed an event. A function of its own delivers to them.

use std::time::Duration;

use acuse_aws::consumer::policy;
use acuse_aws::destinations::configuration::Configuration;
use acuse_aws::destinations::hints::Hints;
use acuse_aws::destinations::items::Deliveries;
use acuse_aws::prelude::*;
use acuse_core::destination::delivery::DeliveryKey;

/// Writes what each destination is owed, together with the event's completion, and hints at it on the destination queue.
///
/// The hint comes first, so that nothing that is owed lacks one. A hint without its delivery comes back for a while:
///
/// ```text
/// hint ── commit ✓ ──── the function finds what is owed, perhaps a moment after the hint
/// hint ── commit ✗ ──── a duplicate, which owes nothing new: the function drops the hint
/// hint ── (dies) ────── the event's message comes back, and so does the hint
/// ```
///
/// So a hint does no harm however often it is sent, and the hook can be transactional: an event whose hooks are all of
/// that kind is still recorded by a single call. An event that no destination wants costs nothing.
pub struct Destinations {
    configuration: Configuration,
    deliveries: Deliveries,
    hints: Hints,
    /// How long the ledger remembers an event and what it is owed.
    retention: Duration,
}

impl Destinations {
    /// Reads `DESTINATIONS_SECRET_ID`, `DESTINATION_QUEUE_URL`, `LEDGER_TABLE` and `RETENTION_DAYS`. Without the first one
    /// there is no such hook.
    ///
    /// # Errors
    /// [`ConfigError`] names the variable that is missing or invalid.
    pub fn from_env(setup: &Setup) -> Result<Option<Self>, ConfigError> {
        let Some(configuration) = Configuration::optional_from_env(setup) else {
            return Ok(None);
        };
        let table = setup.table("LEDGER_TABLE")?;
        configuration.warm_up();
        Ok(Some(Self {
            configuration,
            deliveries: Deliveries::new(setup.dynamodb().clone(), table.name()),
            hints: Hints::from_env(setup)?,
            retention: policy(setup.variables())?.retention,
        }))
    }
}

impl TransactionalHook for Destinations {
    fn name(&self) -> &'static str {
        "destinations"
    }

    async fn wants(&self, event: &Event) -> bool {
        match self.configuration.get().await {
            Ok(destinations) => destinations.owed(event).next().is_some(),
            // `write` says why it can't be read.
            Err(_) => true,
        }
    }

    async fn write(&self, event: &Event, writes: &mut Writes) -> HookResult {
        let destinations = self.configuration.get().await?;
        let owed: Vec<_> = destinations
            .owed(event)
            .map(|destination| DeliveryKey {
                event: event.key.clone(),
                destination: destination.clone(),
            })
            .collect();
        self.hints.send(&owed).await?;
        let now = writes.now();
        for key in &owed {
            let expires_at = now.plus(self.retention);
            let write = self.deliveries.owe(key, event.received_at, now, expires_at)?;
            writes.owe(&key.destination, write);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
