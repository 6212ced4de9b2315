//! The way through a day's events, oldest first.

use super::*;

#[tokio::test]
async fn a_day_is_walked_oldest_first_in_parts_that_end_between_milliseconds() {
    let tables = Tables::create().await;
    // The index is spread over four shards; many share a millisecond.
    let ledger = tables.ledger.clone().with_day_shards(4);
    let mut expected = Vec::new();
    for number in 0..90_i64 {
        let mut event = event(&format!("p{number:02}"));
        let at = seconds(0).plus(Duration::from_millis(u64::try_from(number % 3).unwrap()));
        event.received_at = at;
        ledger.claim(&event, &lease("a"), seconds(0)).await.unwrap().unwrap();
        expected.push((at, event.key.to_string()));
    }
    expected.sort();
    let reader = LedgerReader::new(tables.client.clone(), "ledger");
    let walked = async |from: Timestamp, until: Timestamp| {
        let walk = reader.walk_day(["kuenta", "onepay"], None, from, until).await.unwrap();
        let mut walk = walk.by_pages_of(2);
        let (mut found, mut parts) = (Vec::new(), Vec::new());
        loop {
            let part = walk.next().await.unwrap();
            let Some(last) = part.last() else { break };
            parts.push(last.received_at.clone());
            found.extend(part.into_iter().map(|record| (record.received_at.unwrap(), record.key)));
        }
        (found, parts)
    };
    let text = |events: &[(Timestamp, String)]| -> Vec<(String, String)> {
        events.iter().map(|(at, key)| (at.to_string(), key.clone())).collect()
    };
    let (found, parts) = walked(seconds(0), seconds(100)).await;
    assert_eq!(found, text(&expected));
    assert_eq!(parts.len(), 3, "a millisecond is never in two parts");
    // From a millisecond on, and up to another one that is not included.
    let middle = seconds(0).plus(Duration::from_millis(1));
    let (found, _) = walked(middle, middle.plus(Duration::from_millis(1))).await;
    assert_eq!(found, text(&expected[30..60]));
    assert!(walked(seconds(1), seconds(100)).await.0.is_empty());
}
