//! Outages of AWS's services, each longer than it once took to dead-letter every event in flight. The stack
//! recovers from each of them on its own, and applies every event once.
//!
//! Three stacks run at the same time, for as long as one outage takes. In each of them every provider has an outage
//! of its own, told apart by what is in the calls.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod outages;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use acuse_aws::system::SystemClock;
use acuse_cli::local::Running;
use acuse_cli::sample;
use acuse_core::clock::Clock;
use acuse_core::provider::Provider;
use acuse_core::providers::{kuenta, onepay, unopago};
use acuse_tests::eventually::eventually;
use acuse_tests::post::deliver;
use acuse_tests::proxied::ProxiedStack;
use acuse_tests::running;

use outages::{Failure, Outage, Outages};

/// Twelve receives once took 26 to 35 seconds.
const OUTAGE: Duration = Duration::from_secs(38);

/// The longest recovery, which is usually `WaitMaxSeconds`, or `RetryMaxSeconds` for a hook.
const RECOVERY: Duration = Duration::from_secs(60);

const PARAMETERS: [(&str, &str); 3] = [
    ("EventBusName", "default"),
    ("WaitMaxSeconds", "8"),
    ("RetryMaxSeconds", "8"),
];

/// How many events of each provider are sent during an outage.
const EVENTS: usize = 5;

const PROVIDERS: [(&Provider, &str); 3] = [
    (&kuenta::PROVIDER, "payment.completed"),
    (&onepay::PROVIDER, "payment.approved"),
    (&unopago::PROVIDER, "payment_received"),
];

/// The outages of one stack, and what to call them for each provider's events.
struct Scenario {
    state: &'static str,
    /// Whether the functions have started and processed an event of each provider before.
    warm: bool,
    outages: &'static [Outage],
    names: [(&'static str, &'static str); 3],
}

const fn outage(target: &'static str, body: &'static str, failure: Failure) -> Outage {
    Outage { target, body, failure }
}

const DYNAMODB: &str = "DynamoDB_20120810.";

const SCENARIOS: [Scenario; 3] = [
    Scenario {
        state: "outage-1",
        warm: false,
        outages: &[
            outage(DYNAMODB, "kuenta#", Failure::Unreachable),
            outage(DYNAMODB, "onepay#", Failure::Throttled),
            // Its function has not started, so it has no secret in memory.
            outage("secretsmanager.", "Unopago", Failure::Unreachable),
        ],
        names: [
            ("kuenta", "DynamoDB unreachable"),
            ("onepay", "DynamoDB throttles"),
            ("unopago", "Secrets Manager unreachable"),
        ],
    },
    Scenario {
        state: "outage-2",
        warm: true,
        outages: &[
            outage(DYNAMODB, "kuenta#", Failure::Denied),
            outage(DYNAMODB, "onepay#", Failure::Slow),
            outage("AWSEvents.", "acuse.unopago", Failure::Denied),
        ],
        names: [
            ("kuenta", "DynamoDB denies access"),
            ("onepay", "DynamoDB slow"),
            ("unopago", "EventBridge denies access"),
        ],
    },
    Scenario {
        state: "outage-3",
        warm: true,
        outages: &[
            // The consumer cannot write its notes on poison messages either.
            outage(DYNAMODB, "", Failure::Unreachable),
            outage("AmazonSQS.ChangeMessageVisibility", "", Failure::Denied),
            outage("AmazonSQS.SendMessage", "onepay", Failure::Denied),
        ],
        names: [
            (
                "kuenta",
                "DynamoDB unreachable, and SQS denies changing a message's visibility",
            ),
            ("onepay", "SQS denies sending"),
            (
                "unopago",
                "DynamoDB unreachable, and SQS denies changing a message's visibility",
            ),
        ],
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn the_stack_recovers_from_every_outage_and_applies_every_event_once() {
    futures_util::future::join_all(SCENARIOS.iter().map(Scenario::run)).await;
}

impl Scenario {
    async fn run(&self) {
        let state = Path::new(env!("CARGO_TARGET_TMPDIR")).join(self.state);
        let stack = ProxiedStack::start(&state, Outages::default(), &PARAMETERS).await;
        stack.set_visibility_timeout(12).await;
        let (running, outages) = (&stack.running, stack.interceptor());
        let warm_up = usize::from(self.warm);
        send(running, warm_up).await;
        eventually("the first events", async || {
            completed(running)
                .await
                .values()
                .all(|count| *count == warm_up)
                .then_some(())
        })
        .await;

        outages.set(self.outages);
        let recovery = async {
            tokio::time::sleep(OUTAGE).await;
            let before = completed(running).await;
            let calls = outages.take_failed();
            outages.set(&[]);
            (before, calls, recovery(running, warm_up + EVENTS).await)
        };
        let (failed, (before, calls, recovered)) = tokio::join!(send(running, EVENTS), recovery);
        for (provider, name) in self.names {
            assert_eq!(before[provider], warm_up, "{name}: events were completed during it");
            let (seconds, outage) = (recovered[provider].as_secs_f64(), OUTAGE.as_secs());
            println!("outage: {name} for {outage} s: recovered after {seconds:.1} s");
        }
        println!("outage: {calls} calls failed, {failed} deliveries answered 5xx and sent again");
        assert!(calls > 0);

        let payments = running::payments(running).await;
        assert_eq!(payments.len(), PROVIDERS.len() * (warm_up + EVENTS));
        for payment in payments.values() {
            assert_eq!(payment["applied"], "1", "{payment:?}");
        }
        stack.stop_with_empty_queues().await;
    }
}

/// Sends new events of each provider until all of them are accepted, and returns how many attempts failed.
async fn send(running: &Running, events: usize) -> u32 {
    let client = &acuse_cli::http::client().unwrap();
    let deliveries = PROVIDERS.into_iter().flat_map(|(provider, type_name)| {
        (0..events).map(move |_| async move {
            let body = payload(provider, type_name);
            deliver(client, running, provider, &body).await
        })
    });
    futures_util::future::join_all(deliveries).await.into_iter().sum()
}

/// Waits until each provider has this many completed events, and returns how long that took.
async fn recovery(running: &Running, events: usize) -> BTreeMap<&'static str, Duration> {
    let ended = Instant::now();
    let mut recovered = BTreeMap::new();
    while recovered.len() < PROVIDERS.len() {
        assert!(
            ended.elapsed() < RECOVERY,
            "only these have recovered after {RECOVERY:?}: {recovered:?}"
        );
        for (provider, count) in completed(running).await {
            if count == events {
                recovered.entry(provider).or_insert(ended.elapsed());
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    recovered
}

/// A new event of a new payment.
fn payload(provider: &'static Provider, type_name: &str) -> String {
    let body = sample::payload(provider, type_name).unwrap();
    sample::renewed(provider, &body, SystemClock.now())
}

/// How many events of each provider are completed.
async fn completed(running: &Running) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for (provider, _) in PROVIDERS {
        let records = running::records(running, provider).await;
        let completed = records.iter().filter(|record| record.status == "COMPLETED").count();
        counts.insert(provider.name, completed);
    }
    counts
}
