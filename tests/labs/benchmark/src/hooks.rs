//! How a consumer with ten hooks and three destinations copes: with a backlog, and with neighbours whose hooks are slow.
//!
//! The consumer is [`peers/ten-hooks`](../peers/ten-hooks): the product's, with more hooks. The batches are of up to a
//! hundred messages and, as Lambda limits it, 6 MB.
//!
//! ```text
//! event queue ─▶ consumers ─▶ ledger, payments, six rows, destination queue
//!                     └─────▶ two APIs, 20 ms a call; where neighbours are slow, seconds for some events
//! ```

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use acuse_work as work;
use comfy_table::Table;
use indicatif::ProgressBar;
use serde_json::json;
use tokio::time::Instant;

use crate::contender::{self, Entry};
use crate::error::Error;
use crate::machine::Machine;
use crate::pipeline::{Batching, Function, Mapping, Queues, Receiver, Trouble, tables};
use crate::prepare::{self, Folders};
use crate::process::Program;

/// What the API takes.
const ANSWER: Duration = Duration::from_millis(20);
/// What it takes for one event in [`ONE_IN`] where neighbours are slow.
const SLOW: Duration = Duration::from_secs(5);
const ONE_IN: usize = 20;

const LONG: usize = 200 * 1024;

/// Whoever is not done by then never will be.
const LONGEST: Duration = Duration::from_secs(10 * 60);

/// Measure a consumer with ten hooks, three destinations, payloads of 200 KB and batches of a hundred
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How many events a backlog has
    #[arg(long, default_value_t = 500)]
    backlog: usize,
    /// How many events come where latency is measured
    #[arg(long, default_value_t = 300)]
    events: usize,
    /// How many of them come in a second
    #[arg(long, default_value_t = 10.0)]
    rate: f64,
    /// The window of the event source mapping, in milliseconds
    #[arg(long, default_value_t = 1000)]
    window_ms: u64,
    /// Run the binary `ten-hooks` of this folder, and build none
    #[arg(long, value_name = "FOLDER")]
    functions: Option<PathBuf>,
}

/// One thing to measure.
struct World {
    what: &'static str,
    events: usize,
    length: usize,
    /// Events a second; all at once if it is infinite.
    rate: f64,
    /// Invocations at a time.
    consumers: usize,
    slow: bool,
}

struct Measured {
    took: Duration,
    cpu: Duration,
    peak: u64,
    /// From its sending to its last hook, of each event that is not slow itself; the shortest first.
    waits: Vec<Duration>,
}

/// Runs every world, and prints what came of it.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Error> {
    let folders = Folders::find(arguments.functions.as_deref())?;
    let program = program(&folders).await?;
    let backlog = |what, length| World {
        what,
        events: arguments.backlog,
        length,
        rate: f64::INFINITY,
        consumers: 1,
        slow: false,
    };
    let paced = |what, slow| World {
        what,
        events: arguments.events,
        length: LONG,
        rate: arguments.rate,
        consumers: 10,
        slow,
    };
    let worlds = [
        backlog("backlog, 2 KB", work::BODY),
        backlog("backlog, 200 KB", LONG),
        paced("200 KB as they come", false),
        paced("beside slow neighbours", true),
    ];
    let machine = Machine::here();
    let mut table = Table::new();
    table.load_style(comfy_table::presets::ASCII_MARKDOWN).set_header([
        "",
        "events a second",
        "events per CPU second",
        "peak MB",
        "half are done within",
        "99 %",
    ]);
    for world in &worlds {
        eprintln!("{} …", world.what);
        let measured = measure(world, &arguments, &program, &folders).await?;
        let wait = |share| {
            measured
                .waits
                .get(measured.waits.len() * share / 100)
                .copied()
                .unwrap_or_default()
        };
        table.add_row([
            world.what.to_owned(),
            format!("{:.0}", world.events as f64 / measured.took.as_secs_f64()),
            format!("{:.0}", world.events as f64 / measured.cpu.as_secs_f64()),
            format!("{:.1}", measured.peak as f64 / 1e6),
            format!("{:.2} s", wait(50).as_secs_f64()),
            format!("{:.2} s", wait(99).as_secs_f64()),
        ]);
    }
    println!("{table}");
    let machine = machine.and_after();
    println!(
        "backlogs of {} with one invocation at a time; {} events, {} a second, with ten; one in {ONE_IN} takes {} s where \
         neighbours are slow; {}, {} processors, load {:?}",
        arguments.backlog,
        arguments.events,
        arguments.rate,
        SLOW.as_secs(),
        machine.processor,
        machine.processors,
        machine.load
    );
    Ok(())
}

