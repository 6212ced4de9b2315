//! DynamoDB's limits, which the emulator does not enforce.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

use std::time::Duration;

use acuse_core::clock::Timestamp;
use acuse_core::delivery::{DeliveryId, Form};
use acuse_core::envelope::Envelope;
use acuse_core::event::Environment;
use acuse_core::providers::kuenta;

use super::*;

async fn written(id: &str, type_name: &str, amount: &str) -> Vec<Update> {
    let body = format!(r#"{{"event":"{type_name}","data":{{"id":"{id}","amount":"{amount}"}}}}"#);
    let now = Timestamp::from_seconds(1_700_000_000);
    let envelope = Envelope {
        provider: "kuenta".to_owned(),
        content: Default::default(),
        delivery_id: DeliveryId::new(now, [1; 10]),
        received_at: now,
        form: Form::Raw,
        body: body.into(),
        replay: None,
    };
    let event = Event::read(envelope, &kuenta::PROVIDER, Environment::Live).0;
    let payments = Payments {
        table: "payments".to_owned(),
    };
    let attempt = Attempt {
        number: 1,
        started_at: now,
        deadline: now.plus(Duration::from_secs(28)),
        late: false,
    };
    let (writes, otherwise) = payments.call(&event, attempt).await.unwrap().into_parts();
    let all = writes.into_iter().chain(otherwise.unwrap_or_default());
    all.filter_map(|write| write.update).collect()
}

fn lengths(update: &Update) -> Vec<usize> {
    let attributes = update.key.values().chain(
        update
            .expression_attribute_values
            .iter()
            .flatten()
            .map(|(_, value)| value),
    );
    attributes
        .filter_map(|value| value.as_s().ok().map(String::len))
        .collect()
}

#[tokio::test]
async fn whatever_a_provider_sends_fits_a_key_and_an_item() {
    let long = "9".repeat(420_000);
    let updates = written(&long, "payment.completed", &long).await;
    assert_eq!(updates.len(), 2, "forward, or late");
    for update in updates {
        assert!(lengths(&update).into_iter().all(|length| length < 512), "{update:?}");
    }
}

#[tokio::test]
async fn what_fits_stays_as_the_provider_sends_it() {
    let updates = written("pay_1#a", "payment.completed", "1000.50").await;
    assert_eq!(
        updates[0].key["pk"],
        AttributeValue::S("kuenta#live#pay_1#a".to_owned())
    );
    let values = updates[0].expression_attribute_values.as_ref().unwrap();
    assert_eq!(values[":amount"], AttributeValue::S("1000.50".to_owned()));
}
