//! The operator's commands, run as programs against a local stack.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod accounts;
mod answers;
mod app;
mod attacked;
mod audit;
mod balance;
mod browser;
mod checkout;
mod conflicts;
mod crossings;
mod dead_letters;
mod destinations;
mod doctor;
mod drill;
mod erase;
mod export;
mod find;
mod ids;
mod logs;
mod quarantine;
mod register;
mod secrets;
mod send;
mod summary;
mod terminal;

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use acuse_aws::ledger::reader::LedgerReader;
use acuse_aws::ledger::record::Record;
use acuse_aws::system::SystemClock;
use acuse_cli::local::{Options, Running, Stack};
use acuse_cli::sample::{self, Sample};
use acuse_core::clock::Clock;
use acuse_core::provider::Provider;
use acuse_core::receive::secrets::Secrets;
use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, MutexGuard, OnceCell};

const PATIENCE: Duration = Duration::from_secs(90);

/// The stack that the tests share. It ends with the process.
struct Shared {
    running: Running,
    _stack: Stack,
}

fn state() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("operator")
}

/// Locked by tests that walk the queue of this name: two of them would hide messages from each other.
static DEAD_LETTERS: Mutex<()> = Mutex::const_new(());
static QUARANTINE: Mutex<()> = Mutex::const_new(());

async fn lock_both_queues() -> [MutexGuard<'static, ()>; 2] {
    [DEAD_LETTERS.lock().await, QUARANTINE.lock().await]
}

async fn stack() -> &'static Running {
    static SHARED: OnceCell<Shared> = OnceCell::const_new();
    let shared = SHARED.get_or_init(|| async {
        let stack = Stack::start(Options::isolated(state())).await.unwrap();
        let running = Running::find(&state()).unwrap();
        Shared { running, _stack: stack }
    });
    &shared.await.running
}

/// Serves a router on a port of its own, and returns its URL.
async fn serve(router: axum::Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

/// Runs `acuse` on the shared stack with this input.
async fn acuse(arguments: &[&str], input: &str) -> Output {
    stack().await;
    acuse_in(&state(), arguments, input).await
}

/// Runs `acuse` on the stack with this state folder, and checks that it prints no secret. The folder is left out of
/// the commands that it prints.
async fn acuse_in(state: &Path, arguments: &[&str], input: &str) -> Output {
    let child = start(state, arguments, input).await;
    let mut output = child.wait_with_output().await.unwrap();
    for printed in [&mut output.stdout, &mut output.stderr] {
        if let Ok(text) = std::str::from_utf8(printed) {
            *printed = without_state(text, state).into_bytes();
        }
    }
    let printed = [&output.stdout[..], &output.stderr[..]].concat();
    assert_no_secret(&String::from_utf8_lossy(&printed), input);
    output
}

fn without_state(text: &str, state: &Path) -> String {
    let option = acuse_cli::terminal::shell_quoted(&state.display().to_string());
    text.replace(&format!(" --state {option}"), "")
}

/// Starts `acuse` and writes its input.
async fn start(state: &Path, arguments: &[&str], input: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_acuse"));
    command.args(arguments).arg("--state").arg(state);
    // With `--state`, no checkout is needed.
    command.current_dir("/");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    match stdin.write_all(input.as_bytes()).await {
        // If it refuses its arguments, it may exit before it reads.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
        written => written.unwrap(),
    }
    child
}

/// [`acuse`], which must succeed; returns its standard output.
async fn done(arguments: &[&str], input: &str) -> String {
    let output = acuse(arguments, input).await;
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Checks that neither the local secrets nor those in `input` are in `text`.
fn assert_no_secret(text: &str, input: &str) {
    let local = [
        "local-unopago-secret",
        "wh_tok_local",
        "wh_hdr_local",
        "local-kuenta-secret",
    ];
    let given = input
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.contains('{'));
    for secret in local.into_iter().chain(given) {
        assert!(!text.contains(secret.trim()), "a secret shows in:\n{text}");
    }
}

/// The log of the emulator and all functions so far.
fn logs() -> String {
    std::fs::read_to_string(state().join("emulator.log")).unwrap()
}

fn secrets(provider: &Provider, text: &str) -> Secrets {
    Secrets::parse(provider, text).unwrap()
}

/// The secrets that the stack starts with.
fn local_secrets(provider: &Provider) -> Secrets {
    secrets(provider, &sample::local_secret(provider).to_string())
}

/// The stack's ledger.
fn ledger(running: &Running) -> LedgerReader {
    LedgerReader::new(
        aws_sdk_dynamodb::Client::new(&running.sdk()),
        &running.outputs["LedgerTableName"],
    )
}

/// A new payment.
fn payment(provider: &'static Provider) -> Bytes {
    let name = ["payment_received", "payment.approved", "payment.completed"];
    let name = name.into_iter().find(|name| provider.types.contains(name)).unwrap();
    let payload = sample::payload(provider, name).unwrap();
    sample::renewed(provider, &payload, SystemClock.now()).into()
}

/// Posts `body`, signed with `secrets`, and returns the status of the answer.
async fn post(provider: &'static Provider, body: &Bytes, secrets: &Secrets) -> u16 {
    post_at(stack().await, provider, body, secrets).await
}

/// [`post`] to another stack.
async fn post_at(running: &Running, provider: &'static Provider, body: &Bytes, secrets: &Secrets) -> u16 {
    let sample = Sample::signed(provider, body.to_vec(), secrets, SystemClock.now(), None).unwrap();
    post_headers(running, provider, body, &sample.headers).await
}

async fn post_with(provider: &Provider, body: &Bytes, headers: &[(&'static str, String)]) -> u16 {
    post_headers(stack().await, provider, body, headers).await
}

async fn post_headers(running: &Running, provider: &Provider, body: &Bytes, headers: &[(&'static str, String)]) -> u16 {
    post_to(&format!("{}/webhooks/{}", running.http, provider.name), body, headers).await
}

async fn post_to(url: &str, body: &Bytes, headers: &[(&'static str, String)]) -> u16 {
    let client = acuse_cli::http::client().unwrap();
    // A busy machine may take too long. Providers send again after a 503.
    for _ in 0..10 {
        let post = client.post(url).body(body.clone());
        let post = headers
            .iter()
            .fold(post, |post, (name, value)| post.header(*name, value));
        match post.send().await.unwrap().status().as_u16() {
            503 => tokio::time::sleep(Duration::from_millis(500)).await,
            status => return status,
        }
    }
    503
}

/// The records of `provider` that were received today.
async fn records_at(running: &Running, provider: &Provider) -> Vec<Record> {
    let ledger = ledger(running);
    let now = SystemClock.now();
    let mut records = ledger.on_day(provider.name, None, now, usize::MAX).await.unwrap();
    let yesterday = now.minus(Duration::from_secs(24 * 60 * 60));
    records.extend(ledger.on_day(provider.name, None, yesterday, usize::MAX).await.unwrap());
    // Without the doctor's test deliveries.
    records.retain(|record| record.type_name != acuse_core::event::TEST_DELIVERY_MEMBER);
    records
}

/// Waits until `provider` has so many records, all of them completed.
async fn completed(provider: &Provider, count: usize) -> Vec<Record> {
    completed_at(stack().await, provider, count).await
}

async fn completed_at(running: &Running, provider: &Provider, count: usize) -> Vec<Record> {
    let wait = async {
        loop {
            let records = records_at(running, provider).await;
            if records.len() >= count && records.iter().all(|record| record.status == "COMPLETED") {
                return records;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("all events complete")
}
