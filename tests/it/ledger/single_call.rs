//! A new event and what its first hooks write in one call, with the real consumer in front.

use acuse_core::consume::{Backoff, Consumer, Policy, Received, WaitPolicy};
use acuse_core::hook::{Attempt, Hook, HookError};
use acuse_core::ledger::{Decision, Extent, Settlement};
use acuse_core::testing::{Dice, FakeInbox, StoppedClock};
use async_trait::async_trait;

use super::*;

/// A hook that writes what it was given, or has an effect of its own besides.
pub(super) struct Writes {
    name: &'static str,
    transactional: bool,
    effects: Effects<TransactWriteItem>,
}

#[async_trait]
impl Hook<TransactWriteItem> for Writes {
    fn name(&self) -> &'static str {
        self.name
    }

    fn transactional(&self) -> bool {
        self.transactional
    }

    async fn call(&self, _: &Event, _: Attempt) -> Result<Effects<TransactWriteItem>, HookError> {
        Ok(self.effects.clone())
    }
}

pub(super) fn writes(name: &'static str, effects: Effects<TransactWriteItem>) -> Writes {
    Writes {
        name,
        transactional: true,
        effects,
    }
}

fn calls_out(name: &'static str, effects: Effects<TransactWriteItem>) -> Writes {
    Writes {
        transactional: false,
        ..writes(name, effects)
    }
}

/// Adds one to an item, where its condition holds.
pub(super) fn add(pk: &str, condition: Option<&str>) -> TransactWriteItem {
    let update = Update::builder()
        .table_name("effects")
        .key("pk", AttributeValue::S(pk.to_owned()))
        .update_expression("ADD applied :one")
        .set_condition_expression(condition.map(str::to_owned))
        .expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
    TransactWriteItem::builder().update(update.build().unwrap()).build()
}

const ABSENT: Option<&str> = Some("attribute_not_exists(pk)");
const PRESENT: Option<&str> = Some("attribute_exists(pk)");

pub(super) fn message(id: &str) -> Received {
    let attributes = [
        ("envelope", "1"),
        ("provider", "kuenta"),
        ("delivery_id", "018bcfe5-6800-7707-8707-070707070707"),
        ("received_at", "1700000000000"),
        ("form", "raw"),
    ];
    Received {
        // A provider's own duplicates are messages of their own.
        message_id: fastrand::u64(..).to_string(),
        text: String::from_utf8(event(id).body().to_vec()).unwrap(),
        attributes: attributes
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        receives: 1,
        ..Received::default()
    }
}

/// The calls that a consumer with these hooks makes for one message, and whether it is done.
async fn consume(tables: &Tables, hooks: Vec<Writes>, id: &str) -> (Vec<String>, bool) {
    let (calls, done, _) = consume_to(tables, hooks, message(id)).await;
    (calls, done)
}

/// The same for any message, and what was dead-lettered.
pub(super) async fn consume_to(
    tables: &Tables,
    hooks: Vec<Writes>,
    message: Received,
) -> (Vec<String>, bool, Vec<String>) {
    let policy = Policy {
        environment: None,
        retention: RETENTION,
        backoff: Backoff {
            base: Duration::from_secs(2),
            max: Duration::from_secs(900),
        },
        max_attempts: 120,
        wait_policy: WaitPolicy::default(),
        concurrency: 10,
    };
    let hooks = hooks.into_iter().map(|hook| Box::new(hook) as Box<_>).collect();
    let (inbox, clock) = (FakeInbox::default(), StoppedClock::at(seconds(10)));
    let consumer = Consumer::new(tables.ledger.clone(), &inbox, hooks, policy, clock, Dice::default()).unwrap();
    tables.calls.take();
    let failed = consumer.consume(vec![message], seconds(40)).await;
    let dead = inbox.dead().into_iter().map(|(_, reason)| reason).collect();
    (tables.calls.take(), failed.is_empty(), dead)
}

