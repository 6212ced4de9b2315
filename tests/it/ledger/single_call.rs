//! A new event and the writes of its first hooks in one call, with the real consumer in front.

use acuse_core::consume::{Backoff, Consumer, Policy, Received, WaitPolicy};
use acuse_core::hook::{AnyHook, Attempt, HookError};
use acuse_core::testing::{Dice, FakeInbox, StoppedClock};
use async_trait::async_trait;

use super::*;

/// A hook that returns these writes. If it is not transactional, it may have side effects as well.
pub(super) struct Writes {
    name: &'static str,
    transactional: bool,
    effects: Effects<TransactWriteItem>,
}

#[async_trait]
impl AnyHook<TransactWriteItem> for Writes {
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

fn with_side_effects(name: &'static str, effects: Effects<TransactWriteItem>) -> Writes {
    Writes {
        transactional: false,
        ..writes(name, effects)
    }
}

/// Adds one to an item if its condition is true.
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
        // Duplicates are messages of their own.
        message_id: fastrand::u64(..).to_string(),
        text: String::from_utf8(event(id).body().to_vec()).unwrap().into(),
        attributes: attributes
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        receives: 1,
        ..Received::default()
    }
}

/// The calls that a consumer with these hooks makes for one message, and whether the message is done.
async fn consume(tables: &Tables, hooks: Vec<Writes>, id: &str) -> (Vec<String>, bool) {
    let (calls, done, _) = consume_to(tables, hooks, message(id)).await;
    (calls, done)
}

/// The same for any message, with the reasons of dead letters.
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
    let consumer = Consumer::new(
        acuse_core::providers::ALL,
        tables.ledger.clone(),
        &inbox,
        hooks,
        policy,
        clock,
        Dice::default(),
    )
    .unwrap();
    tables.calls.take();
    let failed = consumer.consume(vec![message], seconds(40)).await;
    let dead = inbox.dead().into_iter().map(|(_, reason)| reason).collect();
    (tables.calls.take(), failed.is_empty(), dead)
}

