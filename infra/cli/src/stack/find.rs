//! Finding events by what somebody has of them: the likely keys first, since a day's listing reads everything
//! that came in on it, payloads included.
//!
//! An id may have any text. One that reads like a key is looked for as an id as well, and one that was copied
//! from a list is found with its escapes and as the digest that stands for a long one.

use std::borrow::Cow;
use std::time::Duration;

use acuse_aws::ledger::reader::{LedgerReader, ReadError};
use acuse_aws::ledger::record::Record;
use acuse_core::clock::Timestamp;
use acuse_core::event::key::IdempotencyKey;
use acuse_core::provider::Provider;
use acuse_core::provider::id::bounded;
use acuse_core::providers;
use acuse_core::wire::delivery::DeliveryId;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::stack::conflicts;
use crate::terminal::unescape;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// So many partitions are asked for at once.
const AT_ONCE: usize = 16;

/// DynamoDB refuses a longer partition key: nothing has it.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const LONGEST_PARTITION: usize = 2048;

/// What can be found without reading a day's list: the event of a key, all of a resource's key (the part before
/// `|`), or those of a resource's, an event's or a delivery's id. None where it is nothing of these.
///
/// # Errors
/// [`ReadError`] names the table.
pub async fn directly(ledger: &LedgerReader, text: &str) -> Result<Vec<Record>, ReadError> {
    let mut found = as_key(ledger, text).await?;
    for spelling in spellings(text) {
        if found.is_empty() {
            found = by_key(ledger, &spelling).await?;
        }
    }
    if found.is_empty() {
        found = by_delivery(ledger, text).await?;
    }
    Ok(found)
}

/// The event of a key and its conflicts, or all events of a resource's. None where `text` is neither.
async fn as_key(ledger: &LedgerReader, text: &str) -> Result<Vec<Record>, ReadError> {
    // A partition has no `|` of its own.
    let (partition, whole) = match text.split_once('|') {
        Some((partition, _)) => (partition, true),
        None => (text, false),
    };
    let of_provider = partition
        .split_once('#')
        .is_some_and(|(name, _)| providers::by_name(name).is_some());
    if !of_provider || partition.len() > LONGEST_PARTITION {
        return Ok(Vec::new());
    }
    let records = conflicts::counted(ledger.partition(partition).await?);
    if !whole {
        return Ok(records);
    }
    let conflicts: Vec<Record> = conflicts::of(text, &records).cloned().collect();
    let event = records.into_iter().filter(|record| record.key == text);
    Ok(event.chain(conflicts).collect())
}

/// The events of a resource's or an event's id, by their keys.
async fn by_key(ledger: &LedgerReader, id: &str) -> Result<Vec<Record>, ReadError> {
    let partitions = providers::ALL.iter();
    let partitions: Vec<String> = partitions
        .flat_map(|provider| likely_partitions(provider, id))
        .collect();
    let queries: Vec<_> = partitions.iter().map(|partition| ledger.partition(partition)).collect();
    let found: Vec<Vec<Record>> = stream::iter(queries).buffered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flat_map(conflicts::counted).collect())
}

/// The partitions that may hold an event of `provider` by this id; and those of the id that is too long for a key,
/// where this is the digest that stands for it.
fn likely_partitions(provider: &Provider, id: &str) -> Vec<String> {
    let mut partitions: Vec<String> = IdempotencyKey::likely_partitions(provider, id).into_iter().collect();
    if let Some(digest) = id.strip_prefix('~') {
        // In keys `~` comes before a digest and nowhere else: an id's own is encoded.
        let encoded = format!("%7E{digest}");
        let before = partitions
            .iter()
            .filter_map(|partition| partition.strip_suffix(&encoded));
        let digests: Vec<String> = before.map(|before| format!("{before}{id}")).collect();
        partitions.extend(digests);
    }
    partitions
}

/// The events of a delivery's id, which says on which day it came; none where it is no such id.
async fn by_delivery(ledger: &LedgerReader, id: &str) -> Result<Vec<Record>, ReadError> {
    match DeliveryId::parse(id) {
        Some(id) => match id.received_at() {
            Some(day) => on_day(ledger, &[id.to_string()], day).await,
            None => Ok(Vec::new()),
        },
        None => Ok(Vec::new()),
    }
}

