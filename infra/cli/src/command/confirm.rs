//! Asking before something is done that can't be undone.

use std::io::{self, IsTerminal};

use acuse_cli::terminal;
use thiserror::Error;

use super::Failure;

/// Nobody said yes.
#[derive(Debug, Error)]
enum NotConfirmed {
    #[error("not done: the answer was not `yes`")]
    No,
    #[error("not done: nobody is at the terminal to confirm it")]
    Nobody,
    #[error("can't read the answer")]
    Read(#[from] io::Error),
}

/// Asks whether to do `what`, unless `yes` was given on the command line.
pub(crate) fn confirm(what: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::with_advice(
            NotConfirmed::Nobody,
            format!("add `--yes` to {what}"),
        ));
    }
    let answer = terminal::ask(&format!("{what}? Type `yes`:")).map_err(NotConfirmed::Read)?;
    match answer.trim() {
        "yes" => Ok(()),
        _ => Err(NotConfirmed::No.into()),
    }
}
