//! The short code blocks of docs/hooks.md, in code that compiles. A test of `acuse new hook` finds each of them here.
#![allow(dead_code, missing_docs, reason = "it is only compiled")]

use std::time::Duration;

use acuse_aws::prelude::*;
use acuse_testing::{Answer, Receiver, Stack, number, sample};
use serde::{Deserialize, Serialize};
use serde_json::json;

struct Orders {
    table: Table,
    http: Http,
    url: String,
    token: Secret,
}

#[derive(Serialize, Deserialize)]
struct OrderItem {
    pk: String,
    status: String,
    total: Amount,
}

impl Orders {
    fn new(setup: &Setup) -> Result<Self, ConfigError> {
        Ok(Self {
            table: setup.table("PAYMENTS_TABLE")?,
            http: setup.http()?,
            url: setup.variable("SHIPPING_URL")?,
            token: setup.secret("SHIPPING_SECRET")?,
        })
    }

    fn writes(&self, event: &Event, order: &str, number: u64, new: &OrderItem, writes: &mut Writes) {
        writes.put(&self.table, new).only_if(attr("pk").is_absent());
        writes.delete(&self.table, key("pk", order).and("sk", number));
        writes.check(&self.table, key("pk", "settings"), attr("open").is(true));
        writes
            .update(&self.table, key("pk", order))
            .set("status", "paid")
            .set_if_absent("paid_at", event.at().to_string())
            .add("payments", 1)
            .remove("reserved_until")
            .only_if(attr("status").is("open"));
        writes
            .otherwise()
            .update(&self.table, key("pk", order))
            .add("late_payments", 1);
    }

    async fn reads(&self, event: &Event, writes: &mut Writes) -> HookResult {
        let Some(reference) = &event.reference else {
            return Ok(());
        };
        let order: Option<OrderItem> = self.table.get(key("pk", reference)).await?;
        let Some(order) = order else {
            return Err(HookError::retry("the order is not there yet"));
        };
        writes
            .update(&self.table, key("pk", order.pk))
            .set("status", "paid")
            .only_if(attr("status").is(order.status));
        writes.retry_if_refused();
        Ok(())
    }

    async fn payloads(&self, event: &Event) -> HookResult {
        #[derive(Deserialize)]
        struct Purchase {
            reference: String,
            amount: Amount,
        }
        let purchase: Purchase = event.resource_as()?;
        let cents = purchase.amount.times_ten_to(2);
        let payment = providers::onepay::Payment::of(event)?; // None if the event is about something else
        drop((purchase.reference, cents, payment));
        Ok(())
    }

    async fn posts(&self, event: &Event) -> HookResult {
        let answer = self
            .http
            .post(&self.url)
            .bearer(&self.token.text().await?)
            .header("idempotency-key", event.idempotency_key())
            .json(&json!({ "order": event.reference }))
            .timeout(Duration::from_secs(5))
            .send()
            .await?;
        let label: serde_json::Value = answer.json()?;
        drop(label);
        Ok(())
    }
}

async fn tests(shop: &Receiver, stack: &Stack) {
    let event = sample("onepay", "payment.approved")
        .with("payment.reference", "ORD-1")
        .with("payment.amount", number("150000.00"))
        .account("test")
        .event();
    stack.put("orders", json!({ "pk": "ORD-1", "status": "open" })).await;
    stack.deliver(&event).await.is_completed().called("orders", 1);
    let late = sample("onepay", "payment.created")
        .without("payment.customer")
        .about(&event);
    let outcome = stack.deliver_until_done(&late.event()).await;
    outcome.is_retried("500").after(Duration::from_secs(2));
    shop.answers([Answer::Status(500), Answer::Hang]);
}
