//! `acuse local`

use std::process::ExitCode;
use std::time::Instant;

use acuse_aws::system::SystemClock;
use acuse_cli::local::{Error, Options, Progress, Stack};
use acuse_cli::terminal::{self, Table};
use acuse_cli::{note, sample, say};
use acuse_core::clock::Clock;
use acuse_core::providers;

use super::Failure;
use super::interrupt::{INTERRUPTED, interrupted};

/// Runs until a signal arrives or a process of the stack ends.
pub(crate) async fn run(mut options: Options) -> Result<ExitCode, Failure> {
    let started = Instant::now();
    let progress = Progress::new(move |line| note!("[{:5.1} s] {line}", started.elapsed().as_secs_f32()));
    options.progress = progress.clone();

    let interrupted = interrupted();
    tokio::pin!(interrupted);
    let mut stack = tokio::select! {
        stack = Stack::start(options) => stack?,
        () = &mut interrupted => return Ok(ExitCode::from(INTERRUPTED)),
    };
    progress.say("ready; press Ctrl-C to stop");
    summary(&stack);
    let ended: Option<Error> = tokio::select! {
        error = stack.ended() => Some(error),
        () = &mut interrupted => None,
    };
    progress.say("stopping");
    stack.stop().await;
    match ended {
        Some(error) => Err(error.into()),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// Prints URLs, outputs and a signed sample for each provider.
fn summary(stack: &Stack) {
    note!("");
    let running = stack.running();
    let mut table = Table::without_headings([40, 400]);
    table.add_row(["deliveries", &format!("{}/webhooks/{{provider}}", running.http)]);
    table.add_row(["inspector", &format!("{}/", running.inspector)]);
    table.add_row(["health", &format!("{}/healthz", running.http)]);
    table.add_row(["AWS endpoint", &running.endpoint]);
    table.add_row(["variables", &stack.env_file().display().to_string()]);
    if let Some(url) = &running.watch {
        table.add_row(["cargo lambda watch", url]);
    }
    // URLs of AWS don't work locally.
    let outputs = running.outputs.iter();
    for (name, value) in outputs.filter(|(_, value)| !value.starts_with("https://")) {
        table.add_row([name, value]);
    }
    table.print();
    for provider in providers::ALL {
        let curl = sample::curl(provider, &running.http, SystemClock.now());
        say!("");
        say!("# {}", provider.name);
        curl.unwrap_or_default().lines().for_each(terminal::line);
    }
}
