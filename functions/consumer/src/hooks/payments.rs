//! Each payment's and payout's current state, across the providers, in one table.

use acuse_aws::config::{self, ConfigError};
use acuse_core::event::{Event, Kind};
use acuse_core::hook::{Attempt, Effects, Hook, HookError};
use acuse_core::key::bounded;
use async_trait::async_trait;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};

/// Keeps the table `PAYMENTS_TABLE`: `pk` is `{provider}#{environment}#{resource id}`, and
/// `applied` counts the events that were applied to it.
pub(crate) struct Payments {
    table: String,
}

impl Payments {
    /// Reads `PAYMENTS_TABLE`.
    pub(crate) fn from_env() -> Result<Self, ConfigError> {
        let table = config::required("PAYMENTS_TABLE", "the name of the payments table")?;
        Ok(Self { table })
    }
}

#[async_trait]
impl Hook<TransactWriteItem> for Payments {
    fn name(&self) -> &'static str {
        "payments"
    }

    fn transactional(&self) -> bool {
        true
    }

    /// Only says what to write: the ledger commits it together with "done", so that `applied`
    /// counts every event exactly once. An event that comes late is counted, and moves nothing
    /// backwards: the condition decides, whoever of two consumers is first.
    async fn call(&self, event: &Event, attempt: Attempt) -> Result<Effects<TransactWriteItem>, HookError> {
        let (Some(Step { status, stage }), Some(resource)) = (step(event.kind), &event.resource) else {
            return Ok(Effects::none());
        };
        // A key is at most 2,048 bytes long, and an item 400 KB; what a provider may send as an id is longer.
        let id = format!(
            "{}#{}#{}",
            event.provider,
            event.environment.name(),
            bounded(&resource.id)
        );
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let number = |number: i64| AttributeValue::N(number.to_string());
        let item = || {
            Update::builder()
                .table_name(&self.table)
                .key("pk", text(&id))
                .expression_attribute_values(":now", text(&attempt.started_at.to_string()))
                .expression_attribute_values(":one", number(1))
        };

        let mut forward = item()
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":status", text(status))
            .expression_attribute_values(":kind", text(&bounded(&resource.kind)))
            .expression_attribute_values(":type", text(&bounded(&event.type_name)))
            .expression_attribute_values(":at", number(event.at().as_millis()))
            .expression_attribute_values(":stage", number(stage))
            .condition_expression(
                "attribute_not_exists(last_at) OR last_at < :at OR (last_at = :at AND last_stage <= :stage)",
            );
        let mut late = item();
        let mut set = "SET #status = :status, resource_kind = :kind, last_type = :type, updated_at = :now, \
                       last_at = :at, last_stage = :stage"
            .to_owned();
        let mut set_late = "SET updated_at = :now".to_owned();
        // An event that names no amount leaves the known one; so does a late one.
        if let Some(amount) = event.amount.as_deref().map(bounded) {
            set.push_str(", amount = :amount");
            set_late.push_str(", amount = if_not_exists(amount, :amount)");
            forward = forward.expression_attribute_values(":amount", text(&amount));
            late = late.expression_attribute_values(":amount", text(&amount));
        }
        let forward = forward.update_expression(format!("{set} ADD applied :one"));
        let late = late.update_expression(format!("{set_late} ADD applied :one"));
        Ok(Effects::write(transaction_item(forward)?).or(Effects::write(transaction_item(late)?)))
    }
}

fn transaction_item(update: UpdateBuilder) -> Result<TransactWriteItem, HookError> {
    Ok(TransactWriteItem::builder().update(update.build()?).build())
}

/// Where an event of a kind takes a payment or payout.
struct Step {
    status: &'static str,
    /// Of two events at the same moment (OnePay counts whole seconds), the one further on wins.
    stage: i64,
}

/// `None` where the event is about neither.
fn step(kind: Kind) -> Option<Step> {
    let (status, stage) = match kind {
        Kind::PaymentCreated | Kind::PayoutCreated => ("created", 0),
        Kind::PayoutApproved => ("approved", 1),
        Kind::PaymentProcessing | Kind::PayoutProcessing => ("processing", 2),
        // A payment that failed may be tried again.
        Kind::PaymentFailed | Kind::PayoutFailed => ("failed", 3),
        Kind::PaymentExpired => ("expired", 4),
        Kind::PaymentCancelled | Kind::PayoutCancelled => ("cancelled", 4),
        Kind::PaymentPartiallyPaid => ("partially_paid", 5),
        Kind::PaymentSucceeded | Kind::SubscriptionCharged => ("succeeded", 6),
        Kind::PayoutCompleted => ("completed", 6),
        Kind::PaymentRefunded => ("refunded", 7),
        Kind::PaymentDisputed => ("disputed", 8),
        _ => return None,
    };
    Some(Step { status, stage })
}

#[cfg(test)]
mod tests;