/// The events of an id among all that came in so many days until `now`, the newest day first. Ends with the
/// first day that has some.
///
/// # Errors
/// [`ReadError`] names the table.
pub async fn by_listing(ledger: &LedgerReader, id: &str, days: u32, now: Timestamp) -> Result<Vec<Record>, ReadError> {
    // As records have it.
    let ids: Vec<String> = spellings(id).iter().map(|id| bounded(id).into_owned()).collect();
    let ids: Vec<String> = ids.into_iter().chain([id.to_owned()]).collect();
    for back in 0..days {
        let found = on_day(ledger, &ids, now.minus(DAY * back)).await?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

async fn on_day(ledger: &LedgerReader, ids: &[String], day: Timestamp) -> Result<Vec<Record>, ReadError> {
    let mut found = Vec::new();
    for provider in providers::ALL {
        let records = ledger.on_day(provider.name, day, usize::MAX).await?.into_iter();
        found.extend(records.filter(|record| {
            let own = [&record.resource_id, &record.delivery_id];
            own.into_iter().flatten().any(|own| ids.contains(own))
        }));
    }
    Ok(found)
}

/// `text`, and what it is where it was copied from a list that escapes.
fn spellings(text: &str) -> Vec<Cow<'_, str>> {
    match unescape(text) {
        Cow::Borrowed(text) => vec![Cow::Borrowed(text)],
        Cow::Owned(unescaped) => vec![Cow::Borrowed(text), Cow::Owned(unescaped)],
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use acuse_core::event::{Environment, Event};
    use acuse_core::wire::delivery::CanonicalForm;
    use acuse_core::wire::envelope::Envelope;

    use aws_config::{BehaviorVersion, Region};
    use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
    use axum::body::Bytes;
    use axum::http::HeaderMap;
    use axum::{Json, Router};
    use serde_json::{Value, json};

    use super::*;
    use crate::sample;
    use crate::terminal::{escape, escape_json};

    type Asked = Arc<Mutex<Vec<(String, Value)>>>;

    /// A ledger that has one event, and what it is asked.
    async fn ledger(pk: &str, day: &str) -> (LedgerReader, Asked) {
        ledger_of(pk, day, "p1").await
    }

    async fn ledger_of(pk: &str, day: &str, id: &str) -> (LedgerReader, Asked) {
        let text = |text: &str| json!({"S": text});
        let item = json!({
            "pk": text(pk), "sk": text("payment.approved"), "status": text("COMPLETED"), "attempts": {"N": "1"},
            "provider": text("onepay"), "environment": text("live"), "type": text("payment.approved"),
            "resource_id": text(id), "delivery_id": text("0192f4c1-0000-7000-8000-000000000000"),
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

    /// As the ledger has a payment of this id: its partition, and its id.
    fn stored(id: &str) -> (String, String) {
        let likely = IdempotencyKey::likely_partitions(providers::by_name("onepay").unwrap(), id);
        let mut likely = likely.into_iter().filter(|key| key.starts_with("onepay#live#payment#"));
        (likely.next().unwrap(), bounded(id).into_owned())
    }

    const ODD: [&str; 14] = [
        "a#b|c%d",
        "#",
        "|",
        "%",
        "100%25",
        "~",
        "onepay#live#payment#p1",
        "onepay#live#payment#p1|payment.approved",
        "a\u{1b}[2J\r\nb\t",
        "ltr\u{202e}rtl\u{200f}",
        r"C:\new\temp",
        "\u{fffd}x",
        "-rf",
        " spaced  id ",
    ];

    #[tokio::test]
    async fn an_id_of_any_text_is_found_by_itself_and_as_a_list_prints_it() {
        let long = "x#".repeat(1500);
        for id in ODD.into_iter().chain([long.as_str()]) {
            let (pk, own) = stored(id);
            let (ledger, asked) = ledger_of(&pk, "", &own).await;
            let json = serde_json::to_string(id).unwrap();
            let printed = std::collections::BTreeSet::from([
                id.to_owned(),
                own.clone(),
                escape(&own),
                escape_json(&json).trim_matches('"').replace(r"\\", r"\"),
            ]);
            // One that begins with `~` has a digest in lists alone, and takes a day's list.
            let printed = printed.iter().filter(|printed| !id.starts_with('~') || *printed == id);
            for printed in printed {
                let found = directly(&ledger, printed).await.unwrap();
                assert_eq!(found.len(), 1, "{printed:?} of {id:?}");
            }
            // As short as DynamoDB takes them, and never empty.
            for (_, body) in asked.lock().unwrap().iter() {
                let pk = body["ExpressionAttributeValues"][":pk"]["S"].as_str().unwrap();
                assert!(!pk.is_empty() && pk.len() <= LONGEST_PARTITION, "{pk}");
            }
        }
    }

    #[tokio::test]
    async fn an_id_of_any_text_is_found_in_a_days_list() {
        let now = Timestamp::from_seconds(1_795_161_600);
        let long = "x#".repeat(1500);
        for id in ODD.into_iter().chain([long.as_str()]) {
            let own = bounded(id).into_owned();
            let (ledger, _) = ledger_of("", &format!("onepay#{}", now.day()), &own).await;
            for printed in [id, &own, &escape(&own)] {
                let found = by_listing(&ledger, printed, 1, now).await.unwrap();
                assert_eq!(found.len(), 1, "{printed:?} of {id:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_key_is_asked_for_first_and_alone() {
        let (ledger, asked) = ledger("onepay#live#payment#p1", "").await;
        for key in ["onepay#live#payment#p1", "onepay#live#payment#p1|payment.approved"] {
            assert_eq!(directly(&ledger, key).await.unwrap().len(), 1, "{key}");
        }
        assert_eq!(queries(&asked), (2, 0));
        let other = directly(&ledger, "onepay#live#payment#p1|payment.expired")
            .await
            .unwrap();
        assert!(other.is_empty(), "{other:?}");
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
                    content: Default::default(),
                    delivery_id: DeliveryId::new(Timestamp::from_seconds(0), [0; 10]),
                    received_at: Timestamp::from_seconds(0),
                    form: CanonicalForm::Raw,
                    body: sample::payload(provider, type_name).unwrap().into(),
                    replay: None,
                };
                let event = Event::read(envelope, provider, Environment::Live);
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
