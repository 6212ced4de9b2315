//! A stack's destinations: how they are configured, and what they are owed.

mod configuration;
mod error;
pub mod owed;
mod parse;
pub mod progress;
pub mod test_event;

use acuse_aws::destinations::gates::Gates;
use acuse_aws::destinations::hints::Hints;
use acuse_aws::destinations::items::Deliveries;

use crate::stack::target::Target;
pub use configuration::{Configuration, find, new_secret, session, unknown};
pub use error::DestinationsError;
pub use parse::{signing_secret, url};

/// The destinations of a stack that was deployed with them.
#[derive(Debug)]
pub struct StackDestinations {
    /// The secret with all of them.
    pub configuration: Configuration,
    /// What they are owed.
    pub deliveries: Deliveries,
    /// How much each can take now.
    pub gates: Gates,
    /// The queue of the function that delivers.
    pub hints: Hints,
}

impl StackDestinations {
    /// Those of `target`.
    ///
    /// # Errors
    /// [`DestinationsError::NotDeployed`]
    pub fn of(target: &Target) -> Result<Self, DestinationsError> {
        let output = |name| {
            target.output(name).map_err(|_| DestinationsError::NotDeployed {
                stack: target.name().to_owned(),
                is_local: target.is_local(),
            })
        };
        let secret = output("DestinationsSecretId")?.to_owned();
        let queue = output("DestinationQueueUrl")?.to_owned();
        Ok(Self {
            configuration: Configuration::new(aws_sdk_secretsmanager::Client::new(&target.sdk), secret),
            deliveries: target.deliveries()?,
            gates: target.gates()?,
            hints: Hints::new(aws_sdk_sqs::Client::new(&target.sdk), queue),
        })
    }
}
