//! What is kept of an event, and what the consumer reads of it.

use super::*;

#[tokio::test]
async fn payloads_are_kept_compressed_in_parts_or_as_bytes() {
    let tables = Tables::create().await;
    let long = event_with("long", &"año ".repeat(200_000));
    tables.claimed(&long, "a", 0).await;
    assert_eq!(
        tables.record(&long).await.payload.as_deref(),
        Some(long.body().as_ref())
    );

    // Longer than an item, and hardly compressible.
    let noise: String = std::iter::repeat_with(fastrand::alphanumeric).take(1_000_000).collect();
    let whole = event_with("noise", &noise);
    tables.claimed(&whole, "a", 0).await;
    let record = tables.record(&whole).await;
    assert!(record.payload.is_none() && record.parts > 1, "{}", record.parts);
    let reader = LedgerReader::new(tables.client.clone(), "ledger");
    assert_eq!(
        reader.payload(&record).await.unwrap().as_deref(),
        Some(whole.body().as_ref())
    );

    let envelope = Envelope {
        account: Default::default(),
        provider: "kuenta".to_owned(),
        content: Default::default(),
        delivery_id: DeliveryId::new(seconds(0), [1; 10]),
        received_at: seconds(0),
        form: CanonicalForm::Raw,
        body: bytes::Bytes::from_static(b"\xff\xfe"),
        replay: None,
    };
    let binary = Event::read(envelope, &kuenta::PROVIDER, Environment::Live);
    tables.claimed(&binary, "a", 0).await;
    assert_eq!(tables.record(&binary).await.payload.as_deref(), Some(&b"\xff\xfe"[..]));
}

#[tokio::test]
async fn the_event_at_a_key_takes_one_read() {
    let tables = Tables::create().await;
    let event = event("p1");
    assert_eq!(tables.ledger.recorded(&event.key).await.unwrap(), None);
    tables.claimed(&event, "a", 0).await;
    tables.calls.take();
    let recorded = tables.ledger.recorded(&event.key).await.unwrap().unwrap();
    assert_eq!(recorded.type_name, event.type_name);
    assert_eq!(recorded.body_sha256, event.body_sha256());
    assert_eq!(
        (tables.calls.take(), tables.calls.take_read()),
        (vec!["Query".to_owned()], 1)
    );
    let mut other = event.key.clone();
    other.sort.push_str("#2");
    assert_eq!(tables.ledger.recorded(&other).await.unwrap(), None);
}

#[tokio::test]
async fn a_later_event_of_the_same_resource_overtakes() {
    let tables = Tables::create().await;
    let mut early = event("p1");
    let mut late = event("p1");
    early.occurred_at = Some(seconds(10));
    late.occurred_at = Some(seconds(20));
    late.key.sort = "payment.refunded".to_owned();
    let claimed = tables.claimed(&late, "a", 30).await;
    assert!(
        !tables.ledger.overtaken(&early).await.unwrap(),
        "it is not completed yet"
    );
    tables.change(&claimed, Change::Complete(None), 31).await.unwrap();
    assert!(tables.ledger.overtaken(&early).await.unwrap());
    assert!(!tables.ledger.overtaken(&late).await.unwrap());
    let mut other = event("p2");
    other.occurred_at = Some(seconds(10));
    assert!(!tables.ledger.overtaken(&other).await.unwrap());
}
