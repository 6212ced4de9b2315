//! Finding events by an id or a key: first by likely keys, because listing a day reads everything received on it,
//! payloads included.
//!
//! An id may be any text. An id that reads like a key is looked up as an id as well. An id copied from a list is found
//! with its escapes, and by the digest that stands for a long one.

use acuse_aws::ledger::reader::{LedgerReader, ReadError};
use acuse_aws::ledger::record::Record;
use acuse_core::account::{Account, AccountName};
use acuse_core::clock::Timestamp;
use acuse_core::event::key::IdempotencyKey;
use acuse_core::provider::Provider;
use acuse_core::provider::id::bounded;
use acuse_core::receive::SecretStore;
use acuse_core::wire::delivery::DeliveryId;
use futures_util::future::try_join_all;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::registry::providers;
use crate::stack::DAY;
use crate::stack::conflicts;
use crate::stack::error::StackError;
use crate::stack::find::mentions;
use crate::stack::target::Target;
use crate::terminal::unescape;

const AT_ONCE: usize = 16;

/// The most accounts of a provider that an id is looked up in: each costs up to 20 queries.
const MOST_ACCOUNTS: usize = 10;

/// The longest partition key in bytes; DynamoDB refuses a longer one.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const LONGEST_PARTITION: usize = 2048;

/// The part of a key that all events of one resource share.
pub fn partition(key: &str) -> &str {
    key.split_once('|').map_or(key, |(partition, _)| partition)
}

/// The record with exactly this key.
pub async fn by_key(ledger: &LedgerReader, key: &str) -> Result<Option<Record>, ReadError> {
    let partition = partition(key);
    if partition.is_empty() || partition.len() > LONGEST_PARTITION {
        return Ok(None);
    }
    let records = ledger.partition(partition).await?;
    Ok(records.into_iter().find(|record| record.key == key))
}

/// What can be found without listing days: the event with this key, all events of a resource's key (the part before
/// `|`), or the events of this account's resource or event with this id, or of a delivery. Nothing if `text` is none of
/// these.
pub async fn by_key_or_id(ledger: &LedgerReader, account: &AccountName, text: &str) -> Result<Vec<Record>, ReadError> {
    let mut found = with_conflicts(ledger, text).await?;
    if found.is_empty() {
        found = by_ids(ledger, account, text).await?;
    }
    if found.is_empty() {
        found = by_delivery(ledger, text).await?;
    }
    Ok(found)
}