fn lease(token: &str) -> Lease {
    Lease {
        token: token.to_owned(),
        expires_at: seconds(30),
        message_id: format!("message of {token}"),
        first: true,
    }
}

#[tokio::test]
async fn a_new_event_is_one_call_where_all_hooks_only_write_and_two_where_one_calls_out() {
    let tables = Tables::create().await;
    let effect = || Effects::write(add("total", None));
    let both = || vec![writes("payments", effect()), writes("books", Effects::none())];
    let none = || vec![writes("payments", Effects::none())];
    let mail = |effects| calls_out("mail", effects);
    let outside = || vec![mail(effect())];
    let mixed = |effects| {
        let books = writes("books", Effects::write(add("books", None)));
        vec![writes("payments", effect()), books, mail(effects)]
    };
    let begun = || vec![writes("payments", Effects::none()), mail(Effects::none())];
    let update = || "UpdateItem".to_owned();
    let transact = || "TransactWriteItems".to_owned();

    assert_eq!(consume(&tables, both(), "p1").await, (vec![transact()], true));
    assert_eq!(consume(&tables, none(), "p2").await, (vec![update()], true));
    assert_eq!(consume(&tables, vec![], "p3").await, (vec![update()], true));
    assert_eq!(
        consume(&tables, outside(), "p4").await,
        (vec![update(), transact()], true)
    );
    assert_eq!(
        consume(&tables, mixed(Effects::none()), "p5").await,
        (vec![transact(), update()], true)
    );
    assert_eq!(
        consume(&tables, mixed(effect()), "p6").await,
        (vec![transact(), transact()], true)
    );
    assert_eq!(consume(&tables, begun(), "p7").await, (vec![update(), update()], true));
    let applied = ["total", "books"].map(|pk| tables.applied(pk));
    assert_eq!(futures_util::future::join_all(applied).await, [5, 2]);
    // A duplicate: what tells that it is one, and its count.
    assert_eq!(consume(&tables, both(), "p1").await, (vec![transact(), update()], true));
    assert_eq!(consume(&tables, none(), "p2").await, (vec![update(), update()], true));
    assert_eq!(
        consume(&tables, outside(), "p4").await,
        (vec![update(), update()], true)
    );
    assert_eq!(
        consume(&tables, mixed(effect()), "p5").await,
        (vec![transact(), update()], true)
    );
    assert_eq!(consume(&tables, begun(), "p7").await, (vec![update(), update()], true));
    assert_eq!(tables.applied("total").await, 5);
}

#[tokio::test]
async fn its_record_is_what_a_claim_and_its_owners_writes_make() {
    let tables = Tables::create().await;
    let item = async |id: &str| {
        let key = event(id).key;
        let get = tables.client.get_item().table_name("ledger");
        let get = get
            .key("pk", AttributeValue::S(key.partition))
            .key("sk", AttributeValue::S(key.sort));
        let mut item = get.send().await.unwrap().item.unwrap();
        for own in ["pk", "resource_id", "payload", "body_sha256"] {
            assert!(item.remove(own).is_some(), "{own}");
        }
        item
    };
    let (ledger, now) = (&tables.ledger, seconds(1));
    let (payments, books) = (|| ("payments", effect(None)), || ("books", Effects::none()));

    let claimed = tables.claimed(&event("claimed"), "a", 1).await;
    let (hook, effects) = payments();
    ledger.record_hook(&claimed, hook, effects, now).await.unwrap();
    let lease = Lease {
        expires_at: seconds(31),
        ..lease("a")
    };
    let settle = async |id, hooks, extent| ledger.settle(&event(id), &lease, hooks, extent, now).await.unwrap();
    let Settlement::Claimed(begun) = settle("begun", vec![payments()], Extent::Begun).await else {
        panic!("not claimed");
    };
    assert_eq!(item("begun").await, item("claimed").await);
    assert_eq!(begun.taken.attempt, 1);
    assert_eq!(begun.taken.hooks, [("payments".to_owned(), now)].into());

    ledger.complete(&claimed, Some(books()), now).await.unwrap();
    ledger.complete(&begun, Some(books()), now).await.unwrap();
    let whole = settle("whole", vec![payments(), books()], Extent::Whole).await;
    assert_eq!(whole, Settlement::Completed);
    assert_eq!(item("begun").await, item("claimed").await);
    assert_eq!(item("whole").await, item("claimed").await);
    let reader = LedgerReader::new(tables.client.clone(), "ledger");
    assert_eq!(reader.on_day("kuenta", seconds(0), 9).await.unwrap().len(), 3);
}

