//! `acuse local`

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use super::Failure;
use super::interrupt::{INTERRUPTED, interrupted};
use crate::local::{Checkout, Error, Options, Progress, Running, Stack, update};
use crate::registry::providers;
use crate::stack::target::TargetError;
use crate::terminal::{self, Table};
use crate::{note, sample, say};
use acuse_core::provider::Provider;

/// Runs until a signal arrives or a process of the stack ends.
pub(crate) async fn run(mut options: Options) -> Result<ExitCode, Failure> {
    if options.update {
        let state = options
            .state
            .map_or_else(|| Checkout::find().map(|found| found.local()), Ok)?;
        let running = Running::find(&state).ok_or(TargetError::NotRunning)?;
        update(&running, &options.parameters).await?;
        let set: Vec<String> = options
            .parameters
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        say!("deployed {}", set.join(", "));
        return Ok(ExitCode::SUCCESS);
    }
    let started = Instant::now();
    let progress = Progress::new(move |line| note!("[{:5.1} s] {line}", started.elapsed().as_secs_f32()));
    let progress = progress.with_log(terminal::line);
    options.progress = progress.clone();
    options.own = Some(Checkout::find()?.root().to_owned());
    let state = options.state.clone();

    let interrupted = interrupted();
    tokio::pin!(interrupted);
    let mut stack = tokio::select! {
        stack = Stack::start(options) => stack?,
        () = &mut interrupted => return Ok(ExitCode::from(INTERRUPTED)),
    };
    progress.say("ready; press Ctrl-C to stop everything");
    summary(&stack, state.as_deref());
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

/// Prints what matters: where deliveries go, how to send one, and where to look.
fn summary(stack: &Stack, state: Option<&Path>) {
    let running = stack.running();
    let option = state.map_or_else(String::new, |state| format!(" --state {}", state.display()));
    let mut table = Table::without_headings([12, 400]);
    for (count, path) in stack.paths().iter().enumerate() {
        let what = if count == 0 { "webhooks" } else { "" };
        table.add_row([what, &format!("{}{path}", running.http)]);
    }
    table.add_row(["inspector", &format!("{}/", running.inspector)]);
    let is_used = |provider: &&'static Provider| {
        running
            .outputs
            .contains_key(&format!("{}SecretId", provider.logical_id()))
    };
    let first = providers().iter().find(is_used);
    if let Some((provider, name)) = first.and_then(|provider| Some((provider.name, sample::money_came_in(provider)?))) {
        table.add_row(["send", &format!("cargo run -- send {provider} {name}{option}")]);
    }
    if let Some((to, secret)) = stack.forward() {
        table.add_row(["forward", &format!("{} gets every verified event, signed", to.expose())]);
        table.add_row([
            "",
            &format!(
                "signing secret: {}   (to keep it, set ACUSE_FORWARD_SECRET)",
                secret.expose()
            ),
        ]);
        table.add_row([
            "",
            &format!("what it is owed: cargo run -- destinations owed forward{option}"),
        ]);
    }
    if let Some(bus) = stack.bus() {
        table.add_row([
            "bus",
            &format!("{}: a copy of every event is on the queue {}", bus.name, bus.queue_url),
        ]);
        table.add_row(["", "how to read it, and how to write rules: docs/eventbridge.md"]);
    }
    let logs = match &running.watch {
        None => format!("here: what hooks log, and warnings; everything: cargo run -- logs --follow{option}"),
        Some(_) => "here: what hooks log, warnings, and errors of the compiler".to_owned(),
    };
    table.add_row(["logs", &logs]);
    let aws = format!(
        "{}; variables of the functions: {}",
        running.endpoint,
        stack.env_file().display()
    );
    table.add_row(["AWS", &aws]);
    if let Some(watch) = &running.watch {
        table.add_row(["functions", &format!("cargo lambda watch at {watch}")]);
    }
    table.print();
    note!("");
}
