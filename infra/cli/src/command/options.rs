//! Which stack a command works on: the same options everywhere.

use std::path::PathBuf;

use acuse_cli::local::{Checkout, Running};
use acuse_cli::stack::target::{Target, TargetError};
use clap::Args;

use super::Failure;

/// Which stack a command works on.
#[derive(Debug, Args)]
#[command(next_help_heading = "Which stack")]
pub(crate) struct StackOptions {
    /// A deployed CloudFormation stack [default: the running local stack]
    #[arg(long, env = "ACUSE_STACK")]
    stack: Option<String>,
    /// The profile of ~/.aws that has the credentials
    #[arg(long, requires = "stack")]
    profile: Option<String>,
    /// The stack's AWS region
    #[arg(long, requires = "stack")]
    region: Option<String>,
    /// The local stack's folder, where `acuse local --state` names one
    #[arg(long, conflicts_with = "stack")]
    state: Option<PathBuf>,
}

impl StackOptions {
    /// Finds the stack.
    pub(crate) async fn target(&self) -> Result<Target, Failure> {
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
