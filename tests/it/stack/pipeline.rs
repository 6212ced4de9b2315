//! The consumer: batches, recurring events, and owners that died.

use acuse_aws::ledger::DynamoLedger;
use acuse_core::event::{Environment, Event};
use acuse_core::ledger::{Lease, Ledger, Override};
use acuse_core::providers::{kuenta, onepay};
use acuse_core::wire::envelope::Envelope;
use aws_sdk_sqs::types::MessageAttributeValue;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_message_does_not_affect_the_rest_of_its_batch() {
    let provider = &kuenta::PROVIDER;
    let running = stack().await;
    let client = aws_sdk_sqs::Client::new(&running.sdk());
    let poison = format!("poison {}", now().as_millis());
    let send = client
        .send_message()
        .queue_url(&running.outputs["EventQueueUrl"])
        .message_body(&poison);
    let newer_envelope = MessageAttributeValue::builder()
        .data_type("String")
        .string_value("9")
        .build()
        .unwrap();
    let bodies: Vec<String> = (0..6).map(|_| payment(provider)).collect();
    let (before, after) = bodies.split_at(3);
    for body in before {
        deliver(provider, body.as_bytes()).await;
    }
    send.message_attributes("envelope", newer_envelope)
        .send()
        .await
        .unwrap();
    for body in after {
        deliver(provider, body.as_bytes()).await;
    }
    for body in &bodies {
        record_with_status(provider, &resource_id(provider, body), "COMPLETED").await;
    }
    let dead = message("DeadLetterQueueUrl", "the poison", |message| {
        message.body() == Some(&poison)
    })
    .await;
    assert_eq!(
        attribute(&dead, "reason"),
        Some(
            "the message's attribute `envelope` is \"9\"; it should be 1, 2 or 3; a newer verifier wrote it: deploy the consumer first"
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_month_of_a_subscription_is_a_new_event_and_a_duplicate_is_not() {
    let provider = &onepay::PROVIDER;
    let first = event(provider, "subscription.payment");
    let id = resource_id(provider, &first);
    let second = first.replace(
        "9e63a5d4-1c2b-4e3f-8a9b-0c1d2e3f4a5b",
        "9e63ffff-1c2b-4e3f-8a9b-0c1d2e3f4a5b",
    );
    assert_ne!(first, second);
    for body in [&first, &second] {
        deliver(provider, body.as_bytes()).await;
    }
    let of_it = |record: &Record| record.resource_id.as_deref() == Some(id.as_str()) && record.status == "COMPLETED";
    eventually("both months", async || {
        (records(provider, of_it).await.len() == 2).then_some(())
    })
    .await;
    deliver(provider, first.as_bytes()).await;
    let record = record(provider, "the duplicate", |record| {
        of_it(record) && record.duplicates >= 1
    })
    .await;
    let item = payment_item(&record).await;
    assert_eq!((item["applied"].as_str(), item["status"].as_str()), ("2", "active"));
}

/// The record is what a consumer leaves that dies between claim and completion.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_whose_owner_died_is_taken_over_when_its_lease_ends() {
    let provider = &kuenta::PROVIDER;
    let running = stack().await;
    let body = payment(provider);
    let dead = Envelope {
        account: Default::default(),
        provider: provider.name.to_owned(),
        content: Default::default(),
        delivery_id: acuse_core::wire::delivery::DeliveryId::new(now(), [9; 10]),
        received_at: now(),
        form: acuse_core::wire::delivery::CanonicalForm::Raw,
        body: body.clone().into(),
        replay: None,
    };
    let event = Event::read(dead, provider, Environment::Live);
    let client = aws_sdk_dynamodb::Client::new(&running.sdk());
    let ledger = DynamoLedger::new(client, &running.outputs["LedgerTableName"], Duration::from_secs(3600));
    let lease = Lease {
        token: "the dead owner's".to_owned(),
        expires_at: now().plus(Duration::from_secs(3)),
        message_id: "gone".to_owned(),
        overrides: Override::None,
    };
    let claim = ledger.claim(&event, &lease, now()).await.unwrap();
    assert!(claim.is_ok());

    deliver(provider, body.as_bytes()).await;
    let id = resource_id(provider, &body);
    let record = record_with_status(provider, &id, "COMPLETED").await;
    assert_eq!(record.attempts, 2);
    assert!(now() >= lease.expires_at, "claimed before its lease was over");
    assert_eq!(payment_item(&record).await["applied"], "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_of_duplicates_is_applied_once_per_event() {
    let provider = &kuenta::PROVIDER;
    let bodies: Vec<String> = (0..40).map(|_| payment(provider)).collect();
    let posts: Vec<_> = bodies
        .iter()
        .chain(&bodies)
        .cloned()
        .map(|body| tokio::spawn(async move { deliver(&kuenta::PROVIDER, body.as_bytes()).await }))
        .collect();
    for post in posts {
        post.await.unwrap();
    }
    for body in &bodies {
        let id = resource_id(provider, body);
        let record = record_with_status(provider, &id, "COMPLETED").await;
        assert_eq!(payment_item(&record).await["applied"], "1");
    }
}
