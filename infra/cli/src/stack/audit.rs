//! The audit trail: who did what to a stack, when, and why.
//!
//! ```text
//! pk  audit#2026-11-27           sk  2026-11-27T08:15:00.000Z#{uuid}          each action
//! pk  onepay#live#payment#p1     sk  payment.approved|audit#{time}#{uuid}     the same, beside each event it names
//! ```
//!
//! An action is written before it is begun and completed after it, so a crash can't hide that it was begun. What can't
//! be written is not done.

mod entry;
mod list;
mod who;

use std::time::Duration;

use acuse_aws::system::SystemClock;
use acuse_core::clock::{Clock, Timestamp};
use acuse_core::error::chain;
use acuse_core::event::key::IdempotencyKey;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::{StreamExt, TryStreamExt, stream};
use thiserror::Error;
use tokio::sync::OnceCell;

use super::DAY;
use super::target::{Target, TargetError};
pub use entry::{Entry, Outcome};

/// So many events are written to at once.
const AT_ONCE: usize = 16;

/// What an operator does.
#[derive(Debug, Clone, Copy)]
pub struct Action<'a> {
    /// The command, without the tool's name: `events replay`.
    pub command: &'static str,
    /// What it is done to: an event's key, a destination, an account. `None` if it is whatever a filter lets through.
    pub target: Option<&'a str>,
    /// The operator's reason.
    pub reason: Option<&'a str>,
}

impl<'a> Action<'a> {
    /// `command`, done to whatever its filter lets through.
    pub const fn new(command: &'static str) -> Self {
        Self {
            command,
            target: None,
            reason: None,
        }
    }

    /// The same, done to `target`.
    #[must_use]
    pub const fn on(self, target: &'a str) -> Self {
        Self {
            target: Some(target),
            ..self
        }
    }

    /// The same, for this reason.
    #[must_use]
    pub const fn because(self, reason: &'a str) -> Self {
        Self {
            reason: Some(reason),
            ..self
        }
    }
}

/// The trail can't be written or read.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the texts say it")]
pub enum AuditError {
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error("can't ask AWS who you are, so nothing was done: {reason}")]
    Who { reason: String },
    #[error("can't write to the audit trail in the table `{table}`, without which nothing more is done: {reason}")]
    Begin { table: String, reason: String },
    #[error("done, but its outcome can't be written to the audit trail in the table `{table}`: {reason}")]
    End { table: String, reason: String },
    #[error("can't read the audit trail in the table `{table}`: {reason}")]
    Read { table: String, reason: String },
}

impl AuditError {
    /// How to fix it.
    pub fn advice(&self) -> Option<String> {
        let allow =
            |actions: &str, table: &str| format!("check that your credentials allow {actions} on the table `{table}`");
        match self {
            Self::Target(error) => error.advice(),
            Self::Who { .. } => Some(
                "check the credentials (`--profile`) and that sts.REGION.amazonaws.com can be reached: `sts:GetCallerIdentity` needs no permission".to_owned(),
            ),
            Self::Begin { table, .. } => Some(allow("`dynamodb:PutItem`", table)),
            Self::End { table, .. } => Some(allow("`dynamodb:UpdateItem`", table)),
            Self::Read { table, .. } => Some(allow("`dynamodb:Query`", table)),
        }
    }
}

/// A stack's audit trail, and who writes it.
#[derive(Debug)]
pub struct Audit {
    client: Client,
    table: String,
    retention: Duration,
    /// Asked once.
    who: OnceCell<String>,
}

impl Audit {
    /// The trail of `target`.
    ///
    /// # Errors
    /// [`AuditError::Target`]
    pub fn of(target: &Target) -> Result<Self, AuditError> {
        // A stack of an older template has the consumer's default.
        let days = target.parameter("RetentionDays").parse().unwrap_or(90);
        Ok(Self {
            client: Client::new(&target.sdk),
            table: target.output("LedgerTableName")?.to_owned(),
            retention: DAY.saturating_mul(days),
            who: OnceCell::new(),
        })
    }

