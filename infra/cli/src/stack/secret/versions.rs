//! The versions of a secret in Secrets Manager, whatever they hold: reading the current one, and replacing it unless
//! somebody else has.

use std::error::Error;
use std::time::Duration;

use acuse_aws::system::SystemRandom;
use acuse_aws::verifier::labelled;
use acuse_core::clock::Random;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueOutput;

use super::StackSecretError;

/// The label of the version that is being written, which it keeps until the next write: a current version that has it
/// is of `acuse`'s own. No version has more than three labels, of the 20 that Secrets Manager allows.
pub(in crate::stack) const WRITING: &str = "ACUSE_WRITING";

const CURRENT: &str = "AWSCURRENT";
const PREVIOUS: &str = "AWSPREVIOUS";

/// How often a write is done again because another part of the secret was changed at the same moment.
pub(in crate::stack) const RETRIES: usize = 10;

/// The shortest wait before that: a read just after a write may still return the old value. Up to as much again is
/// random, so that several writers don't meet again.
const PAUSE_MILLIS: u64 = 500;

/// Waits before a write is done again.
pub(in crate::stack) async fn pause() {
    let random = u64::try_from(SystemRandom.bits() % u128::from(PAUSE_MILLIS)).unwrap_or_default();
    tokio::time::sleep(Duration::from_millis(PAUSE_MILLIS + random)).await;
}

/// A secret's versions.
#[derive(Debug)]
pub(in crate::stack) struct Versions {
    pub(super) client: Client,
    id: String,
}

impl Versions {
    /// Those of the secret with this name or ARN.
    pub(in crate::stack) fn new(client: Client, id: String) -> Self {
        Self { client, id }
    }

    /// The secret's name or ARN.
    pub(in crate::stack) fn id(&self) -> &str {
        &self.id
    }

    /// The current version.
    pub(in crate::stack) async fn current(&self) -> Result<GetSecretValueOutput, StackSecretError> {
        let get = self.client.get_secret_value().secret_id(&self.id);
        let value = get.version_stage(CURRENT).send().await;
        value.map_err(|error| self.error("read", error))
    }

    /// The previous version, if there is one.
    pub(super) async fn previous(&self) -> Result<Option<GetSecretValueOutput>, StackSecretError> {
        let version = labelled(&self.client, &self.id, PREVIOUS).await;
        version.map_err(|error| self.error("read", error))
    }

    /// Withdraws the version `replaced`: functions accept the one that is labelled `AWSPREVIOUS`.
    pub(super) async fn withdraw(&self, replaced: &str) -> Result<(), StackSecretError> {
        let label = self.client.update_secret_version_stage().secret_id(&self.id);
        let label = label.version_stage(PREVIOUS).remove_from_version_id(replaced);
        let Err(error) = label.send().await else {
            return Ok(());
        };
        // It fails as well if the label is on a later version, which has nothing of this one.
        match self.previous().await {
            Ok(previous) if previous.as_ref().and_then(|value| value.version_id()) != Some(replaced) => Ok(()),
            _ => Err(StackSecretError::NotWithdrawn {
                id: self.id.clone(),
                source: error.into(),
            }),
        }
    }

    /// Writes a version in place of the one with the id `read`, unless somebody else has done so: Secrets Manager only
    /// moves a label from the version that it is on, and moves `AWSPREVIOUS` with it.
    /// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html>
    ///
    /// ```text
    /// read        AWSCURRENT                    AWSPREVIOUS
    /// written     ACUSE_WRITING                 ACUSE_WRITING, AWSCURRENT
    ///              │ another write may take the label; a version without any is kept for a day
    /// ```
    pub(in crate::stack) async fn write(&self, read: &str, text: String) -> Result<(), StackSecretError> {
        let put = self.client.put_secret_value().secret_id(&self.id).secret_string(text);
        let put = put.version_stages(WRITING).send().await;
        let put = put.map_err(|error| match error.as_service_error() {
            Some(limit) if limit.is_limit_exceeded_exception() => StackSecretError::TooOften {
                id: self.id.clone(),
                source: error.into(),
            },
            _ => self.error("write", error),
        })?;
        let written = put.version_id.unwrap_or_default();
        let label = self.client.update_secret_version_stage().secret_id(&self.id);
        let label = label.version_stage(CURRENT).remove_from_version_id(read);
        let Err(error) = label.move_to_version_id(&written).send().await else {
            return Ok(());
        };
        // If an answer was lost, the SDK has sent the request twice: the first one was done, and the second one failed.
        let refused = error
            .as_service_error()
            .is_some_and(|e| e.is_invalid_parameter_exception());
        match self.current().await?.version_id {
            Some(now) if now == written => Ok(()),
            Some(now) if refused || now != read => Err(StackSecretError::Changed {
                id: self.id.clone(),
                source: error.into(),
            }),
            _ => Err(self.error("write", error)),
        }
    }

    pub(super) fn error(
        &self,
        operation: &'static str,
        error: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> StackSecretError {
        StackSecretError::Unreachable {
            operation,
            id: self.id.clone(),
            source: error.into(),
        }
    }
}
