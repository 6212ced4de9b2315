//! The drill of docs/operations.md: its commands, as they stand there, and what they answer.

mod calls;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use acuse_core::providers::{onepay, unopago};
use serde_json::Value;

use super::*;
use calls::Recorder;

const PAGE: &str = include_str!("../../../../docs/operations.md");

fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("drill")
}

/// The state folder of the commands, whose calls are recorded.
fn recorded() -> PathBuf {
    folder().join("recorded")
}

/// The commands of the page's drill, block by block.
fn blocks() -> Vec<String> {
    let (_, drill) = PAGE.split_once("\n## A drill\n").unwrap();
    let (drill, _) = drill.split_once("\n## ").unwrap();
    let blocks = drill.split("```sh\n").skip(1);
    blocks
        .map(|block| block.split_once("```").unwrap().0.to_owned())
        .collect()
}

/// A shell whose `acuse` is this one, on the stack of the drill.
struct Shell {
    bin: PathBuf,
    checkout: PathBuf,
}

impl Shell {
    fn new(recorder: &Recorder) -> Self {
        let bin = folder().join("bin");
        fs::create_dir_all(&bin).unwrap();
        let (acuse, state) = (env!("CARGO_BIN_EXE_acuse"), recorded());
        let script = format!(
            "#!/bin/sh\ncurl -s -d \"$1 $2\" {}/-/command\nexec '{acuse}' \"$@\" --state '{}'\n",
            recorder.url,
            state.display()
        );
        fs::write(bin.join("acuse"), script).unwrap();
        fs::set_permissions(bin.join("acuse"), fs::Permissions::from_mode(0o755)).unwrap();
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        Self { bin, checkout }
    }

    /// What the commands print, both streams together.
    async fn run(&self, commands: &str) -> String {
        let path = format!("{}:{}", self.bin.display(), std::env::var("PATH").unwrap());
        let commands = commands.replace("target/local/env", &folder().join("env").display().to_string());
        let mut shell = Command::new("bash");
        shell
            .args(["-c", &format!("exec 2>&1\n{commands}")])
            .current_dir(&self.checkout);
        // As a terminal of today.
        let output = shell
            .env("PATH", path)
            .env_remove("ACUSE_STACK")
            .output()
            .await
            .unwrap();
        let printed = without_state(&String::from_utf8(output.stdout).unwrap(), &recorded());
        println!("$ {}\n{printed}", commands.trim());
        assert_no_secret(&printed, "");
        printed
    }

