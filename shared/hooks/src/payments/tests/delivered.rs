//! The hook as the consumer calls it: again, late, by two consumers at once, and killed at every step. An example to
//! copy for a hook of your own.

use acuse_aws::hook;
use acuse_testing::{START, Stack, sample};

use super::super::{Payments, key};
use super::Event;

async fn stack() -> Stack {
    Stack::transactional(Payments::from_env).start().await
}

async fn row(stack: &Stack, event: &Event) -> acuse_testing::Item {
    let pk = key(event, event.resource.as_ref().unwrap());
    stack.item("payments", hook::key("pk", pk)).await
}

#[tokio::test]
async fn a_payment_has_a_row_with_its_state_and_amount() {
    let stack = stack().await;
    let event = sample("onepay", "payment.approved")
        .with("payment.amount", "150000.00")
        .event();
    stack.deliver(&event).await.is_completed().called("payments", 1);
    row(&stack, &event)
        .await
        .has("status", "succeeded")
        .has("amount", "150000.00")
        .has("last_type", "payment.approved")
        .has("updated_at", START.to_string())
        .has("applied", 1)
        .has_no("paid_parts");
}

#[tokio::test]
async fn a_duplicate_changes_nothing() {
    let stack = stack().await;
    let event = sample("kuenta", "payment.completed").event();
    stack.deliver(&event).await.is_completed();
    stack.deliver(&event).await.is_duplicate();
    row(&stack, &event).await.has("applied", 1);
}

#[tokio::test]
async fn a_late_event_is_counted_and_moves_nothing_backwards() {
    let stack = stack().await;
    let approved = sample("onepay", "payment.approved").event();
    let created = sample("onepay", "payment.created").about(&approved).event();
    stack.deliver(&approved).await.is_completed();
    stack.deliver(&created).await.is_completed();
    row(&stack, &approved)
        .await
        .has("status", "succeeded")
        .has("applied", 2);
}

#[tokio::test]
async fn two_consumers_at_once_count_it_once() {
    let stack = stack().await;
    let event = sample("unopago", "payment_received").event();
    let [first, second] = stack.deliver_twice_at_once(&event).await;
    first.is_completed();
    second.is_duplicate();
    row(&stack, &event).await.has("applied", 1);
}

#[tokio::test]
async fn it_is_counted_once_wherever_the_process_dies() {
    let stack = stack().await;
    let event = |_| sample("onepay", "payment.approved").event();
    let counted_once = async |event: &Event| {
        row(&stack, event).await.has("applied", 1);
    };
    stack.survives_kills(event, counted_once).await;
}

#[tokio::test]
async fn each_account_has_rows_of_its_own() {
    let stack = stack().await;
    let first = sample("onepay", "payment.approved").event();
    let second = sample("onepay", "payment.created")
        .about(&first)
        .account("second")
        .event();
    stack.deliver(&first).await.is_completed();
    stack.deliver(&second).await.is_completed();
    row(&stack, &first).await.has("status", "succeeded");
    row(&stack, &second).await.has("status", "created").has("applied", 1);
}
