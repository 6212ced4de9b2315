//! What an event, or several, make of a row.

use acuse_core::clock::Timestamp;
use acuse_core::event::{Event, Kind};
use acuse_core::provider::id::bounded;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Update};

use super::state::State;

/// Where a row is, and what it says in words.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) state: &'static State,
    /// When it got there, in ms.
    pub(super) at: i64,
    /// The provider's name of what took it there.
    pub(super) last_type: String,
    /// As the provider sent it.
    pub(super) amount: Option<String>,
    /// How many events it stands for.
    pub(super) applied: u64,
    /// A part that was paid, where the event names no total.
    pub(super) part: Option<String>,
    /// What was paid so far, as the event has it.
    pub(super) total: Option<String>,
}

impl Row {
    /// What `event` says by itself; `None` where it says nothing of a payment, a payout or a subscription.
    pub(super) fn of(event: &Event) -> Option<Self> {
        let total = event.total_paid.as_deref();
        let part = event.amount.as_deref();
        let part = part.filter(|_| event.kind == Kind::PaymentPartiallyPaid && total.is_none());
        Some(Self {
            state: State::told_by(event.kind)?,
            at: event.at().as_millis(),
            last_type: bounded(&event.type_name).into_owned(),
            amount: event.amount.as_deref().map(|amount| bounded(amount).into_owned()),
            applied: 1,
            part: part.filter(|text| is_decimal(text)).map(str::to_owned),
            total: total.filter(|text| is_decimal(text)).map(str::to_owned),
        })
    }

    fn place(&self) -> (i64, i64, i64) {
        (self.state.level, self.at, self.state.stage)
    }

    /// Both as one. It does not matter which comes first, unless both are at the same place.
    pub(super) fn joined(self, other: Self) -> Self {
        let applied = self.applied.saturating_add(other.applied);
        let (last, first) = match self.place() < other.place() {
            true => (other, self),
            false => (self, other),
        };
        Self {
            // Where nothing names an amount, the known one stays.
            amount: last.amount.or(first.amount),
            applied,
            part: last.part.or(first.part),
            total: last.total.or(first.total),
            ..last
        }
    }

    /// Takes the row at `key` here, unless it is further on already:
    ///
    /// ```text
    /// absent                            ┐
    /// a lower level                     ├─▶ this state
    /// this level, earlier               │
    /// this level and moment, this stage │
    /// or a lower one                    ┘
    /// a higher level, or later, or a higher stage: refused, and `late` is written
    /// ```
    pub(super) fn forward(&self, key: UpdateBuilder, kind: &str, now: Timestamp) -> Result<Update, BuildError> {
        let mut set = "SET #status = :status, resource_kind = :kind, last_type = :type, last_level = :level, \
                       last_at = :at, last_stage = :stage, updated_at = :now"
            .to_owned();
        if self.amount.is_some() {
            set.push_str(", amount = :amount");
        }
        self.added(key, set, now)
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

    /// Counts what comes late at the row at `key`, and moves nothing.
    pub(super) fn late(&self, key: UpdateBuilder, now: Timestamp) -> Result<Update, BuildError> {
        let mut set = "SET updated_at = :now".to_owned();
        if self.amount.is_some() {
            set.push_str(", amount = if_not_exists(amount, :amount)");
        }
        self.added(key, set, now)
            .condition_expression("attribute_exists(last_level)")
            .build()
    }

    /// What is written in either case: sums and sets, for which no order matters.
    fn added(&self, key: UpdateBuilder, set: String, now: Timestamp) -> UpdateBuilder {
        let mut expression = format!("{set} ADD applied :applied");
        let mut update = key
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

/// Whether DynamoDB can add it to others without a digit lost: it keeps 38 of them and refuses what needs
/// more, which would reject the event for its sum's sake.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>
pub(super) fn is_decimal(text: &str) -> bool {
    const WHOLE: usize = 18;
    const FRACTION: usize = 10;
    let text = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str, most| (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole, WHOLE) && digits(fraction, FRACTION)
}