    /// Writes that `action` is begun. Nothing may be done if that fails. A dry run leaves no trace.
    ///
    /// # Errors
    /// [`AuditError::Who`], [`AuditError::Begin`]
    pub async fn begin(&self, target: &Target, action: Action<'_>, dry_run: bool) -> Result<Begun<'_>, AuditError> {
        let who = match dry_run {
            true => "",
            false => self.who.get_or_try_init(|| who::ask(target)).await?,
        };
        let at = SystemClock.now();
        let id = uuid::Uuid::new_v4().simple().to_string();
        let entry = Entry {
            at,
            who: who.to_owned(),
            command: action.command.to_owned(),
            target: action.target.map(str::to_owned),
            reason: action.reason.map(str::to_owned),
            count: None,
            outcome: Outcome::Begun,
        };
        let begun = Begun {
            audit: self,
            sort: format!("{at}#{id}"),
            entry,
            dry_run,
        };
        if dry_run {
            return Ok(begun);
        }
        self.put(&day_key(at), &begun.sort, &begun.entry).await?;
        Ok(begun)
    }

    async fn put(&self, partition: &str, sort: &str, entry: &Entry) -> Result<(), AuditError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(entry.item(partition, sort, self.retention)))
            // An entry is never overwritten.
            .condition_expression("attribute_not_exists(pk)");
        let put = put.send().await.map_err(|error| AuditError::Begin {
            table: self.table.clone(),
            reason: chain(&error),
        });
        put.map(drop)
    }

    fn unread(&self, error: &(dyn std::error::Error + 'static)) -> AuditError {
        AuditError::Read {
            table: self.table.clone(),
            reason: chain(error),
        }
    }
}

/// An action that is written in the trail, and whose outcome is not yet.
#[derive(Debug)]
#[must_use = "its outcome is written by `end`"]
pub struct Begun<'a> {
    audit: &'a Audit,
    sort: String,
    entry: Entry,
    dry_run: bool,
}

impl Begun<'_> {
    /// Who does it, as the trail has it.
    pub fn who(&self) -> &str {
        &self.entry.who
    }

    /// Writes the action beside these events, before it is done to them, for their timelines.
    ///
    /// # Errors
    /// [`AuditError::Begin`]
    pub async fn to_events(&self, events: impl IntoIterator<Item = IdempotencyKey>) -> Result<(), AuditError> {
        if self.dry_run {
            return Ok(());
        }
        let entry = Entry {
            target: None,
            outcome: Outcome::Asked,
            ..self.entry.clone()
        };
        let writes: Vec<_> = events
            .into_iter()
            .map(|event| (event.partition, format!("{}{}", event_sort(&event.sort), self.sort)))
            .collect();
        let writes = writes
            .iter()
            .map(|(partition, sort)| self.audit.put(partition, sort, &entry));
        let writes: Vec<_> = writes.collect();
        stream::iter(writes).buffer_unordered(AT_ONCE).try_collect().await
    }

    /// Writes the outcome, and to how many things it was done. An error of the action's own comes first.
    ///
    /// # Errors
    /// Those of `result`, [`AuditError::End`]
    pub async fn end<T, E: From<AuditError>>(&self, count: usize, result: Result<T, E>) -> Result<T, E> {
        if self.dry_run {
            return result;
        }
        let outcome = match &result {
            Ok(_) => Outcome::Done,
            Err(_) => Outcome::Failed,
        };
        let update = self
            .audit
            .client
            .update_item()
            .table_name(&self.audit.table)
            .key("pk", AttributeValue::S(day_key(self.entry.at)))
            .key("sk", AttributeValue::S(self.sort.clone()))
            .update_expression("SET outcome = :outcome, #count = :count")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":outcome", AttributeValue::S(outcome.name().to_owned()))
            .expression_attribute_values(":count", AttributeValue::N(count.to_string()));
        let written = update.send().await;
        let done = result?;
        written.map_err(|error| AuditError::End {
            table: self.audit.table.clone(),
            reason: chain(&error),
        })?;
        Ok(done)
    }
}

/// What the keys of a day's entries begin with.
fn day_key(at: Timestamp) -> String {
    format!("audit#{}", at.day())
}

/// What the sort keys of an event's entries begin with.
fn event_sort(sort: &str) -> String {
    format!("{sort}|audit#")
}

#[cfg(test)]
mod tests;