async fn program(folders: &Folders) -> Result<Program, Error> {
    const NAME: &str = "ten-hooks";
    let entry = Entry {
        name: NAME,
        file: NAME,
        job: contender::Job::Consume,
        kind: contender::Kind::Rust,
    };
    let progress = ProgressBar::new_spinner();
    let made = prepare::all(&[entry], folders, &progress).await?;
    progress.finish_and_clear();
    let made = made.into_iter().next();
    Ok(made
        .ok_or_else(|| Error::Answer("cargo built no such binary".to_owned()))?
        .program)
}

async fn measure(
    world: &World,
    arguments: &Arguments,
    program: &Program,
    folders: &Folders,
) -> Result<Measured, Error> {
    let is_slow = |number: usize, slow: bool| slow && number.is_multiple_of(ONE_IN);
    let slow = world.slow;
    let shipping = Receiver::start(Trouble::None, ANSWER).await?;
    let accounting = Receiver::answering(Trouble::None, move |number| match is_slow(number, slow) {
        true => SLOW,
        false => ANSWER,
    });
    // It is called last.
    let accounting = accounting.await?;
    let destination = json!({
        "url": "https://shop.example.com/webhooks",
        "signing_secrets": ["whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"],
    });
    let destinations = json!({ "shop": destination, "erp": destination, "crm": destination });
    let queues = Queues::start(json!({ "destinations": destinations }).to_string(), true).await?;
    let mut environment = queues.environment();
    environment.push(("AWS_ENDPOINT_URL_DYNAMODB", tables::start().await?));
    environment.push(("SHIPPING_URL", shipping.url));
    environment.push(("ACCOUNTING_URL", accounting.url.clone()));
    let function = Function {
        program: program.clone(),
        queue: "events",
        batching: Batching {
            size: 100,
            window: Duration::from_millis(arguments.window_ms),
        },
        concurrency: world.consumers,
        environment: Arc::new(environment),
        log: folders.target.join("ten-hooks.log"),
    };
    // All messages are there before the first is received.
    let started = Instant::now();
    let sent_at = |number: usize| started + Duration::from_secs_f64(number as f64 / world.rate);
    if world.rate.is_infinite() {
        for number in 0..world.events {
            queues.put("events", work::message(number, world.length));
        }
    }
    let consumers = Mapping::start(&queues, function).await?;
    let begun = Instant::now();
    let before = consumers.processor_time()?;
    let send = async {
        for number in 0..world.events {
            if world.rate.is_finite() {
                tokio::time::sleep_until(sent_at(number)).await;
                queues.put("events", work::message(number, world.length));
            }
        }
    };
    let all = async { tokio::join!(send, queues.deleted("events", world.events)).1 };
    let ended = tokio::time::timeout(LONGEST, all).await.map_err(|_| Error::Silent)?;
    let others = accounting.payments().into_iter();
    let others = others.filter(|(number, _)| !is_slow(*number, slow));
    let mut waits: Vec<_> = others.map(|(number, at)| at - sent_at(number)).collect();
    waits.sort_unstable();
    Ok(Measured {
        took: ended - begun,
        cpu: consumers.processor_time()?.saturating_sub(before),
        peak: consumers.peak_memory()?,
        waits,
    })
}
