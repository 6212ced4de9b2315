//! A day counted from the ledger's index: by pages, over all shards, and no event of another day.

use std::sync::Mutex;

use acuse_aws::ledger::DynamoLedger;
use acuse_aws::ledger::reader::{Counted, Reading};
use acuse_core::clock::Clock;
use acuse_core::providers;
use acuse_core::summary::Day;
use acuse_core::testing::StoppedClock;

use super::*;

/// 20,000 letters that hardly compress.
fn filler(seed: usize) -> String {
    let mut state = seed as u64 + 1;
    let letters = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b'a' + (state >> 32) as u8 % 26)
    });
    letters.take(20_000).collect()
}

/// A payment of 1,500.25 pesos that was received then; large, so that few fit a page.
fn paid(id: usize, at: &str) -> Event {
    let filler = filler(id);
    let body = format!(
        r#"{{"event":"payment.completed","data":{{"id":"p{id}","amount":1500.25,"currency":"COP","note":"{filler}"}}}}"#
    );
    let received_at = Timestamp::from_rfc3339(at).unwrap();
    let envelope = Envelope {
        account: Default::default(),
        provider: "kuenta".to_owned(),
        content: Default::default(),
        delivery_id: DeliveryId::new(received_at, [1; 10]),
        received_at,
        form: CanonicalForm::Raw,
        body: body.into(),
        replay: None,
    };
    Event::read(envelope, &kuenta::PROVIDER, Environment::Live)
}

async fn complete(ledger: &DynamoLedger, event: &Event) {
    let lease = Lease {
        token: event.key.to_string(),
        expires_at: event.received_at.plus(Duration::from_secs(30)),
        message_id: event.key.to_string(),
        overrides: Override::None,
    };
    let hooks = vec![("h", Effects::none())];
    let commit = ledger.commit_new(event, &lease, hooks, RecordAs::Completed, event.received_at);
    commit.await.unwrap().unwrap();
}

fn bogota(day: &str) -> Day {
    Day::parse(day, &"America/Bogota".parse().unwrap()).unwrap()
}

/// A clock, and what each page had.
struct Pages(StoppedClock, Mutex<Vec<usize>>);

impl Pages {
    fn new() -> Self {
        Self(StoppedClock::at(seconds(0)), Mutex::default())
    }

    async fn count(&self, tables: &Tables, day: &Day, until: Option<Timestamp>) -> Counted {
        let reader = LedgerReader::new(tables.client.clone(), "ledger");
        let reading = Reading {
            until,
            clock: &self.0,
            // Each page takes a second.
            progress: &|events| {
                self.0.advance(Duration::from_secs(1));
                self.1.lock().unwrap().push(events);
            },
        };
        reader.tally(providers::ALL, day, &reading).await.unwrap()
    }
}

#[tokio::test]
async fn a_local_day_has_its_first_and_its_last_millisecond_of_both_utc_days() {
    let tables = Tables::create().await;
    for (id, at) in [
        "2026-11-26T04:59:59.999Z",
        "2026-11-26T05:00:00.000Z",
        "2026-11-26T23:59:59.999Z",
        "2026-11-27T00:00:00.000Z",
        "2026-11-27T04:59:59.999Z",
        "2026-11-27T05:00:00.000Z",
    ]
    .into_iter()
    .enumerate()
    {
        // More shards than are always read.
        complete(&tables.ledger.clone().with_day_shards(16), &paid(id, at)).await;
    }
    for (day, expected) in [
        ("2026-11-25", 1),
        ("2026-11-26", 4),
        ("2026-11-27", 1),
        ("2026-11-28", 0),
    ] {
        let counted = Pages::new().count(&tables, &bogota(day), None).await;
        assert!(counted.complete);
        assert_eq!(counted.tally.live.accepted(), expected, "{day}");
    }
    let counted = Pages::new().count(&tables, &bogota("2026-11-26"), None).await;
    let row = &counted.tally.live.rows[&("kuenta".to_owned(), "payment.completed".to_owned())];
    assert_eq!(row.sums["COP"].to_string(), "6001.00");
}

#[tokio::test]
async fn a_day_of_many_pages_is_read_to_its_end_or_says_that_it_was_not() {
    let tables = Tables::create().await;
    let ledger = tables.ledger.clone().with_day_shards(1);
    for id in 0..150 {
        complete(&ledger, &paid(id, "2026-11-26T12:00:00Z")).await;
    }
    let (day, pages) = (bogota("2026-11-26"), Pages::new());
    let whole = pages.count(&tables, &day, None).await;
    assert!(whole.complete);
    assert_eq!(whole.tally.live.accepted(), 150);
    let read: Vec<usize> = pages
        .1
        .lock()
        .unwrap()
        .iter()
        .copied()
        .filter(|events| *events > 0)
        .collect();
    assert!(read.len() > 2, "1 MB is not the whole day: {read:?}");
    assert_eq!(read.iter().sum::<usize>(), 150);

    // There is no time for all of them.
    let pages = Pages::new();
    let until = pages.0.now().plus(Duration::from_secs(2));
    let part = pages.count(&tables, &day, Some(until)).await;
    assert!(!part.complete);
    assert!(part.tally.live.accepted() < 150);
}
