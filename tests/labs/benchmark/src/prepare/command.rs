//! Commands that run to their end.

use std::process::Stdio;

use tokio::process::Command;

use crate::error::Error;

/// How many lines of a failed command's output are worth showing.
const TAIL: usize = 40;

/// Runs `command`, and gives what it printed. Where it fails, the error shows the end of that.
pub(super) async fn run(what: &str, command: &mut Command) -> Result<Vec<u8>, Error> {
    let shown = {
        let command = command.as_std();
        let parts = std::iter::once(command.get_program()).chain(command.get_args());
        parts.map(|part| part.to_string_lossy()).collect::<Vec<_>>().join(" ")
    };
    let program = command.as_std().get_program().display().to_string();
    let output = command
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|source| Error::Spawn { program, source })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let printed = [output.stdout, output.stderr].concat();
    Err(Error::Command {
        what: what.to_owned(),
        command: shown,
        output: tail(&String::from_utf8_lossy(&printed)),
    })
}

/// The end of `text`.
pub(crate) fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(TAIL);
    lines.get(from..).unwrap_or_default().join("\n")
}

/// Whether `program` can be run.
pub(super) async fn is_there(program: &str) -> bool {
    let mut version = Command::new(program);
    run("asking for its version", version.arg("--version")).await.is_ok()
}
