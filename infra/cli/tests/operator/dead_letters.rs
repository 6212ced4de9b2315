//! What could not be done, done after all.

use std::collections::{HashMap, HashSet};

use acuse_core::delivery::{DeliveryId, Form};
use acuse_core::envelope::{Envelope, Message};
use acuse_core::providers::unopago;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::MessageAttributeValue;

use super::*;

/// A verified message of a new payment, and the payment's id.
pub(crate) fn message(of: &'static Provider, number: u8) -> (Message, String) {
    let body = payment(of);
    let value = acuse_core::json::parse(&body).unwrap();
    let id = (of.read)(&value).unwrap().resource.unwrap().id;
    let envelope = Envelope {
        provider: of.name.to_owned(),
        delivery_id: DeliveryId::new(SystemClock.now(), [number; 10]),
        received_at: SystemClock.now(),
        form: Form::Raw,
        body,
        replay: false,
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

/// How many events were applied to a payment.
async fn applied(provider: &Provider, id: &str) -> Option<String> {
    let running = stack().await;
    let client = aws_sdk_dynamodb::Client::new(&running.sdk());
    let pk = format!("{}#live#{id}", provider.name);
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
    let _queues = QUEUES.lock().await;
    let provider = &unopago::PROVIDER;
    let mut ids = HashSet::new();
    for number in 0..60 {
        let (message, id) = message(provider, number);
        dead_letter(message, "hook `h`: no such order").await;
        ids.insert(id);
    }
    let (other, other_id) = message(provider, 99);
    dead_letter(other, "another reason").await;

    let filter = ["--provider", "unopago", "--error", "no such order"];
    let listed = done(&[&["dlq", "list", "--json"], &filter[..]].concat(), "").await;
    assert_eq!(listed.lines().count(), 60);
    let would = done(&[&["dlq", "redrive", "--dry-run"], &filter[..]].concat(), "").await;
    assert!(would.ends_with("60 would be sent back\n"), "{would}");

    // Interrupted after the first ones.
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
    assert!(printed < 60, "it was not interrupted: {last}");

    let rest = done(&[&["dlq", "redrive"], &filter[..]].concat(), "").await;
    assert!(!rest.starts_with("0 sent back"), "{rest}");
    let again = done(&[&["dlq", "redrive"], &filter[..]].concat(), "").await;
    assert!(again.starts_with("0 sent back"), "{again}");
    all_applied_once(provider, &ids).await;
    assert_eq!(applied(provider, &other_id).await, None, "it does not pass the filter");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_event_is_replayed_once() {
    let provider = &unopago::PROVIDER;
    let running = stack().await;
    let body = payment(provider);
    let value = acuse_core::json::parse(&body).unwrap();
    let id = (provider.read)(&value).unwrap().resource.unwrap().id;
    let local = sample::local_secrets(provider);
    assert_eq!(post(provider, &body, &local).await, 200);
    all_applied_once(provider, &HashSet::from([id.clone()])).await;

    // As if the hook had rejected it.
    let ledger = running.ledger();
    let partition = format!("unopago#live#payment#{id}");
    let record = ledger.partition(&partition).await.unwrap().remove(0);
    let client = aws_sdk_dynamodb::Client::new(&running.sdk());
    let (pk, sk) = record.key.split_once('|').unwrap();
    client
        .update_item()
        .table_name(&running.outputs["LedgerTableName"])
        .key("pk", AttributeValue::S(pk.to_owned()))
        .key("sk", AttributeValue::S(sk.to_owned()))
        .update_expression("SET #status = :rejected, hooks = :none, #error = :why")
        .expression_attribute_names("#status", "status")
        .expression_attribute_names("#error", "error")
        .expression_attribute_values(":rejected", AttributeValue::S("REJECTED".to_owned()))
        .expression_attribute_values(":none", AttributeValue::M(HashMap::new()))
        .expression_attribute_values(":why", AttributeValue::S("closed on a Friday".to_owned()))
        .send()
        .await
        .unwrap();

    let replay = ["events", "replay", "--error", "closed on a Friday"];
    let would = done(&[&replay[..], &["--dry-run"]].concat(), "").await;
    assert!(would.ends_with("1 would be queued, 0 left\n"), "{would}");
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
    assert!(again.starts_with("0 queued"), "{again}");
    // Other tests' events are newer.
    let list = ["events", "list", "--provider", "unopago", "--status", "completed"];
    let completed = done(&[&list[..], &["--limit", "10000", "--json"]].concat(), "").await;
    assert!(completed.contains(&record.key));
}
