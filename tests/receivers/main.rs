//! Three destinations that fail, hang, answer slowly, reset connections, commit and die, answer and die, and restart,
//! by turns, while consumers and the function that delivers are killed: every event reaches every one of them.
//!
//! `ACUSE_RECEIVERS=5000` sets the number of events, and `ACUSE_SEED=…` repeats the turns. `ACUSE_BEHIND=URL,URL,URL`
//! names the real backends that stand behind, as `tests/examples/trouble` does. This is a test binary of its
//! own because it uses all of the machine.
#![cfg(target_os = "linux")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod backend;
mod turn;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::time::{Duration, Instant};

use acuse_aws::destinations::items::Deliveries;
use acuse_aws::system::SystemClock;
use acuse_cli::local::{Options, Running, Stack};
use acuse_cli::sample;
use acuse_core::clock::Clock;
use acuse_core::destination::DestinationName;
use acuse_core::destination::delivery::{DeliveryKey, Status};
use acuse_core::event::key::IdempotencyKey;
use acuse_core::provider::Provider;
use acuse_core::providers::{kuenta, onepay, unopago};
use acuse_tests::killer::Killer;
use acuse_tests::post::deliver;
use acuse_tests::receiver::configure_with;
use acuse_tests::running;
use serde_json::json;

use backend::{Backend, Database};
use turn::{Turn, Turns};

const EVENTS: usize = 120;

/// A backend has its next trouble after so many requests at the latest.
const LONGEST_CALM: u32 = 150;

/// How many deliveries are in flight at once.
const SENDERS: usize = 8;

/// A gate that closes again and again, with the lease of a function that was killed, takes minutes to open.
const TIMEOUT: Duration = Duration::from_secs(40 * 60);

const NAMES: [&str; 3] = ["shop", "erp", "books"];

const PROVIDERS: [&Provider; 3] = [&onepay::PROVIDER, &kuenta::PROVIDER, &unopago::PROVIDER];

