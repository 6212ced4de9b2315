//! Finding events by an id that somebody has: the likely keys first, since a day's listing reads everything
//! that came in on it, payloads included.

use std::time::Duration;

use acuse_aws::ledger::reader::{LedgerReader, ReadError};
use acuse_aws::ledger::record::Record;
use acuse_core::clock::Timestamp;
use acuse_core::delivery::DeliveryId;
use acuse_core::key::IdempotencyKey;
use acuse_core::providers;
use futures_util::{StreamExt, TryStreamExt, stream};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// So many partitions are asked for at once.
const AT_ONCE: usize = 16;

/// The events of a resource's or an event's id, by their keys.
///
/// # Errors
/// [`ReadError`] names the table.
pub async fn by_key(ledger: &LedgerReader, id: &str) -> Result<Vec<Record>, ReadError> {
    let partitions = providers::ALL.iter();
    let partitions: Vec<String> = partitions
        .flat_map(|provider| IdempotencyKey::likely_partitions(provider, id))
        .collect();
    let queries: Vec<_> = partitions.iter().map(|partition| ledger.partition(partition)).collect();
    let found: Vec<Vec<Record>> = stream::iter(queries).buffered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// The events of a delivery's id, which says on which day it came; none where it is no such id.
///
/// # Errors
/// [`ReadError`] names the table.
pub async fn by_delivery(ledger: &LedgerReader, id: &str) -> Result<Vec<Record>, ReadError> {
    match DeliveryId::parse(id).and_then(DeliveryId::received_at) {
        Some(day) => on_day(ledger, id, day).await,
        None => Ok(Vec::new()),
    }
}

/// The events of an id among all that came in so many days until `now`, the newest day first. Ends with the
/// first day that has some.
///
/// # Errors
/// [`ReadError`] names the table.
pub async fn by_listing(ledger: &LedgerReader, id: &str, days: u32, now: Timestamp) -> Result<Vec<Record>, ReadError> {
    for back in 0..days {
        let found = on_day(ledger, id, now.minus(DAY * back)).await?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

async fn on_day(ledger: &LedgerReader, id: &str, day: Timestamp) -> Result<Vec<Record>, ReadError> {
    let mut found = Vec::new();
    for provider in providers::ALL {
        let records = ledger.on_day(provider.name, day, usize::MAX).await?.into_iter();
        found.extend(records.filter(|record| {
            let ids = [&record.resource_id, &record.delivery_id];
            ids.into_iter().flatten().any(|own| own == id)
        }));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use acuse_core::delivery::Form;
    use acuse_core::envelope::Envelope;
    use acuse_core::event::{Environment, Event};

    use aws_config::{BehaviorVersion, Region};
    use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
    use axum::body::Bytes;
    use axum::http::HeaderMap;
    use axum::{Json, Router};
    use serde_json::{Value, json};

    use super::*;
    use crate::sample;

    type Asked = Arc<Mutex<Vec<(String, Value)>>>;

    /// A ledger that has one event, and what it is asked.
    async fn ledger(pk: &str, day: &str) -> (LedgerReader, Asked) {
        let text = |text: &str| json!({"S": text});
        let item = json!({
            "pk": text(pk), "sk": text("payment.approved"), "status": text("COMPLETED"), "attempts": {"N": "1"},
            "provider": text("onepay"), "environment": text("live"), "type": text("payment.approved"),
            "resource_id": text("p1"), "delivery_id": text("0192f4c1-0000-7000-8000-000000000000"),
            "received_at": {"N": "1"}, "body_sha256": text("5a"),
        });
        let (pk, day, asked) = (pk.to_owned(), day.to_owned(), Asked::default());
        let noted = Arc::clone(&asked);
        let router = Router::new().fallback(move |headers: HeaderMap, body: Bytes| async move {
            let target = headers["x-amz-target"].to_str().unwrap().to_owned();
            let body: Value = serde_json::from_slice(&body).unwrap();
            let values = &body["ExpressionAttributeValues"];
            let found = values[":pk"]["S"] == pk || values[":day"]["S"] == day;
            noted.lock().unwrap().push((target, body));
            Json(json!({"Items": if found { vec![item] } else { vec![] }}))
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let sdk = aws_config::SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(endpoint)
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "t", "t", None, None, "test",
            )))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        (LedgerReader::new(aws_sdk_dynamodb::Client::new(&sdk), "ledger"), asked)
    }

    /// How many queries there were of keys, and of days.
    fn queries(asked: &Asked) -> (usize, usize) {
        let asked = asked.lock().unwrap();
        let of = |value: &str| {
            let queries = asked.iter().filter(|(target, _)| target.ends_with(".Query"));
            queries
                .filter(|(_, body)| !body["ExpressionAttributeValues"][value].is_null())
                .count()
        };
        (of(":pk"), of(":day"))
    }

    #[tokio::test]
    async fn an_id_in_a_key_costs_a_few_queries_and_no_listing() {
        let (ledger, asked) = ledger("onepay#live#payment#p1", "").await;
        let found = by_key(&ledger, "p1").await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].key, "onepay#live#payment#p1|payment.approved");
        let (keys, days) = queries(&asked);
        assert!(keys <= 60, "{keys}");
        assert_eq!(days, 0);
    }

    #[tokio::test]
    async fn a_delivery_is_looked_for_on_its_own_day() {
        let id = "0192f4c1-0000-7000-8000-000000000000";
        let day = DeliveryId::parse(id).unwrap().received_at().unwrap().day();
        let (ledger, asked) = ledger("", &format!("onepay#{day}")).await;
        assert_eq!(by_delivery(&ledger, id).await.unwrap().len(), 1);
        let asked_for = asked.lock().unwrap();
        let days = asked_for
            .iter()
            .filter_map(|(_, body)| body["ExpressionAttributeValues"][":day"]["S"].as_str());
        assert!(
            days.into_iter().all(|asked| asked.contains(&day)),
            "no other day is read"
        );
    }

    #[tokio::test]
    async fn a_listing_ends_with_the_day_that_has_it() {
        let now = Timestamp::from_seconds(1_795_161_600);
        let (ledger, asked) = ledger("", &format!("onepay#{}", now.minus(DAY * 2).day())).await;
        assert_eq!(by_listing(&ledger, "p1", 30, now).await.unwrap().len(), 1);
        let before = format!("#{}", now.minus(DAY * 3).day());
        let read_on = asked.lock().unwrap().iter().any(|(_, body)| {
            let day = body["ExpressionAttributeValues"][":day"]["S"].as_str();
            day.is_some_and(|day| day.contains(&before))
        });
        assert!(!read_on, "it ends there");
    }

    #[test]
    fn every_resource_is_found_by_its_id() {
        let mut partitions = 0;
        for provider in providers::ALL {
            partitions += IdempotencyKey::likely_partitions(provider, "id").len();
            for type_name in provider.types {
                let envelope = Envelope {
                    provider: provider.name.to_owned(),
                    delivery_id: DeliveryId::new(Timestamp::from_seconds(0), [0; 10]),
                    received_at: Timestamp::from_seconds(0),
                    form: Form::Raw,
                    body: sample::payload(provider, type_name).unwrap().into(),
                    replay: None,
                };
                let event = Event::read(envelope, provider, Environment::Live).0;
                let resource = event.resource.unwrap();
                let likely = IdempotencyKey::likely_partitions(provider, &resource.id);
                assert!(likely.contains(&event.key.partition), "{type_name}: {likely:?}");
            }
        }
        // Each is a query: half a read unit where there is nothing.
        assert!(partitions <= 60, "{partitions}");
    }

    #[test]
    fn a_delivery_says_when_it_came() {
        let at = Timestamp::from_millis(1_795_161_600_123);
        let id = DeliveryId::new(at, [7; 10]);
        assert_eq!(id.received_at(), Some(at));
        let other = DeliveryId::parse("9e5ccd4a-d2f0-49dd-87fc-a0da752bd166").unwrap();
        assert_eq!(other.received_at(), None);
    }
}
