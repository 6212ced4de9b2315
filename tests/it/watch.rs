//! Hot reload: the functions under `cargo lambda watch`, with the consumer fed from the queue.

use std::path::Path;
use std::time::Duration;

use acuse_aws::system::SystemClock;
use acuse_cli::local::{Checkout, Options, Running, Stack};
use acuse_cli::sample;
use acuse_core::clock::{Clock, Timestamp};
use acuse_core::provider::Provider;
use acuse_core::providers;
use acuse_tests::eventually::eventually;
use acuse_tests::post::{Post, url};
use acuse_tests::running::ledger;
use tokio::process::Command;

use crate::stack::resource_id;

async fn post(running: &Running, provider: &'static Provider, body: &str) -> u16 {
    let post = Post::signed(provider, body.as_bytes());
    let answer = post
        .send(&acuse_cli::http::client().unwrap(), &url(running, provider))
        .await;
    answer.status().as_u16()
}

/// Waits for the record of the resource `id` to be completed.
async fn completed(running: &Running, provider: &Provider, id: &str, day: Timestamp) {
    let ledger = ledger(running);
    eventually(&format!("{} of {id}", provider.name), async || {
        let records = ledger.on_day(provider.name, None, day, usize::MAX).await.unwrap();
        let mut records = records.into_iter();
        records.find(|record| record.resource_id.as_deref() == Some(id) && record.status == "COMPLETED")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cargo_lambda_watch_runs_the_verifiers_and_a_consumer_fed_from_the_queue() {
    let state = Path::new(env!("CARGO_TARGET_TMPDIR")).join("watch");
    let mut options = Options::isolated(&state);
    options.watch = true;
    let stack = Stack::start(options).await.unwrap();
    let running = Running::find(&state).unwrap();

    for provider in providers::ALL {
        let type_name = provider.types[0];
        let now = SystemClock.now();
        let body = sample::renewed(provider, &sample::payload(provider, type_name).unwrap(), now);
        assert_eq!(post(&running, provider, &body).await, 200);
        assert_eq!(post(&running, provider, &body).await, 200, "a duplicate");
        let id = resource_id(provider, &body);
        completed(&running, provider, &id, now).await;
        assert_eq!(post(&running, provider, "").await, 401, "an empty body");
    }

    // A page of another site may not read the functions' answers.
    let watch = running.watch.as_deref().unwrap();
    let asked = acuse_cli::http::client()
        .unwrap()
        .get(format!("{watch}/webhooks/kuenta"))
        .header("origin", "http://evil.example");
    let answer = asked.send().await.unwrap();
    assert!(
        !answer.headers().contains_key("access-control-allow-origin"),
        "{:?}",
        answer.headers()
    );

    // `cargo lambda invoke` works with the documented events.
    let tool = Checkout::find().unwrap().local().join("venv-watch/bin/cargo-lambda");
    let (address, port) = watch.strip_prefix("http://").unwrap().split_once(':').unwrap();
    let timeout = Duration::from_secs(60);
    for (function, expected) in [
        ("unopago", r#""statusCode":200"#),
        ("onepay", r#""statusCode":200"#),
        ("kuenta", r#""statusCode":200"#),
        ("shipped", r#"{"batchItemFailures":[]}"#),
    ] {
        let event = format!(
            concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/invoke/{}.json"),
            function.replace("shipped", "consumer")
        );
        let mut invoke = Command::new(&tool);
        invoke.args(["lambda", "invoke", "-A", address, "-P", port, function]);
        invoke.args(["--data-file", &event]);
        let output = tokio::time::timeout(timeout, invoke.output()).await.unwrap().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        assert!(printed.contains(expected), "{function}: {output:?}");
    }
    stack.stop().await;
}
