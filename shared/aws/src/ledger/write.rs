//! The two calls that write, an update and a transaction, and why they fail.

use std::time::Duration;

use acuse_core::ledger::Cause;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};
use tokio::time::Instant;

use super::error::Source;
use super::expression::Step;
use super::{DynamoLedger, Item};
use crate::config;

/// How long to retry a write that meets another one on its item, or a throttled transaction: the SDK does not retry
/// cancelled transactions, whatever the reason. The invocation may end before.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html>
const RETRY_FOR: Duration = Duration::from_secs(4);

/// The longest first wait; it doubles from there.
const FIRST_WAIT: Duration = Duration::from_millis(20);

const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// A hook's writes, and those to make instead if one of their conditions is false.
type Writes = (Vec<TransactWriteItem>, Option<Vec<TransactWriteItem>>);

pub(crate) enum Updated {
    /// With the item as it was before or is now, if the call asks for it.
    Written(Option<Item>),
    /// Its condition is false. With the item as it is.
    Refused(Option<Item>),
}

pub(super) enum Cancelled {
    /// Conditions are false.
    Refused {
        /// Of the writes in these places.
        places: Vec<usize>,
        /// The first write's item as it is, if that write is refused.
        first: Option<Item>,
    },
    /// DynamoDB will never accept these writes: too many, two to one item, too long, or of the wrong type.
    Invalid(Source),
    /// DynamoDB could not be reached, or did not carry them out this time.
    Otherwise(Source),
}

/// Why a transaction failed whose first write, the ledger's own, was not refused.
impl From<Cancelled> for Cause {
    fn from(cancelled: Cancelled) -> Self {
        match cancelled {
            Cancelled::Refused { .. } => Self::EffectsRefused,
            Cancelled::Invalid(source) => Self::EffectsInvalid(source),
            Cancelled::Otherwise(source) => Self::Outage(source),
        }
    }
}

/// The waits between attempts at one write.
struct Waits {
    begun: Instant,
    longest: Duration,
}

impl Waits {
    fn new() -> Self {
        Self {
            begun: Instant::now(),
            longest: FIRST_WAIT,
        }
    }

    /// Waits, with jitter; false if there is no time for another attempt.
    async fn wait(&mut self) -> bool {
        let wait = self.longest.mul_f64(fastrand::f64().mul_add(0.5, 0.5));
        self.longest = (self.longest * 2).min(LONGEST_WAIT);
        let again = self.begun.elapsed() + wait < RETRY_FOR;
        if again {
            tokio::time::sleep(wait).await;
        }
        again
    }
}

pub(crate) async fn update(call: UpdateItemFluentBuilder) -> Result<Updated, Source> {
    let mut waits = Waits::new();
    loop {
        let error = match call.clone().send().await {
            Ok(output) => return Ok(Updated::Written(output.attributes)),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                return Ok(Updated::Refused(refused.item.clone()));
            }
            // A transaction is at work on the item.
            Some(UpdateItemError::TransactionConflictException(_)) if waits.wait().await => {}
            _ => return Err(error.into()),
        }
    }
}

/// Commits `writes`, all or none. The SDK gives each transaction a token, so that one it sends again because the answer
/// was lost commits once and succeeds both times.
pub(super) async fn commit(client: &Client, writes: Vec<TransactWriteItem>) -> Result<(), Cancelled> {
    let mut waits = Waits::new();
    loop {
        let call = client.transact_write_items().set_transact_items(Some(writes.clone()));
        let Err(error) = call.send().await else {
            return Ok(());
        };
        if error.code() == Some("ResourceNotFoundException") {
            return Err(Cancelled::Otherwise(no_table(&writes, error)));
        }
        if !(is_passing(&error) && waits.wait().await) {
            return Err(cancelled(error));
        }
    }
}

impl DynamoLedger {
    /// Writes `step` and the effects of hooks, all or none. If conditions of a hook's writes are false, those that it
    /// wants made instead are tried. If that of `step` is false, its item comes back.
    pub(super) async fn write(&self, step: Step, mut effects: Vec<Writes>) -> Result<Updated, Cause> {
        loop {
            let writes: Vec<_> = effects.iter().flat_map(|(writes, _)| writes).cloned().collect();
            if writes.is_empty() {
                return update(step.into_update(&self.client)).await.map_err(Cause::Outage);
            }
            let own = step.clone().into_transaction_item();
            let own = own.map_err(|error| Cause::Outage(error.into()))?;
            match commit(&self.client, [vec![own], writes].concat()).await {
                Ok(()) => return Ok(Updated::Written(None)),
                Err(Cancelled::Refused { places, first }) if places.first() == Some(&0) => {
                    return Ok(Updated::Refused(first));
                }
                Err(Cancelled::Refused { places, .. }) if replace_refused(&mut effects, &places) => {}
                Err(cancelled) => return Err(cancelled.into()),
            }
        }
    }
}

