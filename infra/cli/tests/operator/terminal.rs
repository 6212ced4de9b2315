//! Attacks on the operator's terminal by a provider, or by anybody with its secret.

use acuse_cli::stack::queue::{QueueError, Walk, attribute};
use acuse_cli::stack::target::Target;
use acuse_core::providers::unopago;
use aws_sdk_sqs::types::MessageAttributeValue;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::*;

/// Changes the title, clears the screen, sets a colour with C1, forges a line, and reverses the rest.
const NASTY: &str = "odd\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\r\nFORGED\u{202e}\u{200b}\u{7f}";

/// Checks that no terminal acts on it, and that every line is ours.
fn assert_tame(printed: &str) {
    let acting = |c: &char| c.is_control() && *c != '\n';
    let hiding = |c: &char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}');
    let found = printed.chars().find(|c| acting(c) || hiding(c));
    assert_eq!(found, None, "{printed:?}");
    assert!(!printed.lines().any(|line| line.starts_with("FORGED")), "{printed}");
}

/// [`assert_tame`], and that nothing is missing and no line fills the screen.
fn assert_tame_table(printed: &str) {
    assert_tame(printed);
    assert!(printed.contains(r"odd\u{1b}]0;owned\u{7}"), "{printed}");
    let widest = printed.lines().map(|line| line.chars().count()).max();
    assert!(widest < Some(320), "{widest:?}");
}

