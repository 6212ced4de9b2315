//! Two hooks as an owner writes them, and their tests: one marks an order paid once, one asks the shop to ship it.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use acuse_aws::prelude::*;
use acuse_testing::{Answer, Kill, Receiver, Sample, Stack, StackBuilder, sample};
use serde_json::{Value, json};

/// Marks an order as paid, once. Its table is that of payments, since this template has none of orders.
struct Orders {
    orders: Table,
}

impl Orders {
    fn new(setup: &Setup) -> Result<Self, ConfigError> {
        Ok(Self {
            orders: setup.table("PAYMENTS_TABLE")?,
        })
    }
}

impl TransactionalHook for Orders {
    fn name(&self) -> &'static str {
        "orders"
    }

    async fn write(&self, event: &Event, writes: &mut Writes) -> HookResult {
        if event.kind != Kind::PaymentSucceeded {
            return Ok(());
        }
        let Some(order) = &event.reference else {
            return Err(HookError::reject("the payment names no order"));
        };
        writes
            .update(&self.orders, key("pk", order))
            .set("status", "paid")
            .add("payments", 1)
            .only_if(attr("status").is("open"));
        Ok(())
    }
}

/// Asks the shop to ship a paid order.
struct Shipping {
    http: Http,
    url: String,
    token: Secret,
}

impl Shipping {
    fn new(setup: &Setup) -> Result<Self, ConfigError> {
        Ok(Self {
            http: setup.http()?,
            url: setup.variable("SHOP_URL")?,
            token: setup.secret("SHOP_SECRET")?,
        })
    }
}

impl Hook for Shipping {
    fn name(&self) -> &'static str {
        "shipping"
    }

    async fn call(&self, event: &Event, _: Attempt, _: &mut Writes) -> HookResult {
        let Some(order) = &event.reference else {
            return Ok(());
        };
        self.http
            .post(&format!("{}/ship", self.url))
            .bearer(&self.token.text().await?)
            .header("idempotency-key", event.idempotency_key())
            .json(&json!({"order": order}))
            .send()
            .await?;
        Ok(())
    }
}

/// What the hook `shipping` needs.
fn with_shop(stack: StackBuilder, shop: &Receiver) -> StackBuilder {
    stack.receiver("SHOP_URL", shop).secret("SHOP_SECRET", "t0ken")
}

fn payment() -> Sample {
    sample("onepay", "payment.approved").with("payment.reference", "ORD-1")
}

async fn with_open_order(stack: StackBuilder) -> Stack {
    let stack = stack.start().await;
    stack.put("payments", json!({"pk": "ORD-1", "status": "open"})).await;
    stack
}

#[tokio::test]
async fn an_order_is_marked_paid_once() {
    let stack = with_open_order(Stack::transactional(Orders::new)).await;
    let event = payment().event();
    stack.deliver(&event).await.is_completed().called("orders", 1);
    stack.deliver(&event).await.is_duplicate();
    // Another payment of the same order.
    stack.deliver(&payment().event()).await.is_completed();
    let order = stack.item("PAYMENTS_TABLE", key("pk", "ORD-1")).await;
    order.is(json!({"pk": "ORD-1", "status": "paid", "payments": 1}));
}

#[tokio::test]
async fn a_payment_without_an_order_is_rejected() {
    let stack = Stack::transactional(Orders::new).start().await;
    let event = payment().without("payment.reference").event();
    let outcome = stack.deliver(&event).await;
    outcome
        .is_rejected("the payment names no order")
        .is_dead_lettered("hook `orders`: the payment names no order");
    assert_eq!(stack.record(&event).await.unwrap().status, "REJECTED");
    assert_eq!(stack.dead_letters(), ["hook `orders`: the payment names no order"]);
}

#[tokio::test]
async fn two_consumers_at_once_mark_it_once() {
    let stack = with_open_order(Stack::transactional(Orders::new)).await;
    let [first, second] = stack.deliver_twice_at_once(&payment().event()).await;
    first.is_completed();
    second.is_duplicate();
    stack.item("payments", key("pk", "ORD-1")).await.has("payments", 1);
}

