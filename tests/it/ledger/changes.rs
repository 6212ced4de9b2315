//! What the owner of an event writes, with the effects of its hooks.

use super::*;

fn lost(result: Result<(), LedgerError>) -> bool {
    result.is_err_and(|error| matches!(error.cause, Cause::LeaseLost))
}

#[tokio::test]
async fn a_late_owner_changes_nothing() {
    let (tables, event) = (Tables::create().await, event("p1"));
    let late = tables.claimed(&event, "a", 0).await;
    let owner = tables.claimed(&event, "b", 31).await;

    assert!(lost(
        tables.change(&late, record_hook("payments", effect(None)), 32).await
    ));
    assert!(lost(tables.change(&late, complete("payments", effect(None)), 32).await));
    assert!(lost(tables.change(&late, Change::Complete(None), 32).await));
    assert!(lost(tables.change(&late, release("late", 32), 32).await));
    assert!(lost(tables.change(&late, reject("late"), 32).await));
    assert_eq!(
        tables.applied("total").await,
        0,
        "its effects rolled back with its transaction"
    );
    assert_eq!(tables.record(&event).await.status, "IN_PROGRESS");

    tables
        .change(&owner, complete("payments", effect(None)), 32)
        .await
        .unwrap();
    assert!(lost(tables.change(&late, complete("payments", effect(None)), 32).await));
    assert_eq!(tables.applied("total").await, 1);
}

#[tokio::test]
async fn effects_with_a_false_condition_leave_the_event_open() {
    let (tables, event) = (Tables::create().await, event("p1"));
    let claimed = tables.claimed(&event, "a", 0).await;
    let refused = tables
        .change(&claimed, complete("h", effect(Some("attribute_exists(pk)"))), 1)
        .await;
    assert!(matches!(refused.unwrap_err().cause, Cause::EffectsRefused));
    assert_eq!(tables.record(&event).await.status, "IN_PROGRESS");
    tables.change(&claimed, release("refused", 2), 2).await.unwrap();
}

#[tokio::test]
async fn if_a_condition_is_false_the_other_writes_are_made() {
    let tables = Tables::create().await;
    for (id, expected) in [("p1", 1), ("p2", 3)] {
        let event = event(id);
        let claimed = tables.claimed(&event, "a", 0).await;
        let guarded = |by: i32, condition: &str| {
            let update = Update::builder()
                .table_name("effects")
                .key("pk", AttributeValue::S("guarded".to_owned()))
                .update_expression("ADD applied :by")
                .condition_expression(condition)
                .expression_attribute_values(":by", AttributeValue::N(by.to_string()))
                .build()
                .unwrap();
            Effects::writes(vec![TransactWriteItem::builder().update(update).build()])
        };
        let effects = guarded(1, "attribute_not_exists(applied)").or(guarded(2, "attribute_exists(applied)"));
        tables.change(&claimed, complete("h", effects), 1).await.unwrap();
        assert_eq!(tables.applied("guarded").await, expected);
        assert_eq!(tables.record(&event).await.status, "COMPLETED");
    }
}

#[tokio::test]
async fn a_hooks_effects_are_applied_once_even_if_its_record_is_sent_twice() {
    let tables = Tables::create().await;
    let event = event("p1");
    let claimed = tables.claimed(&event, "a", 0).await;
    let effects = || {
        let update = Update::builder()
            .table_name("effects")
            .key("pk", AttributeValue::S("twice".to_owned()))
            .update_expression("ADD applied :one")
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .build()
            .unwrap();
        Effects::writes(vec![TransactWriteItem::builder().update(update).build()])
    };
    tables.change(&claimed, record_hook("h", effects()), 1).await.unwrap();
    let again = tables.change(&claimed, record_hook("h", effects()), 1).await;
    assert!(lost(again));
    assert_eq!(tables.applied("twice").await, 1);
}