#[tokio::test]
async fn a_new_event_takes_one_call_or_two_if_a_hook_has_side_effects() {
    let tables = Tables::create().await;
    let effect = || Effects::writes(vec![add("total", None)]);
    let both = || vec![writes("payments", effect()), writes("books", Effects::none())];
    let none = || vec![writes("payments", Effects::none())];
    let mail = |effects| with_side_effects("mail", effects);
    let external = || vec![mail(effect())];
    let mixed = |effects| {
        let books = writes("books", Effects::writes(vec![add("books", None)]));
        vec![writes("payments", effect()), books, mail(effects)]
    };
    let begun = || vec![writes("payments", Effects::none()), mail(Effects::none())];
    let update = || "UpdateItem".to_owned();
    let transact = || "TransactWriteItems".to_owned();

    assert_eq!(consume(&tables, both(), "p1").await, (vec![transact()], true));
    assert_eq!(consume(&tables, none(), "p2").await, (vec![update()], true));
    assert_eq!(consume(&tables, vec![], "p3").await, (vec![update()], true));
    assert_eq!(
        consume(&tables, external(), "p4").await,
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
    // A duplicate: the refused call, whose duplicate it is, and the count.
    let duplicate = |refused| (vec![refused, update(), update()], true);
    assert_eq!(consume(&tables, both(), "p1").await, duplicate(transact()));
    assert_eq!(consume(&tables, none(), "p2").await, duplicate(update()));
    assert_eq!(consume(&tables, external(), "p4").await, duplicate(update()));
    assert_eq!(consume(&tables, mixed(effect()), "p5").await, duplicate(transact()));
    assert_eq!(consume(&tables, begun(), "p7").await, duplicate(update()));
    assert_eq!(tables.applied("total").await, 5);
}

#[tokio::test]
async fn its_record_is_the_same_as_after_a_claim_and_its_owners_changes() {
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
    tables.change(&claimed, record_hook(hook, effects), 1).await.unwrap();
    let lease = Lease {
        expires_at: seconds(31),
        ..lease("a")
    };
    let commit = async |id, hooks, record_as| {
        let commit = ledger.commit_new(&event(id), &lease, hooks, record_as, now).await;
        commit.unwrap().unwrap()
    };
    let Commit::Claimed(begun) = commit("begun", vec![payments()], RecordAs::Claimed).await else {
        panic!("not claimed");
    };
    assert_eq!(item("begun").await, item("claimed").await);
    assert_eq!(begun.progress.attempt, 1);
    assert_eq!(begun.progress.hooks, [("payments".to_owned(), now)].into());

    tables
        .change(&claimed, Change::Complete(Some(books())), 1)
        .await
        .unwrap();
    tables.change(&begun, Change::Complete(Some(books())), 1).await.unwrap();
    let whole = commit("whole", vec![payments(), books()], RecordAs::Completed).await;
    assert_eq!(whole, Commit::Completed);
    assert_eq!(item("begun").await, item("claimed").await);
    assert_eq!(item("whole").await, item("claimed").await);
    let reader = LedgerReader::new(tables.client.clone(), "ledger");
    assert_eq!(reader.on_day("kuenta", None, seconds(0), 9).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_known_event_is_left_as_it_is() {
    let tables = Tables::create().await;
    let event = event("p1");
    let commit = async |now: i64| {
        let record_as = if now % 2 == 0 {
            RecordAs::Completed
        } else {
            RecordAs::Claimed
        };
        let hooks = vec![("payments", effect(None))];
        let commit = tables
            .ledger
            .commit_new(&event, &lease("late"), hooks, record_as, seconds(now))
            .await;
        commit.unwrap()
    };
    let first = tables.claimed(&event, "a", 0).await;
    let wait = |until| Err(Refused::Wait { until: seconds(until) });
    assert_eq!(commit(1).await, wait(30));
    assert_eq!(commit(30).await, Ok(Commit::Claimable), "its lease is over");
    tables.change(&first, release("not yet", 3), 3).await.unwrap();
    assert_eq!(commit(2).await, wait(3));
    assert_eq!(commit(3).await, Ok(Commit::Claimable), "it is released and due");
    assert_eq!(tables.record(&event).await.status, "RELEASED");
    let again = tables.claimed(&event, "b", 3).await;
    tables.change(&again, reject("never"), 4).await.unwrap();
    let status = Status::Rejected;
    assert_eq!(commit(5).await, Err(Refused::Duplicate { status }));
    assert_eq!(tables.record(&event).await.attempts, 2);
    assert_eq!(tables.applied("total").await, 0, "its effects roll back with it");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_64_single_call_commits_at_once_one_wins() {
    // Half of them come from a consumer with a further hook.
    let record_as = |n| {
        if n % 2 == 0 {
            RecordAs::Completed
        } else {
            RecordAs::Claimed
        }
    };
    let tables = Tables::create().await;
    let event = event("p1");
    let commits: Vec<_> = (0..64)
        .map(|n| {
            let (ledger, event) = (tables.ledger.clone(), event.clone());
            tokio::spawn(async move {
                let hooks = vec![("payments", effect(None))];
                ledger
                    .commit_new(&event, &lease(&n.to_string()), hooks, record_as(n), seconds(n))
                    .await
                    .unwrap()
            })
        })
        .collect();
    let mut won = 0;
    for commit in commits {
        let commit = commit.await.unwrap();
        won += u32::from(matches!(commit, Ok(Commit::Completed | Commit::Claimed(_))));
    }
    assert_eq!((won, tables.applied("total").await), (1, 1));
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_ours_when_it_is_sent_again() {
    let tables = Tables::create().await;
    for (id, effects) in [("p1", effect(None)), ("p2", Effects::none())] {
        let whole = vec![writes("payments", effects.clone())];
        let begun = vec![writes("payments", effects), with_side_effects("mail", Effects::none())];
        for (hooks, id, made) in [(whole, id.to_owned(), 2), (begun, format!("{id} begun"), 3)] {
            tables.calls.lose_an_answer();
            let (calls, done) = consume(&tables, hooks, &id).await;
            assert_eq!((calls.len(), done), (made, true), "the SDK sends it again: {calls:?}");
            let record = tables.record(&event(&id)).await;
            assert_eq!((record.status, record.attempts, record.duplicates), ("COMPLETED", 1, 0));
        }
    }
    assert_eq!(tables.applied("total").await, 2);
    // The same without the SDK's token, which DynamoDB remembers for ten minutes.
    for _ in 0..2 {
        let commit = async |id, record_as| {
            let hooks = vec![("payments", effect(None))];
            let (event, lease) = (event(id), lease("a"));
            let commit = tables
                .ledger
                .commit_new(&event, &lease, hooks, record_as, seconds(1))
                .await;
            commit.unwrap().unwrap()
        };
        assert_eq!(commit("p3", RecordAs::Completed).await, Commit::Completed);
        let begun = commit("p4", RecordAs::Claimed).await;
        assert!(
            matches!(&begun, Commit::Claimed(claimed) if claimed.progress.attempt == 1),
            "{begun:?}"
        );
    }
    assert_eq!(tables.applied("total").await, 4);
}

#[tokio::test]
async fn each_hook_with_a_false_condition_makes_its_other_writes() {
    let tables = Tables::create().await;
    let guarded = |name| {
        let instead = Effects::writes(vec![add(&format!("{name}, late"), None)]);
        writes(name, Effects::writes(vec![add(name, ABSENT)]).or(instead))
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
        let c = writes("c", Effects::writes(vec![add("c", None)]));
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
async fn an_event_that_cannot_be_committed_in_a_single_call_is_claimed() {
    let tables = Tables::create().await;
    // Refused, without other writes to make.
    let refused = || vec![writes("payments", Effects::writes(vec![add("none", PRESENT)]))];
    let (_, done) = consume(&tables, refused(), "p1").await;
    let record = tables.record(&event("p1")).await;
    assert_eq!((done, record.status, record.attempts), (false, "RELEASED", 1));
    assert!(record.error.unwrap().contains("a condition of the hook's own writes"));

    // Transactions that DynamoDB does not accept: two hooks write one item, or too many. Each hook alone may.
    let many = |name: &'static str| {
        let items = (0..60).map(|n| add(&format!("{name} {n}"), None)).collect();
        writes(name, Effects::writes(items))
    };
    let twice = |name| writes(name, Effects::writes(vec![add("twice", None)]));
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
    let commit = tables
        .ledger
        .commit_new(&event, &lease("a"), Vec::new(), RecordAs::Completed, seconds(1))
        .await;
    assert_eq!(commit.unwrap(), Ok(Commit::Completed));
    let reader = LedgerReader::new(tables.client.clone(), "ledger");
    let kept = reader.payload(&tables.record(&event).await).await.unwrap();
    assert_eq!(kept.as_deref(), Some(event.body().as_ref()));
}
