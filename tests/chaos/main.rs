//! Everything at once: lifecycles of all providers, shuffled and sent up to four times, while the
//! consumer is killed again and again and its calls to AWS are throttled, dropped and delayed.
//!
//! `ACUSE_CHAOS=2000` sets how many payments, `ACUSE_SEED=…` repeats the order of events. A test binary of
//! its own: it takes all the machine that it gets.
#![cfg(target_os = "linux")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod trouble;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use acuse_aws::system::SystemClock;
use acuse_cli::local::{Options, Running, Stack};
use acuse_cli::sample;
use acuse_core::clock::Clock;
use acuse_core::event::Resource;
use acuse_core::provider::Provider;
use acuse_core::providers::{kuenta, onepay, unopago};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::QueueAttributeName;

use acuse_tests::proxy::Proxy;
use acuse_tests::running;
use acuse_tests::sender::deliver;
use trouble::Trouble;

const PAYMENTS: usize = 120;

/// Longer than a killed consumer's lease.
const PATIENCE: Duration = Duration::from_secs(20 * 60);

/// How a payment may go, in the order in which it happens, and where it ends.
const LIVES: [(&Provider, &[&str], &str); 6] = [
    (&onepay::PROVIDER, &["payment.created", "payment.approved"], "succeeded"),
    (
        &onepay::PROVIDER,
        &["payment.created", "payment.rejected", "payment.approved"],
        "succeeded",
    ),
    (
        &onepay::PROVIDER,
        &["cashout.created", "cashout.processing", "cashout.processed"],
        "completed",
    ),
    (
        &kuenta::PROVIDER,
        &["payment.created", "payment.completed", "payment.refunded"],
        "refunded",
    ),
    (&kuenta::PROVIDER, &["payment.created", "payment.failed"], "failed"),
    (&unopago::PROVIDER, &["payment_received"], "succeeded"),
];

struct Payment {
    pk: String,
    bodies: Vec<String>,
    ends: &'static str,
}

/// The events of one payment, a minute apart, under one id.
fn payment(life: usize) -> (&'static Provider, Payment) {
    let (provider, types, ends) = LIVES[life % LIVES.len()];
    let end = SystemClock.now();
    let mut id: Option<String> = None;
    let mut environment = "live";
    let mut bodies = Vec::new();
    for (place, name) in types.iter().enumerate() {
        let ago = u32::try_from(types.len() - place).unwrap() * Duration::from_secs(60);
        let body = sample::payload(provider, name).unwrap();
        let mut body = sample::renewed(provider, &body, end.minus(ago));
        let own = resource(provider, &body).id;
        match &id {
            None => id = Some(own),
            Some(first) => body = body.replace(&format!("\"{own}\""), &format!("\"{first}\"")),
        }
        let value = acuse_core::json::parse(body.as_bytes()).unwrap();
        environment = (provider.read)(&value)
            .unwrap()
            .environment
            .map_or("live", |own| own.name());
        bodies.push(body);
    }
    let kind = resource(provider, &bodies[0]).kind;
    let pk = format!("{}#{environment}#{kind}#{}", provider.name, id.unwrap());
    (provider, Payment { pk, bodies, ends })
}

/// What a payload is about.
fn resource(provider: &Provider, payload: &str) -> Resource {
    let value = acuse_core::json::parse(payload.as_bytes()).unwrap();
    (provider.read)(&value).unwrap().resource.unwrap()
}

