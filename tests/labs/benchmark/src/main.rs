//! `acuse-benchmark`: times the real functions beside their peers, under an emulation of Lambda.
#![allow(clippy::indexing_slicing, reason = "JSON that is not there is null")]
#![allow(clippy::disallowed_types, reason = "nothing that it prints comes from outside")]

mod arguments;
mod backend;
mod contender;
mod error;
mod hooks;
mod lambda;
mod life;
mod machine;
mod neighbours;
mod pipeline;
mod prepare;
mod process;
mod report;
mod server;
mod summary;
mod targets;

use std::error::Error as _;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

use arguments::{Arguments, Command};
use backend::Backend;
use contender::{Contender, Job};
use error::Error;
use lambda::Lambda;
use life::Life;
use machine::Machine;
use prepare::Folders;
use report::Report;
use summary::Summary;

// One thread: a function and the services wait for each other, never at once.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            let mut source = error.source();
            while let Some(error) = source {
                eprintln!("  because: {error}");
                source = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Error> {
    match arguments.command {
        Some(Command::Neighbours(arguments)) => return neighbours::run(arguments).await,
        Some(Command::Hooks(arguments)) => return hooks::run(arguments).await,
        None => {}
    }
    let entries = contender::chosen(&arguments.only, &arguments.without)?;
    let folders = Folders::find(arguments.functions.as_deref())?;
    let progress = ProgressBar::new_spinner();
    progress.enable_steady_tick(std::time::Duration::from_millis(200));
    let contenders = prepare::all(&entries, &folders, &progress).await?;
    progress.finish_and_clear();

    let machine = Machine::here();
    process::share_one_processor();
    let summaries = take_turns(&contenders, &arguments, &folders.target).await?;
    let report = Report::new(machine.and_after(), !arguments.plain, arguments.invocations, summaries);
    println!("{}", report.tables());
    for (path, text) in [
        (&arguments.json, Report::json as fn(&Report) -> String),
        (&arguments.plot, Report::plot),
    ] {
        if let Some(path) = path {
            fs::write(path, text(&report)).map_err(Error::file("write", path))?;
        }
    }
    Ok(())
}

/// Every contender once, then every contender again: what disturbs the machine disturbs all.
async fn take_turns(contenders: &[Contender], arguments: &Arguments, folder: &Path) -> Result<Vec<Summary>, Error> {
    let backend = Backend::start(arguments.plain, folder).await?;
    let mut lambda = Lambda::start().await?;
    let mut lives: Vec<Vec<Life>> = contenders.iter().map(|_| Vec::new()).collect();
    let turns = arguments.rounds * contenders.len();
    let style = ProgressStyle::with_template("{pos}/{len} {msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
    let progress = ProgressBar::new(turns as u64).with_style(style);
    for _ in 0..arguments.rounds {
        for (contender, lives) in contenders.iter().zip(&mut lives) {
            progress.set_message(contender.name);
            let log = folder.join(format!("{}.log", contender.name));
            let invocations = match contender.job {
                Job::Consume => arguments.invocations.div_ceil(life::BATCH),
                Job::Hello | Job::Send | Job::Verify(..) => arguments.invocations,
            };
            let lived = life::live(contender, &mut lambda, &backend, invocations, &log).await;
            lives.push(lived.map_err(|error| Error::Contender {
                contender: contender.name.to_owned(),
                log: prepare::tail(&fs::read_to_string(&log).unwrap_or_default()),
                source: Box::new(error),
            })?);
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    let pairs = contenders.iter().zip(lives);
    Ok(pairs.map(|(contender, lives)| Summary::of(contender, lives)).collect())
}