    /// Waits until a command prints all of these.
    async fn until(&self, command: &str, expected: &[&str]) -> String {
        let wait = async {
            loop {
                let printed = self.run(command).await;
                if expected.iter().all(|expected| printed.contains(expected)) {
                    return printed;
                }
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        waited.unwrap_or_else(|_| panic!("`{command}` does not print {expected:?}"))
    }
}

fn has(printed: &str, expected: &[&str]) {
    for expected in expected {
        assert!(printed.contains(expected), "{expected:?} is not in:\n{printed}");
    }
}

/// The expected answer that a block has as comments.
fn answers(block: &str) -> Vec<&str> {
    let comments = block.lines().filter_map(|line| line.trim().strip_prefix("# "));
    comments.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_drill_goes_as_the_page_says() {
    let _stack = Stack::start(Options::isolated(folder())).await.unwrap();
    let running = Running::find(&folder()).unwrap();
    let recorder = Recorder::start(&folder(), &recorded()).await;
    let shell = Shell::new(&recorder);
    let blocks: [String; 8] = blocks().try_into().unwrap();
    let [faults, look, table, secret, header, unreadable, conflict, end] = &blocks;

    let printed = shell.run(faults).await;
    assert_eq!(printed.matches("200 OK").count(), 27, "{printed}");
    assert_eq!(
        printed.matches("401 missing or wrong signature").count(),
        5,
        "{printed}"
    );

    // Each question is answered with the cause and the command.
    let own = &running.outputs["PaymentsTableName"];
    let mut expected = answers(look);
    let variable = format!("the stack's is `{own}` (PAYMENTS_TABLE), so somebody changed the variable: change it back");
    expected.extend([
        "10 are being retried: no such table: `payments-old` (PAYMENTS_TABLE)",
        &variable,
        "or at once: `acuse events replay --status RELEASED`",
        "1 message: 1 unreadable, so a redrive brings it straight back: `acuse dlq show ID`, then `acuse dlq drop ID",
        "5 messages: `acuse quarantine diagnose`",
        "1 open since yesterday: `acuse events list --status CONFLICT`",
        "retrying: unopago#",
        "waits for what is unavailable, and is tried again by itself within minutes",
        "ORD-4825: 1 delivery in quarantine, not applied: the signature is wrong; `acuse quarantine show ",
        "ORD-4828: 1 delivery in quarantine, not applied: signature in header `x-one-signature`; `acuse quarantine show ",
    ]);
    // While one of the ten is tried again, it is in progress for a moment.
    let printed = shell.until(look, &expected).await;
    assert!(!printed.contains("searching everything"), "{printed}");

    let printed = shell.run(table).await;
    // Those that are being tried at that moment are not queued, and complete by themselves.
    has(&printed, &[" queued\n"]);
    completed_at(&running, &unopago::PROVIDER, 10).await;

    let printed = shell.run(secret).await;
    has(
        &printed,
        &[
            "3 deliveries of onepay: the signature is wrong",
            "The token in `x-webhook-token` is right, so it is hardly forged. If the provider has another one: `acuse secrets put onepay`, then `acuse quarantine release --provider onepay`",
            "3 deliveries released",
        ],
    );

    let deploy = header.lines().nth(1).unwrap().trim();
    let printed = shell.run(header).await;
    has(
        &printed,
        &[
            "2 deliveries of unopago: signature in header `x-one-signature`",
            &format!("deploy it: `{deploy}`"),
            "deployed UnopagoSignature=",
            "2 deliveries released",
        ],
    );

    let dead = shell.run("acuse dlq list --json").await;
    let dead: Value = serde_json::from_str(dead.trim()).unwrap();
    let id = dead["message_id"].as_str().unwrap();
    let printed = shell.run(&unreadable.replace(" ID", &format!(" {id}"))).await;
    let list = printed.lines().next().unwrap_or_default();
    assert!(
        list.trim_start().starts_with("ID "),
        "the list names what `drop` takes: {printed}"
    );
    has(&printed, &["payment: approved", "dropped: onepay unreadable"]);

    let printed = shell.run(conflict).await;
    has(
        &printed,
        &[
            "in full, with the payload: `acuse events show drill-4801`",
            "`acuse events dismiss drill-4801 --reason TEXT`",
            "payment.amount: ",
            "1 conflict dismissed",
        ],
    );

    // In the end nothing is missing or open, and the trail has it all.
    let balance = end.lines().next().unwrap().trim();
    shell.until(balance, &answers(end)).await;
    shell.until("acuse doctor && echo all is well", &["all is well"]).await;
    let printed = shell.run(end).await;
    has(&printed, &answers(end));
    let trail = [
        "events replay",
        "secrets put",
        "quarantine release",
        "dlq drop",
        "events dismiss",
    ];
    has(&printed, &trail);
    has(
        &printed,
        &["a test of the panel, no payment", "wrong amount, says OnePay"],
    );

    // Others that change something, for what they call.
    let more = "acuse events list
        acuse logs
        acuse quarantine list
        acuse quarantine purge --yes
        acuse dlq redrive
        acuse secrets list
        acuse secrets bind onepay --environment any
        acuse destinations add shop --url http://127.0.0.1:9/ --type nothing
        acuse destinations pause shop --reason 'a test'
        acuse destinations resume shop
        acuse destinations retry shop
        acuse destinations list
        acuse destinations owed shop
        acuse destinations remove shop --yes
        acuse events release drill-4801
        acuse events replay 'onepay#test#payment#drill-4801|payment.approved'";
    shell.run(more).await;
    let commands = recorder.checked();
    assert!(commands.len() >= 25, "{commands:?}");

    // Every genuine order is there once, and its payment once in the table that the hook writes.
    let mut orders = BTreeSet::new();
    for provider in [&onepay::PROVIDER, &unopago::PROVIDER] {
        for record in records_at(&running, provider).await {
            if record.status == "COMPLETED" {
                let order = record.reference.clone().unwrap();
                assert!(orders.insert(order), "twice: {}", record.key);
                assert_eq!(record.hooks.len(), 1, "{}", record.key);
            }
        }
    }
    let expected: BTreeSet<String> = (4801..=4828).map(|number| format!("ORD-{number}")).collect();
    assert_eq!(orders, expected);
    let client = aws_sdk_dynamodb::Client::new(&running.sdk());
    let rows = client.scan().table_name(own).send().await.unwrap();
    let payments = rows
        .items()
        .iter()
        .filter(|row| row["pk"].as_s().unwrap().contains("#payment#"));
    assert_eq!(payments.count(), 28);
    let amount = rows
        .items()
        .iter()
        .find(|row| row["pk"].as_s().unwrap().ends_with("#drill-4801"));
    assert!(
        !format!("{:?}", amount.unwrap()).contains("99.00"),
        "the conflict was not applied"
    );
}