/// The events of this account's resource or event with this id, as sent or as a list prints it.
pub async fn by_ids(ledger: &LedgerReader, account: &AccountName, id: &str) -> Result<Vec<Record>, ReadError> {
    let accounts = providers().iter().map(|provider| (provider, account.clone()));
    let accounts: Vec<_> = accounts.collect();
    for spelling in spellings(id) {
        let found = by_id(ledger, &accounts, &spelling).await?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

/// The events of a resource or event with this id in other accounts than the default one, whose names are in the
/// stack's secrets. A provider with many accounts is left out.
pub async fn in_other_accounts(target: &Target, id: &str) -> Result<Vec<Record>, StackError> {
    let (ledger, mut accounts) = (target.ledger()?, Vec::new());
    if !target.knows_accounts() {
        return Ok(Vec::new());
    }
    for provider in providers().iter().filter(|own| target.is_used(own).is_ok()) {
        let stored = target.secrets(provider)?.load().await?;
        let others = stored.iter().map(|own| own.account().name.clone());
        let others: Vec<AccountName> = others.filter(|name| !name.is_default()).collect();
        if others.len() <= MOST_ACCOUNTS {
            accounts.extend(others.into_iter().map(|name| (provider, name)));
        }
    }
    for spelling in spellings(id) {
        let found = by_id(&ledger, &accounts, &spelling).await?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

/// The event with this key and its conflicts, or all events of a resource's key. Nothing if `text` is neither.
pub async fn with_conflicts(ledger: &LedgerReader, text: &str) -> Result<Vec<Record>, ReadError> {
    // A partition key contains no `|`.
    let partition = partition(text);
    let of_provider = partition
        .split_once('#')
        .and_then(|(scope, _)| Account::split(scope))
        .is_some_and(|(name, _)| providers().by_name(name).is_some());
    if !of_provider || partition.len() > LONGEST_PARTITION {
        return Ok(Vec::new());
    }
    let records = conflicts::counted(ledger.partition(partition).await?);
    if partition == text {
        return Ok(records);
    }
    let conflicts: Vec<Record> = conflicts::of(text, &records).cloned().collect();
    let event = records.into_iter().filter(|record| record.key == text);
    Ok(event.chain(conflicts).collect())
}

/// The events of a resource or an event with this id, by their likely keys.
async fn by_id(
    ledger: &LedgerReader,
    accounts: &[(&'static Provider, AccountName)],
    id: &str,
) -> Result<Vec<Record>, ReadError> {
    let partitions = accounts.iter();
    let partitions: Vec<String> = partitions
        .flat_map(|(provider, account)| likely_partitions(provider, account, id))
        .collect();
    let queries: Vec<_> = partitions.iter().map(|partition| ledger.partition(partition)).collect();
    let found: Vec<Vec<Record>> = stream::iter(queries).buffered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flat_map(conflicts::counted).collect())
}

/// The partitions that may have an event of this account with this id. If the id is the digest of one that is too long
/// for a key, those of the long id.
fn likely_partitions(provider: &Provider, account: &AccountName, id: &str) -> Vec<String> {
    let mut partitions: Vec<String> = IdempotencyKey::likely_partitions(provider, account, id)
        .into_iter()
        .collect();
    if let Some(digest) = id.strip_prefix('~') {
        // In keys, `~` occurs only before a digest: an id's own is encoded.
        let encoded = format!("%7E{digest}");
        let before = partitions
            .iter()
            .filter_map(|partition| partition.strip_suffix(&encoded));
        let digests: Vec<String> = before.map(|before| format!("{before}{id}")).collect();
        partitions.extend(digests);
    }
    partitions
}

/// The events of a delivery, whose id says at which millisecond it was received. Nothing if `id` is not a delivery id.
pub async fn by_delivery(ledger: &LedgerReader, id: &str) -> Result<Vec<Record>, ReadError> {
    let id = DeliveryId::parse(id);
    let Some((id, at)) = id.and_then(|id| Some((id.to_string(), id.received_at()?))) else {
        return Ok(Vec::new());
    };
    let found = try_join_all(providers().iter().map(|own| ledger.received_at(own.name, at))).await?;
    let found = found.into_iter().flatten();
    Ok(found
        .filter(|record| record.delivery_id.as_ref() == Some(&id))
        .collect())
}

/// The events with this id, or with this text in their payload, among all received in the last `days` days, on the
/// newest day that has any.
pub async fn in_daily_lists(
    ledger: &LedgerReader,
    id: &str,
    days: u32,
    now: Timestamp,
) -> Result<Vec<Record>, ReadError> {
    // Records have the bounded form of an id.
    let mut ids: Vec<String> = spellings(id).iter().map(|id| bounded(id).into_owned()).collect();
    ids.push(id.to_owned());
    for back in 0..days {
        let found = on_day(ledger, &ids, id, now.minus(DAY * back)).await?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

async fn on_day(ledger: &LedgerReader, ids: &[String], text: &str, day: Timestamp) -> Result<Vec<Record>, ReadError> {
    let days = providers()
        .iter()
        .map(|own| ledger.on_day(own.name, None, day, usize::MAX));
    let records = try_join_all(days).await?.into_iter().flatten();
    let has = |record: &Record| {
        let own = [&record.resource_id, &record.delivery_id];
        let is_one = own.into_iter().flatten().any(|own| ids.contains(own));
        is_one || record.payload.as_deref().is_some_and(|payload| mentions(payload, text))
    };
    Ok(records.filter(has).collect())
}

/// `text`, and what it stands for if it was copied from a list that escapes.
pub(super) fn spellings(text: &str) -> Vec<String> {
    let mut spellings = vec![text.to_owned(), unescape(text)];
    spellings.dedup();
    spellings
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use acuse_core::event::{Environment, Event};
    use acuse_core::providers;
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

    /// A ledger with one event, and the requests it gets.
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

    /// The number of queries by key and by day.
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
    async fn an_id_that_is_in_a_key_takes_a_few_queries_and_no_daily_list() {
        let (ledger, asked) = ledger("onepay#live#payment#p1", "").await;
        let found = by_id(&ledger, &[(&providers::onepay::PROVIDER, AccountName::DEFAULT)], "p1")
            .await
            .unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].key, "onepay#live#payment#p1|payment.approved");
        let (keys, days) = queries(&asked);
        assert!(keys <= 60, "{keys}");
        assert_eq!(days, 0);
    }

    /// The partition and the id that a payment with this id has in the ledger.
    fn stored(id: &str) -> (String, String) {
        let likely =
            IdempotencyKey::likely_partitions(providers::ALL.by_name("onepay").unwrap(), &AccountName::DEFAULT, id);
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
    async fn an_id_of_any_text_is_found_as_sent_and_as_lists_print_it() {
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
            // An id that begins with `~` is a digest only in lists, and is found in a daily list.
            let printed = printed.iter().filter(|printed| !id.starts_with('~') || *printed == id);
            for printed in printed {
                let found = by_key_or_id(&ledger, &AccountName::DEFAULT, printed).await.unwrap();
                assert_eq!(found.len(), 1, "{printed:?} of {id:?}");
            }
            // Short enough for DynamoDB, and never empty.
            for (_, body) in asked.lock().unwrap().iter() {
                let pk = body["ExpressionAttributeValues"][":pk"]["S"].as_str().unwrap();
                assert!(!pk.is_empty() && pk.len() <= LONGEST_PARTITION, "{pk}");
            }
        }
    }

    #[tokio::test]
    async fn an_id_of_any_text_is_found_in_a_daily_list() {
        let now = Timestamp::from_seconds(1_795_161_600);
        let long = "x#".repeat(1500);
        for id in ODD.into_iter().chain([long.as_str()]) {
            let own = bounded(id).into_owned();
            let (ledger, _) = ledger_of("", &format!("onepay#{}", now.day()), &own).await;
            for printed in [id, &own, &escape(&own)] {
                let found = in_daily_lists(&ledger, printed, 1, now).await.unwrap();
                assert_eq!(found.len(), 1, "{printed:?} of {id:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_key_takes_one_query() {
        let (ledger, asked) = ledger("onepay#live#payment#p1", "").await;
        for key in ["onepay#live#payment#p1", "onepay#live#payment#p1|payment.approved"] {
            assert_eq!(
                by_key_or_id(&ledger, &AccountName::DEFAULT, key).await.unwrap().len(),
                1,
                "{key}"
            );
        }
        assert_eq!(queries(&asked), (2, 0));
        let other = by_key_or_id(&ledger, &AccountName::DEFAULT, "onepay#live#payment#p1|payment.expired")
            .await
            .unwrap();
        assert!(other.is_empty(), "{other:?}");
    }

    #[tokio::test]
    async fn a_delivery_is_looked_up_on_its_own_day() {
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
    async fn the_search_ends_with_the_day_that_has_the_id() {
        let now = Timestamp::from_seconds(1_795_161_600);
        let (ledger, asked) = ledger("", &format!("onepay#{}", now.minus(DAY * 2).day())).await;
        assert_eq!(in_daily_lists(&ledger, "p1", 30, now).await.unwrap().len(), 1);
        let before = format!("#{}", now.minus(DAY * 3).day());
        let read_on = asked.lock().unwrap().iter().any(|(_, body)| {
            let day = body["ExpressionAttributeValues"][":day"]["S"].as_str();
            day.is_some_and(|day| day.contains(&before))
        });
        assert!(!read_on, "older days are not read");
    }

    #[test]
    fn every_resource_is_found_by_its_id() {
        let mut partitions = 0;
        for provider in providers::ALL {
            partitions += IdempotencyKey::likely_partitions(provider, &AccountName::DEFAULT, "id").len();
            for type_name in provider.types {
                let envelope = Envelope {
                    account: Default::default(),
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
                let likely = IdempotencyKey::likely_partitions(provider, &AccountName::DEFAULT, &resource.id);
                assert!(likely.contains(&event.key.partition), "{type_name}: {likely:?}");
            }
        }
        // Each is a query, which costs half a read unit if it finds nothing.
        assert!(partitions <= 60, "{partitions}");
    }

    #[test]
    fn a_delivery_id_has_its_time_of_receipt() {
        let at = Timestamp::from_millis(1_795_161_600_123);
        let id = DeliveryId::new(at, [7; 10]);
        assert_eq!(id.received_at(), Some(at));
        let other = DeliveryId::parse("9e5ccd4a-d2f0-49dd-87fc-a0da752bd166").unwrap();
        assert_eq!(other.received_at(), None);
    }
}
