//! Redriving dead letters, and replaying rejected events.

use std::collections::{HashMap, HashSet};

use acuse_core::providers::unopago;
use acuse_core::wire::delivery::{CanonicalForm, DeliveryId};
use acuse_core::wire::envelope::{Envelope, Message};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::MessageAttributeValue;

use super::*;

/// A verified message of a new payment, and the payment's id.
pub(crate) fn message(of: &'static Provider, number: u8) -> (Message, String) {
    let body = payment(of);
    let value = acuse_core::json::parse(&body).unwrap();
    let id = (of.read)(&value).unwrap().resource.unwrap().id;
    let envelope = Envelope {
        account: Default::default(),
        provider: of.name.to_owned(),
        content: Default::default(),
        delivery_id: DeliveryId::new(SystemClock.now(), [number; 10]),
        received_at: SystemClock.now(),
        form: CanonicalForm::Raw,
        body,
        replay: None,
    };
    (envelope.to_message().unwrap(), id)
}

/// Puts a message on the dead-letter queue, as the consumer does.
pub(crate) async fn dead_letter(message: Message, reason: &str) {
    let running = stack().await;
    let client = aws_sdk_sqs::Client::new(&running.sdk());
    let attributes = message.attributes.into_iter().chain([("reason", reason.to_owned())]);
    let attributes = attributes.map(|(name, value)| {
        let value = MessageAttributeValue::builder().data_type("String").string_value(value);
        (name.to_owned(), value.build().unwrap())
    });
    let send = client
        .send_message()
        .queue_url(&running.outputs["DeadLetterQueueUrl"])
        .message_body(message.text)
        .set_message_attributes(Some(attributes.collect::<HashMap<_, _>>()));
    send.send().await.unwrap();
}

/// The number of events that were applied to a payment.
async fn applied(provider: &Provider, id: &str) -> Option<String> {
    let running = stack().await;
    let client = aws_sdk_dynamodb::Client::new(&running.sdk());
    let pk = format!("{}#live#payment#{id}", provider.name);
    let get = client
        .get_item()
        .table_name(&running.outputs["PaymentsTableName"])
        .key("pk", AttributeValue::S(pk));
    let item = get.send().await.unwrap().item?;
    item["applied"].as_n().ok().cloned()
}