#[tokio::test]
async fn whatever_is_known_of_an_event_is_left_as_it_is() {
    let tables = Tables::create().await;
    let event = event("p1");
    let settle = async |now: i64| {
        // However much of it.
        let extent = if now % 2 == 0 { Extent::Whole } else { Extent::Begun };
        let hooks = vec![("payments", effect(None))];
        let known = tables
            .ledger
            .settle(&event, &lease("late"), hooks, extent, seconds(now))
            .await;
        let Settlement::Known(decision) = known.unwrap() else {
            panic!("settled what is known");
        };
        decision
    };
    let first = tables.claimed(&event, "a", 0).await;
    assert_eq!(settle(1).await, Decision::Wait { until: seconds(30) });
    assert!(
        matches!(settle(30).await, Decision::Take(_)),
        "its lease is over: it takes a claim"
    );
    tables.ledger.release(&first, "not yet", failed(3)).await.unwrap();
    assert_eq!(settle(2).await, Decision::Wait { until: seconds(3) });
    assert!(
        matches!(settle(3).await, Decision::Take(_)),
        "so it does where it was released, and its time has come"
    );
    assert_eq!(tables.record(&event).await.status, "RELEASED");
    let again = tables.claimed(&event, "b", 3).await;
    tables.ledger.reject(&again, "never", seconds(4)).await.unwrap();
    let rejected = Decision::Drop {
        status: Status::Rejected,
    };
    assert_eq!(settle(5).await, rejected);
    assert_eq!(tables.record(&event).await.attempts, 2);
    assert_eq!(tables.applied("total").await, 0, "its effects roll back with it");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_at_once_one_settles() {
    // Half of them would, being of a consumer with other hooks, begin it.
    let extent = |n| if n % 2 == 0 { Extent::Whole } else { Extent::Begun };
    let tables = Tables::create().await;
    let event = event("p1");
    let settlements: Vec<_> = (0..64)
        .map(|n| {
            let (ledger, event) = (tables.ledger.clone(), event.clone());
            tokio::spawn(async move {
                let hooks = vec![("payments", effect(None))];
                ledger
                    .settle(&event, &lease(&n.to_string()), hooks, extent(n), seconds(n))
                    .await
                    .unwrap()
            })
        })
        .collect();
    let mut settled = 0;
    for settlement in settlements {
        match settlement.await.unwrap() {
            Settlement::Completed | Settlement::Claimed(_) => settled += 1,
            Settlement::Known(_) => {}
        }
    }
    assert_eq!((settled, tables.applied("total").await), (1, 1));
}

#[tokio::test]
async fn a_settlement_whose_answer_was_lost_is_ours_when_it_is_sent_again() {
    let tables = Tables::create().await;
    for (id, effects) in [("p1", effect(None)), ("p2", Effects::none())] {
        let whole = vec![writes("payments", effects.clone())];
        let begun = vec![writes("payments", effects), calls_out("mail", Effects::none())];
        for (hooks, id, made) in [(whole, id.to_owned(), 2), (begun, format!("{id} begun"), 3)] {
            tables.calls.lose_an_answer();
            let (calls, done) = consume(&tables, hooks, &id).await;
            assert_eq!((calls.len(), done), (made, true), "the SDK sends it again: {calls:?}");
            let record = tables.record(&event(&id)).await;
            assert_eq!((record.status, record.attempts, record.duplicates), ("COMPLETED", 1, 0));
        }
    }
    assert_eq!(tables.applied("total").await, 2);
    // Without the SDK's token, which DynamoDB remembers for ten minutes.
    for _ in 0..2 {
        let settle = async |id, extent| {
            let hooks = vec![("payments", effect(None))];
            let (event, lease) = (event(id), lease("a"));
            let settled = tables.ledger.settle(&event, &lease, hooks, extent, seconds(1)).await;
            settled.unwrap()
        };
        assert_eq!(settle("p3", Extent::Whole).await, Settlement::Completed);
        let begun = settle("p4", Extent::Begun).await;
        assert!(
            matches!(&begun, Settlement::Claimed(claimed) if claimed.taken.attempt == 1),
            "{begun:?}"
        );
    }
    assert_eq!(tables.applied("total").await, 4);
}

#[tokio::test]
async fn each_hook_whose_condition_does_not_hold_writes_what_it_wants_instead() {
    let tables = Tables::create().await;
    let guarded = |name| {
        let instead = Effects::write(add(&format!("{name}, late"), None));
        writes(name, Effects::write(add(name, ABSENT)).or(instead))
    };
    // `a` is there from the second event on, `b` from the first; `c` has no condition.
    tables
        .client
        .transact_write_items()
        .transact_items(add("b", None))
        .send()
        .await
        .unwrap();
    for (id, calls) in [("p1", 2), ("p2", 2), ("p3", 2)] {
        let c = writes("c", Effects::write(add("c", None)));
        let (made, done) = consume(&tables, vec![guarded("a"), c, guarded("b")], id).await;
        assert_eq!((made.len(), done), (calls, true), "{made:?}");
        assert_eq!(tables.record(&event(id)).await.hooks.len(), 3);
    }
    let mut applied = Vec::new();
    for pk in ["a", "a, late", "b", "b, late", "c"] {
        applied.push(tables.applied(pk).await);
    }
    assert_eq!(applied, [1, 2, 1, 3, 3]);
}

#[tokio::test]
async fn what_can_not_be_settled_takes_a_lease_and_is_recorded() {
    let tables = Tables::create().await;
    // Refused, and no other writes wanted.
    let refused = || vec![writes("payments", Effects::write(add("none", PRESENT)))];
    let (_, done) = consume(&tables, refused(), "p1").await;
    let record = tables.record(&event("p1")).await;
    assert_eq!((done, record.status, record.attempts), (false, "RELEASED", 1));
    assert!(record.error.unwrap().contains("a condition of the hook's own writes"));

    // No transaction that DynamoDB takes: two hooks write one item, or too many; each alone may.
    let many = |name: &'static str| {
        let items = (0..60).map(|n| add(&format!("{name} {n}"), None)).collect();
        writes(name, Effects::writes(items))
    };
    let twice = |name| writes(name, Effects::write(add("twice", None)));
    for (id, hooks) in [("p2", vec![twice("a"), twice("b")]), ("p3", vec![many("a"), many("b")])] {
        let (calls, done) = consume(&tables, hooks, id).await;
        assert!(done, "{id}: {calls:?}");
        assert_eq!(tables.record(&event(id)).await.hooks.len(), 2);
    }
    assert_eq!(tables.applied("twice").await, 2);
    assert_eq!((tables.applied("a 59").await, tables.applied("b 0").await), (1, 1));
}

#[tokio::test]
async fn a_payload_that_is_too_long_for_an_item_is_kept_whole() {
    let tables = Tables::create().await;
    let noise: String = std::iter::repeat_with(fastrand::alphanumeric).take(1_000_000).collect();
    let event = event_with("noise", &noise);
    let settled = tables
        .ledger
        .settle(&event, &lease("a"), Vec::new(), Extent::Whole, seconds(1))
        .await;
    assert_eq!(settled.unwrap(), Settlement::Completed);
    let reader = LedgerReader::new(tables.client.clone(), "ledger");
    let kept = reader.payload(&tables.record(&event).await).await.unwrap();
    assert_eq!(kept.as_deref(), Some(event.body().as_ref()));
}