/// Kills a consumer of the stack in `state`: any process with its environment.
fn kill_a_consumer(state: &Path) -> bool {
    let of_the_stack = |process: &PathBuf| {
        let read = |name| std::fs::read(process.join(name)).unwrap_or_default();
        let environment = String::from_utf8_lossy(&read("environ")).into_owned();
        let command = String::from_utf8_lossy(&read("cmdline")).into_owned();
        let inside = environment.contains(&*state.to_string_lossy());
        inside && environment.contains("LEDGER_TABLE=") && command.contains("bootstrap")
    };
    let processes = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| Some(entry.ok()?.path()));
    let Some(process) = processes.filter(of_the_stack).last() else {
        return false;
    };
    let pid = process.file_name().unwrap().to_string_lossy().into_owned();
    std::process::Command::new("kill")
        .args(["-KILL", &pid])
        .status()
        .unwrap()
        .success()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_nothing_done_twice_in_chaos() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let payments = number("ACUSE_CHAOS").map_or(PAYMENTS, |n| usize::try_from(n).unwrap());
    let seed = number("ACUSE_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("chaos: ACUSE_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);

    let proxy = Proxy::start(Trouble::new(random.fork())).await;
    let state = Path::new(env!("CARGO_TARGET_TMPDIR")).join("chaos");
    let mut options = Options::isolated(&state);
    options.functions_endpoint = Some(proxy.url.clone());
    // Every kill is an attempt of what was worked on; here there are more of them than in a year. And nobody
    // waits for minutes.
    let settings = [
        ("MaxAttempts", "1000"),
        ("WaitMaxSeconds", "5"),
        ("RetryMaxSeconds", "5"),
    ];
    options.parameters = settings
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
    let stack = Stack::start(options).await.unwrap();
    let running = Running::find(&state).unwrap();
    proxy.forward_to(&stack.running().endpoint);
    let sqs = aws_sdk_sqs::Client::new(&running.sdk());
    // A killed consumer's messages come back sooner than in three minutes.
    sqs.set_queue_attributes()
        .queue_url(&running.outputs["EventQueueUrl"])
        .attributes(QueueAttributeName::VisibilityTimeout, "10")
        .send()
        .await
        .unwrap();

    let all: Vec<_> = (0..payments).map(payment).collect();
    let mut deliveries = Vec::new();
    for (provider, payment) in &all {
        for body in &payment.bodies {
            for _ in 0..random.u32(1..=4) {
                deliveries.push((*provider, body.clone()));
            }
        }
    }
    random.shuffle(&mut deliveries);
    let (events, sent) = (all.iter().map(|(_, p)| p.bodies.len()).sum::<usize>(), deliveries.len());

    let started = Instant::now();
    let (stop, kills) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let killer = tokio::spawn({
        let (stop, kills, state, mut random) = (Arc::clone(&stop), Arc::clone(&kills), state.clone(), random.fork());
        async move {
            while !stop.load(Ordering::Relaxed) {
                tokio::time::sleep(Duration::from_millis(random.u64(500..4000))).await;
                kills.fetch_add(u32::from(kill_a_consumer(&state)), Ordering::Relaxed);
            }
        }
    });
    proxy.between().strike(true);
    let client = acuse_cli::http::client().unwrap();
    let mut resent = 0;
    for batch in deliveries.chunks(8) {
        let posts = batch
            .iter()
            .map(|(provider, body)| deliver(&client, &running, provider, body));
        resent += futures_util::future::join_all(posts).await.into_iter().sum::<u32>();
    }
    // Trouble goes on while the consumers work, for a while.
    tokio::time::sleep(Duration::from_secs(10)).await;
    stop.store(true, Ordering::Relaxed);
    killer.await.unwrap();
    proxy.between().strike(false);

    let items = settled(&running, events).await;
    let took = started.elapsed();
    for (_, payment) in &all {
        let item = &items[&payment.pk];
        assert_eq!(item["applied"], payment.bodies.len().to_string(), "{}", payment.pk);
        assert_eq!(item["status"], payment.ends, "{} went backwards", payment.pk);
    }
    assert_eq!(items.len(), all.len());
    for queue in ["DeadLetterQueueUrl", "QuarantineQueueUrl"] {
        assert_eq!(length(&sqs, &running.outputs[queue]).await, 0, "{queue}");
    }
    let (kills, faults) = (kills.load(Ordering::Relaxed), proxy.between().faults());
    println!(
        "chaos: {payments} payments, {events} events, {sent} deliveries, {resent} sent again after 5xx, \
         {kills} consumers killed, {faults:?}, {} s; every event once, none lost, none backwards",
        took.as_secs()
    );
    assert!(kills > 0 && faults.total() > 0);
    stack.stop().await;
}

/// Waits until the ledger has so many events, all completed, and gives the payments table.
async fn settled(running: &Running, events: usize) -> BTreeMap<String, BTreeMap<String, String>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut statuses: BTreeMap<&'static str, usize> = BTreeMap::new();
        for (provider, ..) in [LIVES[0], LIVES[3], LIVES[5]] {
            for record in running::records(running, provider).await {
                *statuses.entry(record.status).or_default() += 1;
            }
        }
        if statuses == BTreeMap::from([("COMPLETED", events)]) {
            break;
        }
        assert!(
            Instant::now() < deadline,
            "{events} events, and the ledger has {statuses:?}"
        );
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let client = aws_sdk_dynamodb::Client::new(&running.sdk());
    let scan = client.scan().table_name(&running.outputs["PaymentsTableName"]);
    let mut pages = scan.into_paginator().items().send();
    let mut items = BTreeMap::new();
    while let Some(item) = pages.next().await {
        let text = |value: AttributeValue| match value {
            AttributeValue::S(text) | AttributeValue::N(text) => text,
            other => format!("{other:?}"),
        };
        let item: BTreeMap<String, String> = item
            .unwrap()
            .into_iter()
            .map(|(name, value)| (name, text(value)))
            .collect();
        items.insert(item["pk"].clone(), item);
    }
    items
}

async fn length(sqs: &aws_sdk_sqs::Client, url: &str) -> u32 {
    let name = QueueAttributeName::ApproximateNumberOfMessages;
    let get = sqs.get_queue_attributes().queue_url(url).attribute_names(name.clone());
    get.send().await.unwrap().attributes.unwrap()[&name].parse().unwrap()
}
