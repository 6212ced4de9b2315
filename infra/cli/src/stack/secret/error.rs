//! Why a secret can't be read or written, and what to do.

use std::error::Error;

use acuse_core::receive::secrets::{LONGEST, SecretError};

/// A secret that can't be read or written. Contains no part of a value.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the texts say it")]
pub enum StackSecretError {
    #[error("can't {operation} the secret `{id}`")]
    Unreachable {
        operation: &'static str,
        id: String,
        source: Box<dyn Error + Send + Sync>,
    },
    /// Nothing is written, so that the other change is not lost.
    #[error("somebody else changed the secret `{id}` at the same moment, so nothing was stored")]
    Changed {
        id: String,
        source: Box<dyn Error + Send + Sync>,
    },
    #[error("the stack's functions are older than accounts and could not read the secret, so nothing was stored")]
    OldFunctions,
    #[error("{accounts} accounts take {bytes} bytes, and a secret has room for {LONGEST}, so nothing was stored")]
    TooLong { accounts: usize, bytes: usize },
    #[error("the secret `{id}` was changed too often, so nothing was stored")]
    TooOften {
        id: String,
        source: Box<dyn Error + Send + Sync>,
    },
    #[error("changed the secret `{id}`, but could not withdraw what it replaces: that is still accepted")]
    NotWithdrawn {
        id: String,
        source: Box<dyn Error + Send + Sync>,
    },
    /// A write would lose it, or leave the functions with its previous version.
    #[error("nothing was stored, since another account is stored with a mistake: {0}")]
    OtherMistake(SecretError),
    #[error(transparent)]
    Secret(#[from] SecretError),
}

impl StackSecretError {
    /// How to fix it.
    pub fn advice(&self) -> Option<String> {
        let advice = match self {
            Self::Changed { .. } | Self::NotWithdrawn { .. } => "run this again",
            Self::OldFunctions => {
                "deploy this version first (`sam deploy`). Until then, a provider has the account `default` alone, without an environment and with one token"
            }
            Self::TooLong { .. } => {
                "remove accounts that get no deliveries (`acuse secrets list` shows them), finish rotations, or deploy a second stack"
            }
            Self::TooOften { .. } => {
                "Secrets Manager keeps every version of the last 24 hours, and about 100 in all: run this again tomorrow. To store many accounts, write them in one version with `aws secretsmanager put-secret-value`"
            }
            Self::OtherMistake(error) => {
                return Some(format!(
                    "correct that one first: `acuse secrets put {} --account {}`. If that is refused too, correct both in one version with `aws secretsmanager put-secret-value`",
                    error.provider, error.account
                ));
            }
            Self::Unreachable { .. } | Self::Secret(_) => return None,
        };
        Some(advice.to_owned())
    }
}
