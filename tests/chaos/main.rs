//! Everything at once: the lifecycles of all providers, shuffled and sent up to four times, while consumers
//! are killed and their calls to AWS are throttled, dropped and delayed.
//!
//! `ACUSE_CHAOS=2000` sets the number of payments, and `ACUSE_SEED=…` repeats the order of events. This is a
//! test binary of its own because it uses all of the machine.
#![cfg(target_os = "linux")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod faults;
mod lifecycle;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use acuse_cli::local::Running;
use acuse_core::provider::Provider;
use acuse_tests::killer::Killer;
use acuse_tests::post::deliver;
use acuse_tests::proxied::ProxiedStack;
use acuse_tests::running;

use faults::Faults;
use lifecycle::LIFECYCLES;

const PAYMENTS: usize = 120;

/// How many deliveries are in flight at once.
const SENDERS: usize = 8;

/// Longer than a killed consumer's lease.
const TIMEOUT: Duration = Duration::from_secs(20 * 60);

/// A kill counts as an attempt of every event in that batch, and there are more kills here than in a year.
/// The short waits keep the test short.
const PARAMETERS: [(&str, &str); 3] = [
    ("MaxAttempts", "1000"),
    ("WaitMaxSeconds", "5"),
    ("RetryMaxSeconds", "5"),
];

#[tokio::test(flavor = "multi_thread")]
async fn no_event_is_lost_or_applied_twice_in_chaos() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let payments = number("ACUSE_CHAOS").map_or(PAYMENTS, |n| usize::try_from(n).unwrap());
    let seed = number("ACUSE_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("chaos: ACUSE_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);

    let state = Path::new(env!("CARGO_TARGET_TMPDIR")).join("chaos");
    let stack = ProxiedStack::start(&state, Faults::new(random.fork()), &PARAMETERS).await;
    stack.set_visibility_timeout(10).await;
    let (running, faults) = (&stack.running, stack.interceptor());

    let all: Vec<_> = (0..payments).map(lifecycle::payment).collect();
    let mut deliveries: Vec<(&Provider, &str)> = Vec::new();
    for payment in &all {
        for body in &payment.bodies {
            for _ in 0..random.u32(1..=4) {
                deliveries.push((payment.provider, body));
            }
        }
    }
    random.shuffle(&mut deliveries);
    let events = all.iter().map(|payment| payment.bodies.len()).sum();

    let started = Instant::now();
    let killer = Killer::start(&state, random.fork());
    faults.inject(true);
    let client = acuse_cli::http::client().unwrap();
    let mut resent = 0;
    for batch in deliveries.chunks(SENDERS) {
        let posts = batch
            .iter()
            .map(|(provider, body)| deliver(&client, running, provider, body));
        resent += futures_util::future::join_all(posts).await.into_iter().sum::<u32>();
    }
    // Chaos goes on for a while after the last delivery, while consumers still have work.
    tokio::time::sleep(Duration::from_secs(10)).await;
    let kills = killer.stop().await.consumers;
    faults.inject(false);

    all_completed(running, events).await;
    let took = started.elapsed();
    let items = running::payments(running).await;
    assert_eq!(items.len(), all.len());
    for payment in &all {
        let item = &items[&payment.key];
        assert_eq!(item["applied"], payment.bodies.len().to_string(), "{}", payment.key);
        assert_eq!(item["status"], payment.last_status, "{} went backwards", payment.key);
    }
    println!(
        "chaos: {payments} payments, {events} events, {} deliveries, {resent} sent again after 5xx, {kills} \
         consumers killed, {:?}, {} s; every event applied once, none lost, no payment went backwards",
        deliveries.len(),
        faults.counts(),
        took.as_secs()
    );
    assert!(kills > 0 && faults.counts().total() > 0);
    stack.stop_with_empty_queues().await;
}

/// Waits until the ledger has this many events, all completed.
async fn all_completed(running: &Running, events: usize) {
    let deadline = Instant::now() + TIMEOUT;
    let names: BTreeMap<&str, &Provider> = LIFECYCLES.iter().map(|own| (own.provider.name, own.provider)).collect();
    loop {
        let mut statuses: BTreeMap<&'static str, usize> = BTreeMap::new();
        for provider in names.values() {
            for record in running::records(running, provider).await {
                *statuses.entry(record.status).or_default() += 1;
            }
        }
        if statuses == BTreeMap::from([("COMPLETED", events)]) {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "of {events} events the ledger has {statuses:?}"
        );
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
