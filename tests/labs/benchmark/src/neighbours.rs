//! What one destination costs the others, and the hooks, when it hangs, refuses, fails or is slow.
//!
//! The real consumers and the real function `destinations`, each on as many processes as its event source mapping has
//! invocations at a time, work on a queue and tables in this program's memory:
//!
//! ```text
//! event queue ─▶ consumers ─▶ ledger, destination queue ─▶ functions `destinations` ─▶ shop, erp: 200 after a while
//!                                                                                  └─▶ third: in trouble
//! ```

mod arguments;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

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
use acuse_work as work;
pub(crate) use arguments::Arguments;

/// The two that are well.
const WELL: [&str; 2] = ["shop", "erp"];

/// Whoever has not got everything by then never will.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// What was measured in one world.
struct Measured {
    /// Events a second.
    hooks: f64,
    /// Deliveries a second.
    well: Vec<f64>,
    /// How long an event took to arrive at the two that are well, the shortest first.
    waits: Vec<Duration>,
    /// What the third one took meanwhile.
    third: usize,
}

/// Runs every world, and prints what the two destinations that are well, and the hooks, made of it.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Error> {
    let folders = Folders::find(arguments.functions.as_deref())?;
    let (consumer, destinations) = programs(&folders).await?;
    let machine = Machine::here();
    let mut worlds = Vec::new();
    for trouble in Trouble::ALL.into_iter().filter(|trouble| arguments.covers(*trouble)) {
        eprintln!("{} …", trouble.name());
        let measured = world(&arguments, trouble, &consumer, &destinations, &folders).await?;
        worlds.push((trouble, measured));
    }
    println!("{}", table(&worlds));
    let machine = machine.and_after();
    println!(
        "{} events, {} a second, answered after {} ms; {} invocations at a time, fair queue: {}; {}, {} processors, load {:?}",
        arguments.events,
        arguments.rate,
        arguments.answer_ms,
        arguments.concurrency,
        arguments.fair,
        machine.processor,
        machine.processors,
        machine.load
    );
    Ok(())
}

/// The consumer and the function `destinations`: built as they go to Lambda, or those of a folder.
async fn programs(folders: &Folders) -> Result<(Program, Program), Error> {
    let progress = ProgressBar::new_spinner();
    let entry = |file| Entry {
        name: file,
        file,
        job: contender::Job::Consume,
        kind: contender::Kind::Rust,
    };
    let mut made = prepare::all(&[entry("consumer"), entry("destinations")], folders, &progress).await?;
    progress.finish_and_clear();
    let missing = || Error::Answer("cargo built no such binary".to_owned());
    let destinations = made.pop().ok_or_else(missing)?.program;
    Ok((made.pop().ok_or_else(missing)?.program, destinations))
}

async fn world(
    arguments: &Arguments,
    trouble: Trouble,
    consumer: &Program,
    destinations: &Program,
    folders: &Folders,
) -> Result<Measured, Error> {
    let answer = Duration::from_millis(arguments.answer_ms);
    let mut receivers = BTreeMap::new();
    for name in WELL {
        receivers.insert(name, Receiver::start(Trouble::None, answer).await?);
    }
    if trouble != Trouble::None {
        receivers.insert("third", Receiver::start(trouble, answer).await?);
    }
    let own = receivers.iter().map(|(name, receiver)| {
        let destination = json!({
            "url": receiver.url,
            "signing_secrets": ["whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"],
            "allow_private": true,
        });
        ((*name).to_owned(), destination)
    });
    let secret = json!({ "destinations": own.collect::<serde_json::Map<_, _>>() }).to_string();

    let tables = tables::start().await?;
    let queues = Queues::start(secret, arguments.fair).await?;
    let mut environment = queues.environment();
    environment.push(("AWS_ENDPOINT_URL_DYNAMODB", tables));
    environment.push(("DESTINATIONS_MAX_CONCURRENCY", arguments.concurrency.to_string()));
    let environment = Arc::new(environment);
    let function = |program: &Program, queue, concurrency| Function {
        program: program.clone(),
        queue,
        batching: Batching::default(),
        concurrency,
        environment: Arc::clone(&environment),
        log: folders.target.join(format!("{queue}.log")),
    };
    let _consumers = Mapping::start(&queues, function(consumer, "events", arguments.consumers)).await?;
    let _functions = Mapping::start(&queues, function(destinations, "destinations", arguments.concurrency)).await?;

    let events = usize::try_from(arguments.events).unwrap_or(usize::MAX);
    let started = Instant::now();
    let sent_at = |number: u32| started + Duration::from_secs_f64(f64::from(number) / arguments.rate);
    let send = async {
        for number in 0..arguments.events {
            tokio::time::sleep_until(sent_at(number)).await;
            queues.put("events", work::message(number as usize, work::BODY));
        }
    };
    let arrive = async {
        let hooks = queues.deleted("events", events).await;
        let mut well = Vec::new();
        for name in WELL {
            well.push(receivers[name].got(events).await);
        }
        (hooks, well)
    };
    let all = async { tokio::join!(send, arrive).1 };
    let (hooks, well) = tokio::time::timeout(LONGEST, all).await.map_err(|_| Error::Silent)?;
    let rate = |at: Instant| f64::from(arguments.events) / (at - started).as_secs_f64();
    let arrivals = WELL.iter().flat_map(|name| receivers[name].payments());
    let mut waits: Vec<_> = arrivals
        .map(|(number, at)| at - sent_at(u32::try_from(number).unwrap_or_default()))
        .collect();
    waits.sort_unstable();
    Ok(Measured {
        hooks: rate(hooks),
        well: well.into_iter().map(rate).collect(),
        waits,
        third: receivers.get("third").map(Receiver::answered).unwrap_or_default(),
    })
}

fn table(worlds: &[(Trouble, Measured)]) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::ASCII_MARKDOWN).set_header([
        "the third destination",
        "hooks, events a second",
        "shop, a second",
        "erp, a second",
        "relative to alone",
        "half arrive within",
        "99 %",
        "the third took",
    ]);
    let alone = worlds.iter().find(|(trouble, _)| *trouble == Trouble::None);
    for (trouble, measured) in worlds {
        let ratio = alone.map(|(_, alone)| {
            let pairs = measured.well.iter().zip(&alone.well);
            pairs.map(|(with, without)| with / without).fold(f64::MAX, f64::min)
        });
        let mut row = vec![trouble.name().to_owned(), format!("{:.1}", measured.hooks)];
        row.extend(measured.well.iter().map(|rate| format!("{rate:.1}")));
        row.push(ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default());
        for share in [50, 99] {
            let wait = measured.waits.get(measured.waits.len() * share / 100).copied();
            row.push(format!("{:.1} s", wait.unwrap_or_default().as_secs_f64()));
        }
        row.push(measured.third.to_string());
        table.add_row(row);
    }
    table
}
