use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::*;

const NOON: Timestamp = Timestamp::from_seconds(1_800_014_400);

fn record(provider: &str, number: usize, at: Timestamp) -> Record {
    let s = |text: &str| AttributeValue::S(text.to_owned());
    let n = |number: i64| AttributeValue::N(number.to_string());
    let item = HashMap::from(
        [
            ("pk", s(&format!("{provider}#live#payment#{number:05}"))),
            ("sk", s("paid")),
            ("provider", s(provider)),
            ("environment", s("live")),
            ("type", s("paid")),
            ("status", s("COMPLETED")),
            ("attempts", n(1)),
            ("received_at", n(at.as_millis())),
            ("body_sha256", s("5a")),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    Record::from_item(&item).unwrap()
}

/// As the ledger lists a day.
fn day_of(all: &[Record], provider: &str, until: Timestamp, most: usize) -> Vec<Record> {
    let mut day: Vec<Record> = all
        .iter()
        .filter(|r| r.provider == provider && received_at(r).day() == until.day() && received_at(r) <= until)
        .cloned()
        .collect();
    day.sort_by(|a, b| Place::of(a).order().cmp(&Place::of(b).order()));
    day.truncate(most);
    day
}

/// All keys, page by page, and how many pages that took.
async fn walked(all: &[Record], search: &Search, passes: impl Fn(&Record) -> bool) -> (Vec<String>, usize) {
    let (mut keys, mut pages, mut from) = (Vec::new(), 0, Some(Place::newest(NOON)));
    while let Some(place) = from {
        let read = |until, most| {
            let lists = ["a", "b"].map(|provider| day_of(all, provider, until, most));
            async move { Ok::<_, ()>(lists.into()) }.boxed()
        };
        let page = search.run(read, &passes, place).await.unwrap();
        assert!(page.records.len() <= search.limit);
        keys.extend(page.records.into_iter().map(|record| record.key));
        // As in a link.
        from = page.next.map(|next| Place::parse(&next.to_string()).unwrap());
        pages += 1;
        assert!(pages < 1000, "it ends");
    }
    (keys, pages)
}

fn search(days: u32, limit: usize) -> Search {
    Search {
        since: NOON.minus(DAY * days),
        chunk: limit + 1,
        limit,
    }
}

#[tokio::test]
async fn pages_have_every_event_once_in_order() {
    // Some at the same millisecond, more than a page of them; of two providers; over days, some of them empty.
    let minute = std::time::Duration::from_secs(60);
    let at = |number: u32| match number {
        0..40 => NOON.minus(minute),
        40..60 => NOON.minus(minute * number),
        _ => NOON.minus(DAY * (number - 60)).minus(minute),
    };
    let numbers = (0u32..80).filter(|number| !(64..70).contains(number));
    let all: Vec<Record> = numbers
        .map(|number| record(if number % 3 == 0 { "a" } else { "b" }, number as usize, at(number)))
        .collect();
    let mut expected: Vec<&Record> = all.iter().collect();
    expected.sort_by(|a, b| Place::of(a).order().cmp(&Place::of(b).order()));
    let expected: Vec<&String> = expected.iter().map(|record| &record.key).collect();
    for limit in [1, 2, 7, 50, 1000] {
        let (keys, _) = walked(&all, &search(30, limit), |_| true).await;
        assert_eq!(keys.iter().collect::<Vec<_>>(), expected, "{limit}");
    }
}

#[tokio::test]
async fn a_rare_event_is_reached_page_by_page() {
    let all: Vec<Record> = (0..90)
        .map(|day| record("a", day as usize, NOON.minus(DAY * day)))
        .collect();
    let (keys, pages) = walked(&all, &search(89, 10), |record| record.key.contains("00080")).await;
    assert_eq!((keys.len(), pages), (1, 13), "seven days each");
    let (keys, _) = walked(&all, &search(40, 10), |record| record.key.contains("00080")).await;
    assert!(keys.is_empty(), "{keys:?}");
}

#[test]
fn a_place_survives_a_link() {
    let place = Place {
        at: NOON,
        key: "a#live#payment#~1|paid~".to_owned(),
    };
    assert_eq!(Place::parse(&place.to_string()), Some(place));
    assert_eq!(Place::parse("x~y"), None);
    assert_eq!(Place::parse("1"), None);
}