/// The JSON objects that were printed.
fn objects(printed: &str) -> Vec<Value> {
    assert_tame(printed);
    let lines = printed.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

/// The longest type that a record keeps unchanged, longer than a table's cell.
fn long() -> String {
    "x".repeat(180)
}

/// A validly signed event, with its type and id.
fn nasty_event() -> (Bytes, String, String) {
    let type_name = format!("{NASTY}{}", long());
    let id = format!("{NASTY}{}", uuid::Uuid::new_v4());
    let body = json!({"event": type_name, "data": {"id": id}}).to_string();
    (body.into(), type_name, id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_event_cannot_act_on_the_terminal() {
    let provider = &unopago::PROVIDER;
    let local = local_secrets(provider);
    let (body, type_name, id) = nasty_event();
    assert_eq!(post(provider, &body, &local).await, 200);
    let arrived = async {
        while !records_at(stack().await, provider)
            .await
            .iter()
            .any(|record| record.resource_id.as_deref() == Some(&id))
        {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, arrived).await.expect("it arrives");

    let list = ["events", "list", "--provider", "unopago"];
    assert_tame_table(&done(&list, "").await);
    let listed = objects(&done(&[&list[..], &["--json"]].concat(), "").await);
    let listed = listed.iter().find(|record| record["resource_id"] == *id).unwrap();
    assert_eq!(listed["type"], *type_name);

    let shown = done(&["events", "show", &id], "").await;
    assert_tame(&shown);
    let whole = acuse_cli::terminal::escape_json(&json!(type_name).to_string());
    // In the record, and in the payload.
    assert!(shown.matches(&long()).count() >= 2 && shown.contains(&whole), "{shown}");
    let shown = objects(&done(&["events", "show", &id, "--json"], "").await);
    assert_eq!(
        (&shown[0]["type"], &shown[0]["resource_id"]),
        (&json!(type_name), &json!(id))
    );

    // The error quotes an id that is not found.
    let output = acuse(&["events", "show", NASTY], "").await;
    let shown = String::from_utf8(output.stderr).unwrap();
    assert_tame(&shown);
    assert!(shown.contains(r"odd\u{1b}"), "{shown}");
}

/// A pasted id may begin with `-`, and is then an unknown argument.
#[tokio::test]
async fn invalid_arguments_cannot_act_on_the_terminal() {
    let (unknown, text) = (
        format!("--{NASTY}"),
        r"odd\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\r\nFORGED\u{202e}\u{200b}\u{7f}",
    );
    let assigned = format!("--limit={NASTY}");
    for (arguments, named) in [
        (&[NASTY][..], "unrecognized subcommand"),
        (&["events", "show", &unknown], "unexpected argument"),
        (&["events", "list", NASTY], "unexpected argument"),
        (&["events", "list", "--limit", NASTY], "invalid value"),
        (&["events", "list", &assigned], "invalid value"),
        (&["events", "list", "--provider", NASTY], "invalid value"),
        (&["events", "list", "--since", NASTY], "invalid value"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_acuse"))
            .args(arguments)
            .output()
            .await
            .unwrap();
        let shown = String::from_utf8(output.stderr).unwrap();
        assert_tame(&shown);
        assert!(shown.contains(named) && shown.contains(text), "{shown}");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{shown}");
    }
    for (arguments, code, printed) in [
        (&["--help"][..], 0, "Usage: acuse"),
        (&["events", "list", "--help"], 0, "Usage: acuse events list"),
        (&["--version"], 0, concat!("acuse ", env!("CARGO_PKG_VERSION"))),
        (&[], 2, "Usage: acuse"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_acuse"))
            .args(arguments)
            .output()
            .await
            .unwrap();
        let (shown, silent) = match code {
            0 => (output.stdout, output.stderr),
            _ => (output.stderr, output.stdout),
        };
        let shown = String::from_utf8(shown).unwrap();
        assert!(shown.contains(printed) && silent.is_empty(), "{shown}");
        assert_eq!(output.status.code(), Some(code), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_in_a_tail_cannot_act_on_the_terminal() {
    let provider = &unopago::PROVIDER;
    let local = local_secrets(provider);
    stack().await;
    for json in [false, true] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_acuse"));
        command.args(["events", "tail", "--provider", "unopago"]);
        command.args(json.then_some("--json")).arg("--state").arg(state());
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // The tail prints only changes, so the event is changed until a line comes.
        let (body, type_name, _) = nasty_event();
        let line = async {
            loop {
                assert_eq!(post(provider, &body, &local).await, 200);
                let next = tokio::time::timeout(Duration::from_secs(1), lines.next_line());
                match next.await {
                    Ok(line) => {
                        let line = line.unwrap().unwrap();
                        if line.contains("odd") {
                            return line;
                        }
                    }
                    Err(_) => continue,
                }
            }
        };
        let line = tokio::time::timeout(PATIENCE, line).await.expect("a line comes");
        match json {
            false => assert_tame_table(&line),
            true => assert_eq!(objects(&line)[0]["type"], *type_name),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_in_queues_cannot_act_on_the_terminal() {
    let _queues = lock_both_queues().await;
    let running = stack().await;
    let client = aws_sdk_sqs::Client::new(&running.sdk());
    let (body, type_name, _) = nasty_event();
    let envelope = acuse_core::wire::envelope::Envelope {
        account: Default::default(),
        provider: "unopago".to_owned(),
        content: Default::default(),
        delivery_id: acuse_core::wire::delivery::DeliveryId::new(SystemClock.now(), [7; 10]),
        received_at: SystemClock.now(),
        form: acuse_core::wire::delivery::CanonicalForm::Raw,
        body,
        replay: None,
    };
    // SQS accepts no C0 characters but line breaks.
    let reason = "nasty\u{9b}31m\r\nFORGED\u{202e}\u{7f}";
    dead_letters::dead_letter(envelope.to_message().unwrap(), reason).await;
    let attribute_of = |text: &str| {
        let value = MessageAttributeValue::builder().data_type("String").string_value(text);
        value.build().unwrap()
    };
    let quarantine = &running.outputs["QuarantineQueueUrl"];
    let mut send = client.send_message().queue_url(quarantine).message_body("{}");
    for name in ["provider", "delivery_id", "reason"] {
        send = send.message_attributes(name, attribute_of(reason));
    }
    send.send().await.unwrap();

    let dead = done(&["dlq", "list"], "").await;
    let dead_json = done(&["dlq", "list", "--json"], "").await;
    let held = done(&["quarantine", "list"], "").await;
    let held_json = done(&["quarantine", "list", "--json"], "").await;
    let diagnosed = done(&["quarantine", "diagnose"], "").await;
    let redriven = done(&["dlq", "redrive", "--dry-run"], "").await;
    // Cleans up for the other tests.
    let target = Target::local(running.clone()).await.unwrap();
    for queue in ["DeadLetterQueueUrl", "QuarantineQueueUrl"] {
        let mut walk = Walk::work(&target, queue).await.unwrap();
        while let Some(messages) = walk.next().await.unwrap() {
            for message in messages {
                if attribute(&message, "reason") == Some(reason) {
                    walk.delete(&[&message]).await.unwrap();
                }
            }
        }
        walk.end(Ok::<_, QueueError>(())).await.unwrap();
    }

    assert_tame_table(&dead);
    let escaped = r"nasty\u{9b}31m\r\nFORGED\u{202e}\u{7f}";
    for printed in [&dead, &held, &diagnosed] {
        assert_tame(printed);
        assert!(printed.contains(escaped), "{printed}");
    }
    assert_tame_table(&redriven);
    let dead = objects(&dead_json);
    let dead = dead.iter().find(|dead| dead["reason"] == reason).unwrap();
    assert_eq!(dead["type"], *type_name);
    let held = objects(&held_json);
    assert!(
        held.iter()
            .any(|held| held["provider"] == reason && held["delivery_id"] == reason),
        "{held:?}"
    );
}
