//! Each payment's and payout's current state, across the providers, in one table.

use acuse_aws::config::{self, ConfigError};
use acuse_core::event::{Event, Kind};
use acuse_core::hook::{Attempt, Effects, Hook, HookError};
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

    /// Only says what to write: the ledger commits it together with "done", so that `applied`
    /// counts every event exactly once.
    async fn call(&self, event: &Event, attempt: Attempt) -> Result<Effects<TransactWriteItem>, HookError> {
        let (Some(status), Some(resource)) = (status(event.kind), &event.resource) else {
            return Ok(Effects::none());
        };
        let id = format!("{}#{}#{}", event.provider, event.environment.name(), resource.id);
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let mut update = Update::builder()
            .table_name(&self.table)
            .key("pk", text(&id))
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":status", text(status))
            .expression_attribute_values(":kind", text(&resource.kind))
            .expression_attribute_values(":type", text(&event.type_name))
            .expression_attribute_values(":now", text(&attempt.started_at.to_string()))
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
        let mut set = "SET #status = :status, resource_kind = :kind, last_type = :type, updated_at = :now".to_owned();
        // A later event that names no amount leaves the known one.
        if let Some(amount) = &event.amount {
            set.push_str(", amount = :amount");
            update = update.expression_attribute_values(":amount", text(amount));
        }
        Ok(Effects::write(transaction_item(
            update.update_expression(format!("{set} ADD applied :one")),
        )?))
    }
}

fn transaction_item(update: UpdateBuilder) -> Result<TransactWriteItem, HookError> {
    Ok(TransactWriteItem::builder().update(update.build()?).build())
}

/// A payment's or payout's status after an event of this kind; `None` where it is about neither.
fn status(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::PaymentCreated | Kind::PayoutCreated => "created",
        Kind::PaymentProcessing | Kind::PayoutProcessing => "processing",
        Kind::PayoutApproved => "approved",
        Kind::PaymentSucceeded | Kind::SubscriptionCharged => "succeeded",
        Kind::PayoutCompleted => "completed",
        Kind::PaymentPartiallyPaid => "partially_paid",
        Kind::PaymentFailed | Kind::PayoutFailed => "failed",
        Kind::PaymentExpired => "expired",
        Kind::PaymentCancelled | Kind::PayoutCancelled => "cancelled",
        Kind::PaymentRefunded => "refunded",
        Kind::PaymentDisputed => "disputed",
        _ => return None,
    })
}