#[tokio::test]
async fn it_is_marked_once_wherever_the_process_dies() {
    let stack = Stack::transactional(Orders::new).start().await;
    for step in 1..10 {
        let order = json!({"pk": format!("ORD-{step}"), "status": "open"});
        stack.put("payments", order).await;
    }
    let paid_once = async |event: &Event| {
        let order = stack.item("payments", key("pk", event.reference.as_ref())).await;
        order.has("status", "paid").has("payments", 1);
    };
    let event = |step| payment().with("payment.reference", format!("ORD-{step}")).event();
    stack.survives_kills(event, paid_once).await;
}

#[tokio::test]
async fn the_shop_is_asked_until_it_answers_with_the_same_key_each_time() {
    let shop = Receiver::start().await;
    shop.answers([Answer::Status(500), Answer::Hang]);
    let hooks = Stack::transactional(Orders::new).acting(Shipping::new);
    let stack = with_open_order(with_shop(hooks, &shop)).await;
    let event = payment().event();
    let outcome = stack.deliver(&event).await;
    outcome.is_retried("500").after(Duration::from_secs(2));
    stack
        .until_done()
        .await
        .is_completed()
        .called("shipping", 2)
        .called("orders", 0); // It is done already.
    let requests = shop.requests();
    assert_eq!(requests.len(), 3, "an error, no answer, and done");
    for request in &requests {
        assert_eq!(request.path, "/ship");
        assert_eq!(request.json::<Value>(), json!({"order": "ORD-1"}));
        assert_eq!(request.header("authorization"), Some("Bearer t0ken"));
        assert_eq!(request.idempotency_key(), Some(event.idempotency_key().as_str()));
    }
    stack.deliver(&event).await.is_duplicate().called("shipping", 0);
}

#[tokio::test]
async fn a_shop_that_was_asked_before_the_process_died_is_asked_again() {
    let shop = Receiver::start().await;
    let stack = with_shop(Stack::acting(Shipping::new), &shop).start().await;
    let event = payment().event();
    stack
        .deliver_and_kill(&event, Kill::AfterHook("shipping"))
        .await
        .is_killed();
    // The provider sends it again before the lease is over.
    stack.deliver(&event).await.is_waiting();
    stack.until_done().await.is_duplicate();
    let keys: Vec<_> = shop
        .requests()
        .iter()
        .map(|request| request.idempotency_key().map(str::to_owned))
        .collect();
    assert_eq!(keys, vec![Some(event.idempotency_key()); 2]);
    assert_eq!(stack.record(&event).await.unwrap().status, "COMPLETED");
}

#[tokio::test]
async fn an_event_is_given_up_when_its_attempts_are_used_up() {
    let shop = Receiver::answering(Answer::Status(503)).await;
    let stack = with_shop(Stack::acting(Shipping::new), &shop)
        .variable("MAX_ATTEMPTS", "5")
        .start()
        .await;
    let outcome = stack.deliver_until_done(&payment().event()).await;
    outcome
        .is_dead_lettered("given up after 5 attempts: hook `shipping`: POST 127.0.0.1: 503")
        .called("shipping", 5)
        .received(5);
    // 2, 4, 8 and 16 s, without waiting for them.
    assert_eq!(stack.now().since(acuse_testing::START), Duration::from_secs(30));
}

#[tokio::test]
#[should_panic(expected = "SHOP_URL is not set")]
async fn a_missing_variable_is_named() {
    Stack::acting(Shipping::new).start().await;
}

#[tokio::test]
#[should_panic(expected = "is not completed.\nIt is rejected: hook `orders`: the payment names no order")]
async fn an_assertion_says_what_happened_instead() {
    let stack = Stack::transactional(Orders::new).start().await;
    let event = payment().without("payment.reference").event();
    stack.deliver(&event).await.is_completed();
}
