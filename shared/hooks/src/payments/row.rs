//! A row of the payments table, and how events change it.

use acuse_core::clock::Timestamp;
use acuse_core::event::{Event, Kind};
use acuse_core::provider::id::bounded;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Update};

use super::state::State;

/// What one event, or several together, contribute to a row.
#[derive(Debug)]
pub(super) struct Row {
    /// The event's account, if it is not the default one.
    pub(super) account: Option<String>,
    pub(super) state: &'static State,
    /// When the resource reached this state, in ms.
    pub(super) at: i64,
    /// The provider's name of the event that led to this state.
    pub(super) last_type: String,
    /// As the provider sent it.
    pub(super) amount: Option<String>,
    /// The number of events.
    pub(super) applied: u64,
    /// The amount of a partial payment that names no total.
    pub(super) part: Option<String>,
    /// The total paid so far, if the event names it.
    pub(super) total: Option<String>,
}

impl Row {
    /// What `event` contributes; `None` if it is not about a payment, a payout or a subscription.
    pub(super) fn from_event(event: &Event) -> Option<Self> {
        let total = event.total_paid.as_deref();
        let part = event.amount.as_deref();
        let part = part.filter(|_| event.kind == Kind::PaymentPartiallyPaid && total.is_none());
        let account = Some(&event.account.name).filter(|name| !name.is_default());
        Some(Self {
            account: account.map(ToString::to_string),
            state: State::of_kind(event.kind)?,
            at: event.at().as_millis(),
            last_type: bounded(&event.type_name).into_owned(),
            amount: event.amount.as_deref().map(|amount| bounded(amount).into_owned()),
            applied: 1,
            part: part.filter(|text| is_decimal(text)).map(str::to_owned),
            total: total.filter(|text| is_decimal(text)).map(str::to_owned),
        })
    }

    fn position(&self) -> (i64, i64, i64) {
        (self.state.level, self.at, self.state.stage)
    }

    /// Both together. The order doesn't matter, unless both have the same position.
    pub(super) fn merge(self, other: Self) -> Self {
        let applied = self.applied.saturating_add(other.applied);
        let (last, first) = match self.position() < other.position() {
            true => (other, self),
            false => (self, other),
        };
        Self {
            // An event without an amount leaves the known one.
            amount: last.amount.or(first.amount),
            applied,
            part: last.part.or(first.part),
            total: last.total.or(first.total),
            ..last
        }
    }

    /// Moves the row that `update` is for to this state, unless it is further already:
    ///
    /// ```text
    /// absent                            ┐
    /// a lower level                     ├─▶ this state
    /// this level, earlier               │
    /// this level and moment, this stage │
    /// or a lower one                    ┘
    /// a higher level, or later, or a higher stage: refused, and `count` is written instead
    /// ```
    pub(super) fn advance(&self, mut update: UpdateBuilder, kind: &str, now: Timestamp) -> Result<Update, BuildError> {
        let mut set = "SET #status = :status, resource_kind = :kind, last_type = :type, last_level = :level, \
                       last_at = :at, last_stage = :stage, updated_at = :now"
            .to_owned();
        if self.amount.is_some() {
            set.push_str(", amount = :amount");
        }
        if let Some(account) = &self.account {
            set.push_str(", account = :account");
            update = update.expression_attribute_values(":account", text(account));
        }
        self.with_sums(update, set, now)
            .condition_expression(
                "attribute_not_exists(pk) OR last_level < :level OR (last_level = :level AND \
                 (last_at < :at OR (last_at = :at AND last_stage <= :stage)))",
            )
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":status", text(self.state.status))
            .expression_attribute_values(":kind", text(kind))
            .expression_attribute_values(":type", text(&self.last_type))
            .expression_attribute_values(":level", number(self.state.level))
            .expression_attribute_values(":at", number(self.at))
            .expression_attribute_values(":stage", number(self.state.stage))
            .build()
    }

    /// Counts a late event and leaves the state as it is.
    pub(super) fn count(&self, update: UpdateBuilder, now: Timestamp) -> Result<Update, BuildError> {
        let mut set = "SET updated_at = :now".to_owned();
        if self.amount.is_some() {
            set.push_str(", amount = if_not_exists(amount, :amount)");
        }
        self.with_sums(update, set, now)
            .condition_expression("attribute_exists(last_level)")
            .build()
    }

    /// Adds what is written in either case: sums and sets, for which the order doesn't matter.
    fn with_sums(&self, update: UpdateBuilder, set: String, now: Timestamp) -> UpdateBuilder {
        let mut expression = format!("{set} ADD applied :applied");
        let mut update = update
            .expression_attribute_values(":now", text(&now.to_string()))
            .expression_attribute_values(":applied", number(self.applied));
        if let Some(amount) = &self.amount {
            update = update.expression_attribute_values(":amount", text(amount));
        }
        if let Some(part) = &self.part {
            expression.push_str(", paid_parts :part");
            update = update.expression_attribute_values(":part", number(part));
        }
        if let Some(total) = &self.total {
            expression.push_str(", paid_totals :total");
            update = update.expression_attribute_values(":total", AttributeValue::Ns(vec![total.clone()]));
        }
        update.update_expression(expression)
    }
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// Whether DynamoDB can add up such numbers exactly. It has 38 digits and refuses a number that needs more, which
/// would reject the event.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>
pub(super) fn is_decimal(text: &str) -> bool {
    const WHOLE: usize = 18;
    const FRACTION: usize = 10;
    let text = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str, most| (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole, WHOLE) && digits(fraction, FRACTION)
}
