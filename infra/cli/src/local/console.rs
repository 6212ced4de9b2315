//! The functions' log lines in the terminal of `acuse local`.

use std::time::Duration;

use acuse_aws::system::SystemClock;
use acuse_core::clock::Clock;

use super::progress::Progress;
use crate::stack::logs::Logs;
use crate::stack::logs::line::Line;
use crate::stack::target::Target;

/// Lines appear this long after an invocation has ended, at most.
const EVERY: Duration = Duration::from_millis(500);

/// Passes on what functions log from now on, except [routine](Line::is_routine) lines. Runs until the stack stops.
pub(super) async fn follow(target: Target, progress: Progress) {
    let mut is_failing = false;
    let Ok(mut logs) = Logs::of(&target, &[], SystemClock.now()).await else {
        return progress.say("the functions' logs can't be followed");
    };
    loop {
        match logs.next().await {
            Ok(lines) => {
                is_failing = false;
                lines
                    .iter()
                    .filter(|line| !line.is_routine())
                    .for_each(|line| progress.log(line.to_string()));
            }
            // Once for a time in which the emulator does not answer.
            Err(error) if !is_failing => {
                is_failing = true;
                progress.say(format!("logs not read: {error}"));
            }
            Err(_) => {}
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// What a line of `cargo lambda watch` becomes: a function's line, a message of the compiler, or nothing.
pub(super) fn watched(text: &str) -> Option<String> {
    if text.starts_with('{') {
        let line = Line::parse(None, SystemClock.now(), text)?;
        return (!line.is_routine()).then(|| line.to_string());
    }
    // cargo-lambda's own lines, and cargo's about what it does. Errors and warnings of the compiler are neither.
    let own = [" INFO ", "ERROR available_functions", "ERROR command killed"];
    let cargo = [
        "Finished ",
        "Running ",
        "Blocking ",
        "Building ",
        "Updating ",
        "Locking ",
    ];
    let is_noise = own.iter().any(|start| text.starts_with(start))
        || text.contains("waiting for file lock")
        || cargo
            .iter()
            .any(|word| text.trim_start().starts_with(word) && text.starts_with(' '));
    (!is_noise && !text.trim().is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::watched;

    #[test]
    fn only_functions_and_the_compiler_are_heard_under_watch() {
        for noise in [
            " INFO spawning function instance function=\"kuenta\"",
            "ERROR available_functions={\"hello\"} detail=\"…\"",
            "ERROR command killed code=ForceStop",
            "    Finished `dev` profile in 0.46s",
            "     Running `target/debug/kuenta`",
            " waiting for file lock on package cache",
            r#"{"_aws":{},"level":"INFO"}"#,
            r#"{"_aws":{},"level":"INFO","message":"event completed"}"#,
            "",
        ] {
            assert_eq!(watched(noise), None, "{noise}");
        }
        for line in [
            "RELOADED",
            "error[E0308]: mismatched types",
            "  --> functions/consumer/src/hooks.rs:9:5",
            "   Compiling consumer v0.1.0",
        ] {
            assert_eq!(watched(line).as_deref(), Some(line));
        }
        let paid = r#"{"timestamp":"2026-11-26T22:26:45.411Z","level":"INFO","message":"paid","target":"consumer::hooks::orders"}"#;
        assert_eq!(watched(paid).unwrap(), "2026-11-26T22:26:45.411Z INFO  consumer paid");
    }
}
