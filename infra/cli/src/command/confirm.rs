//! Asking for confirmation.

use std::io::{self, IsTerminal};

use super::{Failure, Unreadable};
use crate::terminal;

/// Asks whether to do `what`, unless the command line has `--yes`.
pub(crate) fn confirm(what: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::with_advice(
            "not done: standard input is not a terminal, so nobody can confirm it",
            format!("add `--yes` to {what}"),
        ));
    }
    let answer = terminal::ask(&format!("{what}? Type `yes`:")).map_err(Unreadable::of("the answer"))?;
    match answer.trim() {
        "yes" => Ok(()),
        _ => Err(Failure::new("not done: the answer was not `yes`")),
    }
}
