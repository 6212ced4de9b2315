//! Each of AWS's services away from the real functions, for longer than it once took to dead-letter
//! everything that was in flight. Every outage ends by itself, with every event applied once.
//!
//! Of three providers each has an outage of its own at the same time, told apart by what its calls say.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod gate;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use acuse_aws::system::SystemClock;
use acuse_cli::local::{Options, Running, Stack};
use acuse_cli::sample;
use acuse_core::clock::Clock;
use acuse_core::provider::Provider;
use acuse_core::providers::{kuenta, onepay, unopago};
use acuse_tests::proxy::Proxy;
use acuse_tests::running;
use acuse_tests::sender::deliver;
use aws_sdk_sqs::types::QueueAttributeName;

use gate::{Gate, How, Outage};

/// Twelve receives were gone after 26 to 35 seconds.
const LASTS: Duration = Duration::from_secs(38);

/// With the waits of this test's stack. Usually it is `WaitMaxSeconds`, or for a hook `RetryMaxSeconds`.
const RECOVERS: Duration = Duration::from_secs(60);

/// Events of each provider in each phase.
const EVENTS: usize = 5;

const PROVIDERS: [(&Provider, &str); 3] = [
    (&kuenta::PROVIDER, "payment.completed"),
    (&onepay::PROVIDER, "payment.approved"),
    (&unopago::PROVIDER, "payment_received"),
];

/// What is away at the same time, and what that is for each provider's events.
struct Phase {
    away: &'static [Outage],
    means: [(&'static str, &'static str); 3],
}

const fn outage(target: &'static str, body: &'static str, how: How) -> Outage {
    Outage { target, body, how }
}

const DYNAMODB: &str = "DynamoDB_20120810.";

const PHASES: [Phase; 3] = [
    Phase {
        away: &[
            outage(DYNAMODB, "kuenta#", How::Unreachable),
            outage(DYNAMODB, "onepay#", How::Throttled),
            // Its function has not run yet, so it has no secret.
            outage("secretsmanager.", "Unopago", How::Unreachable),
        ],
        means: [
            ("kuenta", "DynamoDB unreachable"),
            ("onepay", "DynamoDB throttles"),
            ("unopago", "Secrets Manager away"),
        ],
    },
    Phase {
        away: &[
            outage(DYNAMODB, "kuenta#", How::Denied),
            outage(DYNAMODB, "onepay#", How::Slow),
            outage("AWSEvents.", "acuse.unopago", How::Denied),
        ],
        means: [
            ("kuenta", "DynamoDB denies access"),
            ("onepay", "DynamoDB slow"),
            ("unopago", "EventBridge refuses"),
        ],
    },
    Phase {
        away: &[
            // The notes on what may kill the function can't be made either.
            outage(DYNAMODB, "", How::Unreachable),
            outage("AmazonSQS.ChangeMessageVisibility", "", How::Denied),
            outage("AmazonSQS.SendMessage", "onepay", How::Denied),
        ],
        means: [
            ("kuenta", "DynamoDB unreachable, and SQS does not let a message wait"),
            ("onepay", "SQS refuses"),
            ("unopago", "DynamoDB unreachable, and SQS does not let a message wait"),
        ],
    },
];

/// A new event of a payment of its own.
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

async fn phase(number: usize, phase: &Phase, proxy: &Proxy<Gate>, running: &Running) {
    let gate = proxy.between();
    gate.away(phase.away);
    let begun = Instant::now();
    let client = acuse_cli::http::client().unwrap();
    let deliveries = PROVIDERS.into_iter().flat_map(|(provider, type_name)| {
        let (client, running) = (client.clone(), running);
        (0..EVENTS).map(move |_| {
            let client = client.clone();
            async move { deliver(&client, running, provider, &payload(provider, type_name)).await }
        })
    });
    let all = futures_util::future::join_all(deliveries);
    let recovery = async {
        tokio::time::sleep(LASTS.saturating_sub(begun.elapsed())).await;
        let before = completed(running).await;
        let calls = gate.failed();
        gate.away(&[]);
        let ended = Instant::now();
        let mut recovered: BTreeMap<&str, Duration> = BTreeMap::new();
        while recovered.len() < PROVIDERS.len() {
            assert!(ended.elapsed() < RECOVERS, "recovered in {RECOVERS:?}: {recovered:?}");
            for (provider, count) in completed(running).await {
                if count == (number + 1) * EVENTS {
                    recovered.entry(provider).or_insert(ended.elapsed());
                }
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        (before, calls, recovered)
    };
    let (refused, (before, calls, recovered)) = tokio::join!(all, recovery);
    let refused: u32 = refused.into_iter().sum();
    for (provider, name) in phase.means {
        assert_eq!(before[provider], number * EVENTS, "{name}: it was no outage");
        let seconds = recovered[provider].as_secs_f64();
        println!(
            "outage: {name} for {} s: recovered after {seconds:.1} s",
            LASTS.as_secs()
        );
    }
    println!("outage: {calls} calls failed, {refused} deliveries answered 5xx and sent again");
    assert!(calls > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_outage_ends_by_itself() {
    let proxy = Proxy::start(Gate::default()).await;
    let state = Path::new(env!("CARGO_TARGET_TMPDIR")).join("outage");
    let mut options = Options::isolated(&state);
    options.functions_endpoint = Some(proxy.url.clone());
    let settings = [
        ("EventBusName", "default"),
        ("WaitMaxSeconds", "8"),
        ("RetryMaxSeconds", "8"),
    ];
    options.parameters = settings
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
    let stack = Stack::start(options).await.unwrap();
    let running = Running::find(&state).unwrap();
    proxy.forward_to(&stack.running().endpoint);
    let sqs = aws_sdk_sqs::Client::new(&running.sdk());
    // Where the queue can't be told when, messages come back sooner than in three minutes.
    let queue = sqs.set_queue_attributes().queue_url(&running.outputs["EventQueueUrl"]);
    queue
        .attributes(QueueAttributeName::VisibilityTimeout, "12")
        .send()
        .await
        .unwrap();

    for (number, outages) in PHASES.iter().enumerate() {
        phase(number, outages, &proxy, &running).await;
    }

    let dynamodb = aws_sdk_dynamodb::Client::new(&running.sdk());
    let scan = dynamodb.scan().table_name(&running.outputs["PaymentsTableName"]);
    let payments = scan.send().await.unwrap().items.unwrap();
    assert_eq!(payments.len(), PHASES.len() * PROVIDERS.len() * EVENTS);
    for payment in payments {
        assert_eq!(payment["applied"].as_n().unwrap(), "1", "{payment:?}");
    }
    for queue in ["DeadLetterQueueUrl", "QuarantineQueueUrl"] {
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let get = sqs.get_queue_attributes().queue_url(&running.outputs[queue]);
        let attributes = get
            .attribute_names(name.clone())
            .send()
            .await
            .unwrap()
            .attributes
            .unwrap();
        assert_eq!(attributes[&name], "0", "{queue}");
    }
    stack.stop().await;
}
