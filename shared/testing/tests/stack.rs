//! What a stack does with events: the consumer's and the ledger's rules, as a hook's test sees them.
#![allow(
    missing_docs,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use acuse_aws::prelude::*;
use acuse_testing::{Kill, START, Stack, StackBuilder, number, sample};
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Counts the events of each resource, and tells whether they are late.
struct Counts(Table);

impl Counts {
    fn new(setup: &Setup) -> Result<Self, ConfigError> {
        setup.table("PAYMENTS_TABLE").map(Self)
    }
}

impl TransactionalHook for Counts {
    fn name(&self) -> &'static str {
        "counts"
    }

    fn order(&self) -> Order {
        Order::Told
    }

    async fn write(&self, event: &Event, writes: &mut Writes) -> HookResult {
        let name = if writes.is_late() { "late" } else { "in_order" };
        let resource = event.resource.as_ref().map(|resource| &resource.id);
        writes.update(&self.0, key("pk", resource)).add(name, 1);
        Ok(())
    }
}

/// Fails in two ways before it is done.
struct Fickle(AtomicU32);

impl Hook for Fickle {
    fn name(&self) -> &'static str {
        "fickle"
    }

    async fn call(&self, _: &Event, attempt: Attempt, _: &mut Writes) -> HookResult {
        assert_eq!(self.0.fetch_add(1, Ordering::SeqCst), 0, "hooks are made anew");
        match attempt.number {
            1 => Err(HookError::retry_after(Duration::from_secs(60), "the shop is closed")),
            2 => panic!("out of stock"),
            _ => Ok(()),
        }
    }
}

fn counts() -> StackBuilder {
    Stack::transactional(Counts::new)
}

#[tokio::test]
async fn a_hook_is_told_of_an_event_that_is_late() {
    let stack = counts().start().await;
    let later = sample("onepay", "payment.approved")
        .after(Duration::from_secs(60))
        .event();
    let earlier = sample("onepay", "payment.created").about(&later).event();
    stack.deliver(&later).await.is_completed();
    assert_eq!(stack.now(), START.plus(Duration::from_secs(60)), "its time has come");
    stack.deliver(&earlier).await.is_completed();
    let id = &later.resource.as_ref().unwrap().id;
    stack
        .item("payments", key("pk", id))
        .await
        .is(json!({"pk": id, "in_order": 1, "late": 1}));
}

#[tokio::test]
async fn retries_follow_the_clock_and_a_panic_is_one() {
    let stack = Stack::acting(|_| Ok(Fickle(AtomicU32::new(0)))).start().await;
    let event = sample("kuenta", "payment.completed").event();
    let first = stack.deliver(&event).await;
    first.is_retried("the shop is closed").after(Duration::from_secs(60));
    stack.deliver(&event).await.is_waiting();
    let last = stack.until_done().await;
    last.is_duplicate();
    assert_eq!(stack.record(&event).await.unwrap().attempts, 3);

    let other = sample("kuenta", "payment.completed").event();
    let outcome = stack.deliver_until_done(&other).await;
    outcome.is_completed().called("fickle", 3).received(3);
}

#[tokio::test]
async fn a_process_dies_where_it_is_told() {
    let stack = counts().start().await;
    let event = || sample("unopago", "payment_received").event();
    for (kill, called_again) in [
        (Kill::BeforeCommit, 1),
        (Kill::AfterHook("counts"), 1),
        // It was completed with the commit, and comes back as a duplicate.
        (Kill::AfterCommit, 0),
    ] {
        let event = event();
        stack
            .deliver_and_kill(&event, kill)
            .await
            .is_killed()
            .called("counts", 1);
        stack.until_done().await.called("counts", called_again);
        let id = &event.resource.as_ref().unwrap().id;
        stack.item("payments", key("pk", id)).await.has("in_order", 1);
    }
}

#[tokio::test]
async fn the_same_key_with_other_bytes_is_a_conflict() {
    let stack = counts().start().await;
    let event = sample("onepay", "payment.approved").event();
    let other = sample("onepay", "payment.approved")
        .about(&event)
        .with("payment.amount", number("150000.01"))
        .event();
    stack.deliver(&event).await.is_completed();
    stack.deliver(&other).await.is_conflict().called("counts", 0);
}

#[tokio::test]
async fn what_the_stack_does_not_take_reaches_no_hook() {
    let stack = counts().variable("ENVIRONMENT", "live").start().await;
    let test = sample("onepay", "payment.approved")
        .environment(Environment::Test)
        .event();
    stack
        .deliver(&test)
        .await
        .is_rejected("of environment `test`, which this stack does not take")
        .called("counts", 0);
    let old = sample("onepay", "payment.approved")
        .environment(Environment::Live)
        .at(START.minus(100 * DAY))
        .event();
    stack
        .deliver(&old)
        .await
        .is_dead_lettered("expired")
        .called("counts", 0);
    let live = sample("onepay", "payment.approved")
        .environment(Environment::Live)
        .event();
    stack.deliver(&live).await.is_completed();
}

#[tokio::test]
async fn an_event_of_a_second_account_has_a_record_of_its_own() {
    let stack = counts().start().await;
    let first = sample("onepay", "payment.approved").event();
    let second = sample("onepay", "payment.approved")
        .about(&first)
        .account("second")
        .event();
    stack.deliver(&first).await.is_completed();
    stack.deliver(&second).await.is_completed();
    assert_eq!(stack.record(&second).await.unwrap().account.as_str(), "second");
}

#[tokio::test]
#[should_panic(expected = "template.yaml has no table `no-such`; it has ")]
async fn an_unknown_table_is_answered_with_those_there_are() {
    counts().start().await.table("no-such");
}

#[tokio::test]
#[should_panic(expected = "MAX_ATTEMPTS is \"many\"; it should be a whole number of at least 1")]
async fn an_invalid_variable_is_named() {
    counts().variable("MAX_ATTEMPTS", "many").start().await;
}

/// Counts by itself instead of returning its write.
struct CountsByItself(aws_sdk_dynamodb::Client, Table);

impl Hook for CountsByItself {
    fn name(&self) -> &'static str {
        "counts-by-itself"
    }

    async fn call(&self, _: &Event, _: Attempt, _: &mut Writes) -> HookResult {
        let update = self.0.update_item().table_name(self.1.name());
        let update = update.key("pk", AttributeValue::S("all".to_owned()));
        let update = update.update_expression("ADD events :one");
        let update = update.expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
        update.send().await?;
        Ok(())
    }
}

#[tokio::test]
#[should_panic(expected = "`events` is 4, not 3")]
async fn a_hook_that_does_something_twice_is_found_out() {
    let hook = |setup: &Setup| {
        let table = setup.table("PAYMENTS_TABLE")?;
        Ok(CountsByItself(setup.dynamodb().clone(), table))
    };
    let stack = Stack::acting(hook).start().await;
    let events = AtomicU32::new(0);
    let each_once = async |_: &Event| {
        let events = events.fetch_add(1, Ordering::SeqCst) + 1;
        stack.item("payments", key("pk", "all")).await.has("events", events);
    };
    let event = |_| sample("onepay", "payment.approved").event();
    stack.survives_kills(event, each_once).await;
}
