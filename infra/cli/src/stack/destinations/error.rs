//! Why something could not be done with destinations, and what to do.

use acuse_aws::destinations::TableError;
use acuse_aws::destinations::hints::HintError;
use acuse_core::destination::DestinationName;
use acuse_core::destination::config::ConfigError;
use acuse_core::receive::secrets::LONGEST;

use crate::stack::secret::StackSecretError;
use crate::stack::target::TargetError;

/// What could not be done. Contains no part of a secret.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the texts say it")]
pub enum DestinationsError {
    #[error("the stack `{stack}` delivers to no destinations: it was deployed without `Destinations=true`")]
    NotDeployed { stack: String, is_local: bool },
    #[error("there is no destination `{name}`; {}", there_are(present))]
    Unknown { name: String, present: Vec<String> },
    #[error("there is a destination `{0}` already, so nothing was stored")]
    Exists(DestinationName),
    #[error("the destinations take {bytes} bytes, and a secret has room for {LONGEST}, so nothing was stored")]
    TooLong { bytes: usize },
    #[error("the secret `{id}` has no text")]
    Binary { id: String },
    #[error("the destinations can't be read")]
    Invalid(#[source] ConfigError),
    #[error(transparent)]
    Stored(ConfigError),
    /// A write would lose it.
    #[error("nothing was stored, since a destination is stored with a mistake: {0}")]
    Mistake(ConfigError),
    #[error(transparent)]
    Secret(#[from] StackSecretError),
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Hint(#[from] HintError),
}

fn there_are(present: &[String]) -> String {
    match present {
        [] => "none is configured".to_owned(),
        names => {
            let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            format!(
                "there {} {}",
                if names.len() == 1 { "is" } else { "are" },
                names.join(", ")
            )
        }
    }
}

impl DestinationsError {
    /// How to fix it.
    pub fn advice(&self) -> Option<String> {
        Some(match self {
            Self::NotDeployed { is_local: true, .. } => {
                "start the local stack without `--parameter Destinations=false`".to_owned()
            }
            Self::NotDeployed { .. } => {
                "add `Destinations=true` to `parameter_overrides` in samconfig.toml, then run `sam deploy`. It adds a queue, a function and a secret; what was received before is not delivered".to_owned()
            }
            Self::Exists(name) => {
                format!("to change it, run `acuse destinations update {name}`; to replace it, remove it first")
            }
            Self::TooLong { .. } => "remove destinations that nobody uses, or shorten headers and filters".to_owned(),
            Self::Binary { .. } | Self::Invalid(_) => {
                "correct the secret's text with `aws secretsmanager put-secret-value`; without any destination it is {\"destinations\": {}}".to_owned()
            }
            Self::Stored(error) | Self::Mistake(error) => match &error.destination {
                Some(name) => format!("remove it (`acuse destinations remove {name}`) and add it anew, or correct the secret's text with `aws secretsmanager put-secret-value`"),
                None => "correct the secret's text with `aws secretsmanager put-secret-value`".to_owned(),
            },
            Self::Secret(error) => return error.advice(),
            Self::Target(error) => return error.advice(),
            Self::Unknown { .. } | Self::Table(_) | Self::Hint(_) => return None,
        })
    }
}