async fn all_applied_once(provider: &Provider, ids: &HashSet<String>) {
    let wait = async {
        for id in ids {
            while applied(provider, id).await.is_none() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("all payments arrive");
    for id in ids {
        assert_eq!(applied(provider, id).await.as_deref(), Some("1"), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redrive_that_is_interrupted_loses_nothing() {
    let _queues = DEAD_LETTERS.lock().await;
    let provider = &unopago::PROVIDER;
    let mut ids = HashSet::new();
    for number in 0..250 {
        let (message, id) = message(provider, number);
        dead_letter(message, "hook `h`: no such order").await;
        ids.insert(id);
    }
    let (other, other_id) = message(provider, 251);
    dead_letter(other, "another reason").await;

    let filter = ["--provider", "unopago", "--error", "no such order"];
    let listed = done(&[&["dlq", "list", "--json"], &filter[..]].concat(), "").await;
    assert_eq!(listed.lines().count(), 250);
    let would = done(&[&["dlq", "redrive", "--dry-run"], &filter[..]].concat(), "").await;
    assert!(would.ends_with("250 messages would be sent back\n"), "{would}");

    // Interrupted after the first messages.
    let mut command = Command::new(env!("CARGO_BIN_EXE_acuse"));
    command
        .args(["dlq", "redrive"])
        .args(filter)
        .arg("--state")
        .arg(state());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(child.stdout.take().unwrap()));
    lines.next_line().await.unwrap().unwrap();
    let pid = child.id().unwrap().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .await
            .unwrap()
            .success()
    );
    let mut printed = 1;
    let mut last = String::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        printed += 1;
        last = line;
    }
    assert_eq!(child.wait().await.unwrap().code(), Some(130));
    assert!(printed < 250, "it was not interrupted: {last}");

    let rest = done(&[&["dlq", "redrive"], &filter[..]].concat(), "").await;
    assert!(rest.contains("sent back: "), "{rest}");
    let again = done(&[&["dlq", "redrive"], &filter[..]].concat(), "").await;
    assert!(!again.contains("sent back: "), "{again}");
    all_applied_once(provider, &ids).await;
    assert_eq!(applied(provider, &other_id).await, None, "it does not pass the filter");
}

/// An unreadable message, which the consumer dead-letters again at once.
fn unreadable(number: usize) -> Message {
    Message {
        text: format!("no envelope {number}"),
        attributes: Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_comes_straight_back_is_sent_once() {
    let _queues = DEAD_LETTERS.lock().await;
    stack().await;
    for number in 0..25 {
        dead_letter(unreadable(number), "nobody can read it").await;
    }
    let there = done(&["dlq", "list", "--json"], "").await.lines().count();
    assert!(there >= 25);
    let redrive = done(&["dlq", "redrive"], "");
    let sent = tokio::time::timeout(PATIENCE, redrive).await.expect("it ends");
    assert!(
        sent.ends_with(&format!(
            "{} sent back\n",
            acuse_cli::terminal::counted(there, "message")
        )),
        "{sent}"
    );

    // All of them are there again, once each.
    let mut came_back = Vec::new();
    let wait = async {
        while came_back.len() < 25 {
            let listed = done(&["dlq", "list", "--json"], "").await;
            let lines = listed.lines().filter(|line| line.contains(r#""provider":"?""#));
            came_back = lines.map(str::to_owned).collect();
        }
    };
    let waited = tokio::time::timeout(PATIENCE, wait).await;
    waited.expect("they come back");
    assert_eq!(came_back.len(), 25, "{came_back:#?}");
    // With the consumer's own reason.
    assert!(!came_back.concat().contains("nobody can read it"), "{came_back:#?}");
    empty().await;
}

/// Empties the dead-letter queue, which no command does.
async fn empty() {
    let running = stack().await;
    let client = aws_sdk_sqs::Client::new(&running.sdk());
    let url = &running.outputs["DeadLetterQueueUrl"];
    client.purge_queue().queue_url(url).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_hidden_by_a_killed_run_are_reported() {
    let _queues = DEAD_LETTERS.lock().await;
    let running = stack().await;
    dead_letter(unreadable(0), "hidden").await;
    let client = aws_sdk_sqs::Client::new(&running.sdk());
    let url = &running.outputs["DeadLetterQueueUrl"];
    let hidden = client.receive_message().queue_url(url).max_number_of_messages(10);
    let hidden = hidden.visibility_timeout(300).send().await.unwrap().messages.unwrap();

    let listed = acuse(&["dlq", "list", "--error", "hidden"], "").await;
    let told = String::from_utf8(listed.stderr).unwrap();
    let about = format!("about {} more messages are hidden from this run", hidden.len());
    assert!(told.contains(&about), "{told}");
    let until = told.split_once("back by ").unwrap().1.split_once(' ').unwrap().0;
    let until = acuse_core::clock::Timestamp::from_rfc3339(until).unwrap();
    assert!(until.since(SystemClock.now()) > Duration::from_secs(240), "{told}");

    for message in hidden {
        let change = client.change_message_visibility().queue_url(url).visibility_timeout(0);
        let change = change.set_receipt_handle(message.receipt_handle);
        change.send().await.unwrap();
    }
    let listed = acuse(&["dlq", "list", "--error", "hidden", "--json"], "").await;
    assert_eq!(String::from_utf8(listed.stdout).unwrap().lines().count(), 1);
    assert_eq!(String::from_utf8(listed.stderr).unwrap(), "");
    empty().await;
}

/// Dead letters of an older version that could not read them.
#[tokio::test(flavor = "multi_thread")]
async fn messages_that_an_older_version_could_not_read_reach_hooks_when_redriven() {
    let _queues = DEAD_LETTERS.lock().await;
    let provider = &unopago::PROVIDER;
    let mut ids = HashSet::new();
    let mut text = || {
        let text = String::from_utf8(payment(provider).to_vec()).unwrap();
        let value = acuse_core::json::parse(text.as_bytes()).unwrap();
        ids.insert((provider.read)(&value).unwrap().resource.unwrap().id);
        text
    };
    let bodies = [
        acuse_core::wire::gzip::compress(text().as_bytes()).unwrap(),
        text().encode_utf16().flat_map(u16::to_be_bytes).collect(),
        format!("\u{FEFF}{}", text()).into_bytes(),
        format!("[{},{}]", text(), text()).into_bytes(),
    ];
    for (number, body) in (0..).zip(bodies) {
        let (mut letter, _) = message(provider, 200 + number);
        letter.text = data_encoding::BASE64.encode(&body);
        letter.attributes.push(("encoding", "base64".to_owned()));
        dead_letter(letter, "the payload is not JSON: yesterday").await;
    }
    let redrive = ["dlq", "redrive", "--error", "not JSON: yesterday"];
    let listed = done(&["dlq", "list", "--error", "not JSON: yesterday", "--json"], "").await;
    let events = listed.lines().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["type"], "payment_received");
        line["events"].as_u64().unwrap()
    });
    assert_eq!(events.sum::<u64>(), 5);
    let sent = done(&redrive, "").await;
    assert!(sent.contains("payment_received and 1 more"), "{sent}");
    assert!(sent.ends_with("4 messages sent back\n"), "{sent}");
    all_applied_once(provider, &ids).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_dead_letter_reaches_hooks_only_if_included() {
    let _queues = DEAD_LETTERS.lock().await;
    let provider = &unopago::PROVIDER;
    let payload = sample::payload(provider, "payment_received").unwrap();
    // Older than the template's retention of 90 days.
    let happened_at = SystemClock.now().minus(Duration::from_secs(91 * 24 * 3600));
    let body = sample::renewed(provider, &payload, happened_at);
    let value = acuse_core::json::parse(body.as_bytes()).unwrap();
    let id = (provider.read)(&value).unwrap().resource.unwrap().id;
    let (mut letter, _) = message(provider, 252);
    letter.text = body;
    dead_letter(letter, "the event queue would forget it").await;

    let redrive = ["dlq", "redrive", "--error", "would forget it"];
    let output = acuse(&redrive, "").await;
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("because they were set aside: 1 expired. "), "{told}");
    let left = String::from_utf8(output.stdout).unwrap();
    assert!(!left.contains("sent back"), "{left}");
    let unasked = acuse(&[&redrive[..], &["--stale"]].concat(), "").await;
    let told = String::from_utf8(unasked.stderr).unwrap();
    assert!(
        !unasked.status.success() && told.contains("send back 1 expired and hand them to hooks"),
        "{told}"
    );
    let sent = done(&[&redrive[..], &["--expired", "--yes"]].concat(), "").await;
    assert!(sent.contains("\n1 message sent back"), "{sent}");
    all_applied_once(provider, &HashSet::from([id])).await;
}

/// Writes a status and a reason into an event's record, as if the consumer had.
pub(crate) async fn set_record(key: &str, status: &str, reason: &str) {
    let running = stack().await;
    let client = aws_sdk_dynamodb::Client::new(&running.sdk());
    let (pk, sk) = key.split_once('|').unwrap();
    client
        .update_item()
        .table_name(&running.outputs["LedgerTableName"])
        .key("pk", AttributeValue::S(pk.to_owned()))
        .key("sk", AttributeValue::S(sk.to_owned()))
        .update_expression("SET #status = :status, hooks = :none, #error = :why")
        .expression_attribute_names("#status", "status")
        .expression_attribute_names("#error", "error")
        .expression_attribute_values(":status", AttributeValue::S(status.to_owned()))
        .expression_attribute_values(":none", AttributeValue::M(HashMap::new()))
        .expression_attribute_values(":why", AttributeValue::S(reason.to_owned()))
        .send()
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_were_set_aside_are_replayed_only_if_included_or_named() {
    let provider = &unopago::PROVIDER;
    let running = stack().await;
    let local = local_secrets(provider);
    let mut keys = Vec::new();
    for reason in [
        "of environment `test`, which this stack does not take",
        "expired: it happened at 2023-07-13T15:42:14.000Z, longer ago than the ledger remembers",
        "hook `h`: not on a Sunday",
    ] {
        let body = payment(provider);
        let value = acuse_core::json::parse(&body).unwrap();
        let id = (provider.read)(&value).unwrap().resource.unwrap().id;
        assert_eq!(post(provider, &body, &local).await, 200);
        all_applied_once(provider, &HashSet::from([id.clone()])).await;
        let record = ledger(running)
            .partition(&format!("unopago#live#payment#{id}"))
            .await
            .unwrap()
            .remove(0);
        set_record(&record.key, "REJECTED", reason).await;
        keys.push(record.key);
    }
    let dry = async |options: &[&str]| {
        let replay = [
            &[
                "events",
                "replay",
                "--provider",
                "unopago",
                "--status",
                "REJECTED",
                "--type",
                "payment_received",
            ],
            options,
        ];
        let output = acuse(&[&replay.concat()[..], &["--dry-run"]].concat(), "").await;
        assert!(output.status.success(), "{output:?}");
        let printed = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let named: Vec<bool> = keys.iter().map(|key| printed.contains(key.as_str())).collect();
        (named, printed)
    };
    let (named, printed) = dry(&[]).await;
    assert_eq!(named, [false, false, true], "{printed}");
    assert!(
        printed.contains("were set aside: 1 of an environment that the stack does not take, 1 expired. "),
        "{printed}"
    );
    assert_eq!(dry(&["--wrong-environment"]).await.0, [true, false, true]);
    assert_eq!(dry(&["--expired"]).await.0, [false, true, true]);
    assert_eq!(dry(&["--stale", "--wrong-environment"]).await.0, [true, true, true]);

    // Nobody is there to confirm.
    let replay = [
        "events",
        "replay",
        "--status",
        "REJECTED",
        "--expired",
        "--error",
        "2023-07-13T15:42:14.000Z",
    ];
    let unasked = acuse(&replay, "").await;
    let told = String::from_utf8(unasked.stderr).unwrap();
    assert!(
        !unasked.status.success() && told.contains("queue 1 expired again and hand them to hooks"),
        "{told}"
    );
    let queued = done(&[&replay[..], &["--yes"]].concat(), "").await;
    assert!(queued.ends_with("1 event queued\n"), "{queued}");
    // Naming an event by its key needs no confirmation.
    let queued = done(&["events", "replay", &keys[0]], "").await;
    assert!(queued.ends_with("1 event queued\n"), "{queued}");
    done(&["events", "replay", &keys[2]], "").await;
    let wait = async {
        for key in keys {
            let (partition, _) = key.split_once('|').unwrap();
            while ledger(running).partition(partition).await.unwrap()[0].status != "COMPLETED" {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait)
        .await
        .expect("all three are replayed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_event_is_replayed_once() {
    let provider = &unopago::PROVIDER;
    let running = stack().await;
    let body = payment(provider);
    let value = acuse_core::json::parse(&body).unwrap();
    let id = (provider.read)(&value).unwrap().resource.unwrap().id;
    let local = local_secrets(provider);
    assert_eq!(post(provider, &body, &local).await, 200);
    all_applied_once(provider, &HashSet::from([id.clone()])).await;

    // As if the hook had rejected it.
    let ledger = ledger(running);
    let partition = format!("unopago#live#payment#{id}");
    let record = ledger.partition(&partition).await.unwrap().remove(0);
    set_record(&record.key, "REJECTED", "closed on a Friday").await;

    let replay = ["events", "replay", "--error", "closed on a Friday"];
    let would = done(&[&replay[..], &["--dry-run"]].concat(), "").await;
    assert!(would.ends_with("1 event would be queued\n"), "{would}");
    done(&replay, "").await;
    let wait = async {
        while applied(provider, &id).await.as_deref() != Some("2") {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait)
        .await
        .expect("the replay reaches the hook");
    let again = done(&replay, "").await;
    assert!(again.starts_with("0 events queued"), "{again}");
    // Events of other tests are newer.
    let list = ["events", "list", "--provider", "unopago", "--status", "completed"];
    let completed = done(&[&list[..], &["--limit", "10000", "--json"]].concat(), "").await;
    assert!(completed.contains(&record.key));

    // What is named and not replayed has its reason.
    for (named, why) in [
        (
            record.key.as_str(),
            "not replayed: it is completed, and hooks are never called again for it",
        ),
        (id.as_str(), "is not an event's key, but leads to"),
        ("order 4821", "no event has the key `order 4821`"),
    ] {
        let replayed = acuse(&["events", "replay", named], "").await;
        assert_eq!(replayed.status.code(), Some(1), "{replayed:?}");
        let told = String::from_utf8(replayed.stderr).unwrap();
        assert!(told.contains(why), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_dead_letter_leaves_the_record_of_a_completed_event_as_it_is() {
    let _queues = DEAD_LETTERS.lock().await;
    let provider = &unopago::PROVIDER;
    let running = stack().await;
    let (message, id) = message(provider, 99);
    let body = Bytes::from(message.text.clone());
    assert_eq!(post(provider, &body, &local_secrets(provider)).await, 200);
    all_applied_once(provider, &HashSet::from([id.clone()])).await;
    dead_letter(message, "it came again, too late").await;
    let partition = format!("unopago#live#payment#{id}");
    let record = async || ledger(running).partition(&partition).await.unwrap().remove(0);

    let key = record().await.key;
    let dropped = acuse(&["dlq", "drop", &key, "--reason", "a drill"], "").await;
    let told = String::from_utf8_lossy(&dropped.stderr);
    assert!(
        dropped.status.success() && told.contains("its event is completed"),
        "{dropped:?}"
    );
    let kept = record().await;
    assert_eq!((kept.status, kept.dropped), ("COMPLETED", None));
}
