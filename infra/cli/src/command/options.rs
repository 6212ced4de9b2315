//! Options that many commands have.

use std::path::PathBuf;

use clap::Args;

use super::Failure;
use crate::cli::takes_stack;
use crate::local::Checkout;
use crate::stack::filter::Filter;
use crate::stack::running::Running;
use crate::stack::target::{Target, TargetError};
use crate::terminal::{name_stack, shell_quoted};

/// Which stack a command works on.
#[derive(Debug, Args)]
#[command(next_help_heading = "Which stack")]
pub(crate) struct StackOptions {
    /// Name of a deployed CloudFormation stack [default: the running local stack]
    #[arg(long, env = "ACUSE_STACK")]
    stack: Option<String>,
    /// Profile in ~/.aws whose credentials to use
    #[arg(long, requires = "stack")]
    profile: Option<String>,
    /// The stack's AWS region
    #[arg(long, requires = "stack")]
    region: Option<String>,
    /// Folder of the local stack, as given to `acuse local --state`
    #[arg(long, conflicts_with = "stack")]
    state: Option<PathBuf>,
}

impl StackOptions {
    /// How a command that is printed names the same stack: ` --stack NAME`, ` --state FOLDER`, or nothing for the local
    /// stack that is found without.
    pub(crate) fn named(&self) -> String {
        let state = self.state.as_ref().map(|folder| folder.display().to_string());
        let of = |name: &str, value: &Option<String>| {
            let value = value.as_ref().map(|value| format!(" --{name} {}", shell_quoted(value)));
            value.unwrap_or_default()
        };
        [
            of("stack", &self.stack),
            of("profile", &self.profile),
            of("region", &self.region),
            of("state", &state),
        ]
        .concat()
    }

    /// The stack. Commands that are printed from now on name it.
    pub(crate) async fn target(&self) -> Result<Target, Failure> {
        name_stack(self.named(), takes_stack);
        if let Some(stack) = &self.stack {
            return Ok(Target::deployed(stack, self.profile.as_deref(), self.region.as_deref()).await?);
        }
        let state = match &self.state {
            Some(state) => state.clone(),
            None => Checkout::find()?.local(),
        };
        let running = Running::find(&state).ok_or(TargetError::NotRunning)?;
        Ok(Target::local(running).await?)
    }
}

/// Which events, of which stack, and how to print them.
#[derive(Debug, Args)]
pub(crate) struct Selection {
    /// Print one JSON object per line
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) filter: Filter,
    #[command(flatten)]
    pub(crate) stack: StackOptions,
}

impl Selection {
    /// For a command that looks at the ledger's records alone.
    ///
    /// # Errors
    /// If the filter has a status that only lists show.
    pub(crate) fn is_of_records(&self) -> Result<(), Failure> {
        let Some(progress) = self.filter.progress() else {
            return Ok(());
        };
        Err(Failure::with_advice(
            format!("`--status {progress}` is not a status of the ledger, where such an event is COMPLETED"),
            format!(
                "list these events with `acuse events list --status {progress}`, and deliver them again with `acuse destinations retry NAME`"
            ),
        ))
    }
}

/// How to run a command that changes many things.
#[derive(Debug, Args)]
pub(crate) struct Caution {
    /// Print what would be done, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Don't ask for confirmation
    #[arg(long)]
    pub(crate) yes: bool,
}