/// Replaces each hook's refused writes by those that it wants made instead; false if one wants none. `places` are those
/// in the transaction, whose first write is the ledger's own.
fn replace_refused(hooks: &mut [Writes], places: &[usize]) -> bool {
    let mut next = 1;
    hooks.iter_mut().all(|(writes, otherwise)| {
        let own = next..next + writes.len();
        next = own.end;
        if !places.iter().any(|place| own.contains(place)) {
            return true;
        }
        let instead = otherwise.take();
        instead.map(|instead| *writes = instead).is_some()
    })
}

/// The codes of a cancelled transaction, one for each write, in order.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>
const INVALID: [&str; 2] = ["ValidationError", "ItemCollectionSizeLimitExceeded"];
const REFUSED: [&str; 1] = ["ConditionalCheckFailed"];
const PASSING: [&str; 3] = [
    "TransactionConflict",
    "ThrottlingError",
    "ProvisionedThroughputExceeded",
];

/// Whether the transaction may succeed in a moment: it met another one or was throttled, and nothing was refused.
fn is_passing(error: &SdkError<TransactWriteItemsError>) -> bool {
    let any = |codes: &[&str]| !places_of(reasons(error), codes).is_empty();
    any(&PASSING) && !any(&INVALID) && !any(&REFUSED)
}

fn cancelled(error: SdkError<TransactWriteItemsError>) -> Cancelled {
    let reasons = reasons(&error);
    let (invalid, places) = (places_of(reasons, &INVALID), places_of(reasons, &REFUSED));
    if let Some(reason) = invalid.first().and_then(|place| reasons.get(*place)) {
        return Cancelled::Invalid(reason.message().unwrap_or("an invalid write").into());
    }
    if !places.is_empty() {
        let first = reasons.first().filter(|_| places.first() == Some(&0));
        let first = first.and_then(|reason| reason.item.clone());
        return Cancelled::Refused { places, first };
    }
    match error.code() {
        // DynamoDB's message says what is wrong.
        Some("ValidationException") => Cancelled::Invalid(error.message().unwrap_or("an invalid request").into()),
        _ => Cancelled::Otherwise(error.into()),
    }
}

fn reasons(error: &SdkError<TransactWriteItemsError>) -> &[CancellationReason] {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => cancelled.cancellation_reasons(),
        _ => &[],
    }
}

/// The places of the writes that were cancelled with one of these codes.
fn places_of(reasons: &[CancellationReason], codes: &[&str]) -> Vec<usize> {
    let of_code = |reason: &CancellationReason| reason.code().is_some_and(|code| codes.contains(&code));
    let reasons = reasons.iter().enumerate();
    reasons
        .filter(|(_, reason)| of_code(reason))
        .map(|(place, _)| place)
        .collect()
}

/// DynamoDB does not say which table is missing. Somebody who has set a variable wrong needs to know.
#[derive(Debug, thiserror::Error)]
#[error("no such table: {tables}")]
struct NoTable {
    tables: String,
    source: SdkError<TransactWriteItemsError>,
}

fn no_table(writes: &[TransactWriteItem], source: SdkError<TransactWriteItemsError>) -> Source {
    let mut tables: Vec<String> = Vec::new();
    // The first write is the ledger's, which has just recorded the claim: if hooks write elsewhere, it is not missing.
    let ledger = writes.first().and_then(table_of);
    let of_hooks = writes
        .iter()
        .filter_map(table_of)
        .filter(|table| Some(*table) != ledger);
    let likely: Vec<&str> = of_hooks.collect();
    for table in if likely.is_empty() {
        ledger.into_iter().collect()
    } else {
        likely
    } {
        let table = match config::variable_of(table) {
            Some(variable) => format!("`{table}` ({variable})"),
            None => format!("`{table}`"),
        };
        if !tables.contains(&table) {
            tables.push(table);
        }
    }
    let tables = tables.join(" or ");
    NoTable { tables, source }.into()
}

fn table_of(write: &TransactWriteItem) -> Option<&str> {
    let update = write.update.as_ref().map(|update| update.table_name());
    let put = || write.put.as_ref().map(|put| put.table_name());
    let delete = || write.delete.as_ref().map(|delete| delete.table_name());
    let check = || write.condition_check.as_ref().map(|check| check.table_name());
    update.or_else(put).or_else(delete).or_else(check)
}

#[cfg(test)]
mod tests;