/// A kill counts as an attempt of every event in that batch.
const PARAMETERS: [(&str, &str); 4] = [
    ("Destinations", "true"),
    ("MaxAttempts", "1000"),
    ("WaitMaxSeconds", "5"),
    ("RetryMaxSeconds", "5"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_event_reaches_every_destination_whatever_it_does() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let events = number("ACUSE_RECEIVERS").map_or(EVENTS, |n| usize::try_from(n).unwrap());
    let seed = number("ACUSE_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("receivers: ACUSE_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);

    let state = Path::new(env!("CARGO_TARGET_TMPDIR")).join("receivers");
    let mut options = Options::isolated(&state);
    options.parameters = PARAMETERS
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let stack = Stack::start(options).await.unwrap();
    let running = Running::find(&state).unwrap();
    // So long are messages of a killed function hidden. No batch takes longer here.
    running::set_visibility_timeout(&running, "EventQueueUrl", 10).await;
    running::set_visibility_timeout(&running, "DestinationQueueUrl", 20).await;

    let behind = std::env::var("ACUSE_BEHIND").unwrap_or_default();
    let mut behind = behind.split(',').filter(|url| !url.is_empty()).map(str::to_owned);
    let mut backends = Vec::new();
    for name in NAMES {
        // Short enough for every kind of trouble to have its turn.
        let calm = u32::try_from(events / 8).unwrap().min(LONGEST_CALM);
        let turns = Turns::new(random.fork(), calm);
        backends.push(Backend::start(name, turns, random.fork(), behind.next()).await);
    }
    let destinations: Vec<_> = backends.iter().map(|own| (own.name, &*own.url)).collect();
    // The lease of a killed function lasts for a minute. The others don't wait for it.
    let settings = [("timeout_seconds", json!(2)), ("parallel", json!(1000))];
    configure_with(&running, &destinations, &settings).await;

    let started = Instant::now();
    let killer = Killer::start(&state, random.fork());
    let resent = send(&running, events, &mut random).await;
    // Functions are killed for a while after the last delivery, while they still have work.
    tokio::time::sleep(Duration::from_secs(10)).await;
    let kills = killer.stop().await;

    let keys = completed(&running, events).await;
    let table = &running.outputs["LedgerTableName"];
    let deliveries = Deliveries::new(aws_sdk_dynamodb::Client::new(&running.sdk()), table);
    nothing_is_owed(&deliveries, &backends).await;
    let took = started.elapsed();

    let mut recorded = 0;
    for backend in &backends {
        recorded += check(backend.name, &backend.database(), &keys, &deliveries).await;
    }
    report(&backends, events, took);
    println!(
        "receivers: {events} events to {} destinations, {resent} sent again after 5xx, {kills:?}, {recorded} tries \
         recorded, {} s; every event at every destination, in one row each",
        backends.len(),
        took.as_secs()
    );
    assert!(kills.consumers > 0 && kills.destinations > 0, "{kills:?}");
    for queue in [
        "DeadLetterQueueUrl",
        "DestinationDeadLetterQueueUrl",
        "QuarantineQueueUrl",
    ] {
        assert_eq!(running::queue_length(&running, queue).await, 0, "{queue}");
    }
    stack.stop().await;
}

/// Posts so many events, of all providers, and returns how many attempts were answered 5xx.
async fn send(running: &Running, events: usize, random: &mut fastrand::Rng) -> u32 {
    let client = acuse_cli::http::client().unwrap();
    let mut resent = 0;
    for batch in (0..events).collect::<Vec<_>>().chunks(SENDERS) {
        let bodies: Vec<_> = batch
            .iter()
            .map(|_| {
                let provider = random.choice(PROVIDERS).unwrap();
                let sample = sample::payload(provider, sample::money_came_in(provider).unwrap()).unwrap();
                (provider, sample::renewed(provider, &sample, SystemClock.now()))
            })
            .collect();
        let posts = bodies
            .iter()
            .map(|(provider, body)| deliver(&client, running, provider, body));
        resent += futures_util::future::join_all(posts).await.into_iter().sum::<u32>();
    }
    resent
}

/// Waits until the ledger has this many events, all completed, and returns their keys.
async fn completed(running: &Running, events: usize) -> BTreeSet<String> {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        let mut keys = BTreeSet::new();
        let mut statuses = BTreeMap::<&str, usize>::new();
        for provider in PROVIDERS {
            for record in running::records(running, provider).await {
                *statuses.entry(record.status).or_default() += 1;
                keys.insert(record.key);
            }
        }
        if statuses == BTreeMap::from([("COMPLETED", events)]) {
            return keys;
        }
        assert!(
            Instant::now() < deadline,
            "of {events} events the ledger has {statuses:?}"
        );
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Waits until the list of each destination is empty.
async fn nothing_is_owed(deliveries: &Deliveries, backends: &[Backend]) {
    let deadline = Instant::now() + TIMEOUT;
    loop {
        let mut owed = Vec::new();
        for backend in backends {
            let page = deliveries.list(&name(backend.name), None).await.unwrap();
            owed.extend(page.deliveries);
        }
        if owed.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "still owed: {owed:?}");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Compares what a destination has with the ledger. Returns how many tries the ledger knows of.
async fn check(destination: &str, database: &Database, keys: &BTreeSet<String>, deliveries: &Deliveries) -> u32 {
    assert_eq!((database.unverified, database.changed), (0, 0), "{destination}");
    let stored: BTreeSet<String> = database.rows.values().cloned().collect();
    assert_eq!(&stored, keys, "{destination} has other events than the ledger");
    // One row for each event, so one id as well.
    assert_eq!(database.rows.len(), keys.len(), "{destination}");
    assert!(database.tries.keys().all(|id| database.rows.contains_key(id)));
    for turn in Turn::TROUBLE {
        assert!(
            database.turns.contains_key(turn.name()),
            "{destination}: never {turn:?}"
        );
    }
    let wanted: Vec<_> = keys
        .iter()
        .map(|key| DeliveryKey {
            event: IdempotencyKey::parse(key).unwrap(),
            destination: name(destination),
        })
        .collect();
    let found = deliveries.many(&wanted).await.unwrap();
    assert_eq!(found.len(), keys.len(), "{destination}");
    assert!(found.values().all(|delivery| delivery.status == Status::Delivered));
    found.values().map(|delivery| delivery.attempts).sum()
}

fn report(backends: &[Backend], events: usize, took: Duration) {
    for backend in backends {
        let database = backend.database();
        let mut by_tries = BTreeMap::<u32, usize>::new();
        for (tries, _) in database.tries.values() {
            *by_tries.entry(*tries).or_default() += 1;
        }
        let tries: u32 = database.tries.values().map(|(tries, _)| tries).sum();
        let turns: BTreeMap<_, _> = HashMap::into_iter(database.turns).collect();
        println!(
            "receivers: {}: {tries} requests for {events} events in {} s; events by tries {by_tries:?}; {} duplicates \
             met their row; {} were not taken by the one behind; requests by turn {turns:?}",
            backend.name,
            took.as_secs(),
            database.duplicates,
            database.refused,
        );
    }
}

fn name(text: &str) -> DestinationName {
    DestinationName::parse(text).unwrap()
}
