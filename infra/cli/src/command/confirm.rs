//! Asking before something is done that can't be undone.

use std::io::{self, IsTerminal, Write};

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
    eprint!("{what}? Type `yes`: ");
    let mut answer = String::new();
    io::stderr().flush().map_err(NotConfirmed::Read)?;
    io::stdin().read_line(&mut answer).map_err(NotConfirmed::Read)?;
    match answer.trim() {
        "yes" => Ok(()),
        _ => Err(NotConfirmed::No.into()),
    }
}
