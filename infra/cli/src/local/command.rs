//! Runs commands to completion.

use std::process::Stdio;

use tokio::process::Command;

use super::error::Error;

/// How much of a failed command's output is shown.
const TAIL_LINES: usize = 40;

/// Runs `command` and returns its standard output. If it fails, the error shows the end of its output. The command is
/// killed if the future is dropped.
pub(super) async fn run(
    what: &'static str,
    command: &mut Command,
    advice: Option<&'static str>,
) -> Result<Vec<u8>, Error> {
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|source| Error::Spawn {
            program: program.clone(),
            source,
        })?
        .wait_with_output()
        .await
        .map_err(|source| Error::Spawn { program, source })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let printed = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    Err(Error::Command {
        what,
        command: shown(command),
        output: tail(&String::from_utf8_lossy(&printed), TAIL_LINES),
        advice,
    })
}

/// The last `lines` lines of `text`.
pub(super) fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    all.get(all.len().saturating_sub(lines)..)
        .unwrap_or_default()
        .join("\n")
}

fn shown(command: &Command) -> String {
    let command = command.as_std();
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|part| part.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
