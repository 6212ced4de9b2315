//! What was accepted, by the verify functions' log.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use acuse_core::provider::Provider;
use acuse_core::wire::delivery::DeliveryId;

use super::Period;
use crate::stack::logs::{Logs, LogsError};
use crate::stack::target::Target;

/// A delivery is logged no later than this after it was received: the longest that a function may run.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const LOGGED_WITHIN: Duration = Duration::from_mins(15);

/// What the verify functions logged of a period.
#[derive(Debug, Default)]
pub struct Accepted {
    /// Accepted and queued, with the provider.
    pub queued: BTreeMap<DeliveryId, String>,
    /// Refused and kept in quarantine.
    pub kept: BTreeSet<DeliveryId>,
}

impl Accepted {
    /// Reads the log of these providers' functions.
    ///
    /// # Errors
    /// The log can't be read.
    pub async fn read(target: &Target, providers: &[&'static Provider], period: Period) -> Result<Self, LogsError> {
        let functions: Vec<String> = providers.iter().map(|provider| provider.name.to_owned()).collect();
        let mut accepted = Self::default();
        if functions.is_empty() {
            return Ok(accepted);
        }
        let logs = Logs::of(target, &functions, period.since).await?;
        for line in logs.until(period.until.plus(LOGGED_WITHIN)).next().await? {
            match line.delivery().filter(|(_, id)| period.received(*id)) {
                Some(("delivery queued", id)) => {
                    // Lines of earlier versions had it as a field of their own.
                    let provider = line
                        .field("Provider")
                        .or_else(|| line.field("provider"))
                        .unwrap_or_default();
                    accepted.queued.insert(id, provider.to_owned());
                }
                Some(("delivery refused", id)) if line.field("quarantined") == Some("kept") => {
                    accepted.kept.insert(id);
                }
                _ => {}
            }
        }
        Ok(accepted)
    }
}
