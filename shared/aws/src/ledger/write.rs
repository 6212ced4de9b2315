//! The calls that write, an update and a transaction, and why they did not.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};
use tokio::time::Instant;

use super::{Item, Source};
use crate::config;

/// How long a write is tried that meets another one on its item, or that is throttled in a transaction: the
/// SDK does not repeat a cancelled transaction, whatever the reason. The invocation's end may come before.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html>
const PATIENCE: Duration = Duration::from_secs(4);

/// The first wait is up to this long, and each further one up to twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(20);

/// No wait is longer.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// What came of a conditional update.
pub(super) enum Updated {
    /// It is written. With the item as it was before, where that was asked for.
    Written(Option<Item>),
    /// Its condition does not hold. With the item as it is, where that was asked for.
    Refused(Option<Item>),
}

/// Why a transaction did not commit.
pub(super) enum Cancelled {
    /// Conditions do not hold.
    Refused {
        /// Of the writes in these places.
        places: Vec<usize>,
        /// The first write's item as it is, where that one asks for it and is refused.
        first: Option<Item>,
    },
    /// DynamoDB will never take these writes: too many, two to one item, too long, or of the wrong type.
    Invalid(Source),
    /// DynamoDB could not be asked, or did not do it this time.
    Otherwise(Source),
}

/// Waits between tries of one write.
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

    /// Waits, with jitter; false where there is no time for another try.
    async fn wait(&mut self) -> bool {
        let wait = self.longest.mul_f64(fastrand::f64().mul_add(0.5, 0.5));
        self.longest = (self.longest * 2).min(LONGEST_WAIT);
        let again = self.begun.elapsed() + wait < PATIENCE;
        if again {
            tokio::time::sleep(wait).await;
        }
        again
    }
}

pub(super) async fn update(call: UpdateItemFluentBuilder) -> Result<Updated, Source> {
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

/// Commits `writes`, all or none. The SDK names each transaction by a token, so that one which is sent
/// again, because the answer was lost, commits once and succeeds both times.
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
        match cancelled(error) {
            Verdict::Again(_) if waits.wait().await => {}
            Verdict::Again(error) => return Err(Cancelled::Otherwise(error)),
            Verdict::Final(why) => return Err(why),
        }
    }
}

/// What a failed transaction says.
enum Verdict {
    /// It may go well in a moment: it met another one, or was throttled.
    Again(Source),
    /// It would be the same again.
    Final(Cancelled),
}

/// The reasons come in the order of the writes, and are several: one that is refused for good outweighs
/// another that is throttled.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>
fn cancelled(error: SdkError<TransactWriteItemsError>) -> Verdict {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
        return Verdict::Final(match error.code() {
            Some("ValidationException") => Cancelled::Invalid(said(&error)),
            _ => Cancelled::Otherwise(error.into()),
        });
    };
    let reasons = cancelled.cancellation_reasons();
    let places_of = |codes: &[&str]| -> Vec<usize> {
        let of_code = |reason: &CancellationReason| reason.code().is_some_and(|code| codes.contains(&code));
        let reasons = reasons.iter().enumerate();
        let reasons = reasons.filter(|(_, reason)| of_code(reason));
        reasons.map(|(place, _)| place).collect()
    };
    let invalid = places_of(&["ValidationError", "ItemCollectionSizeLimitExceeded"]);
    if let Some(reason) = invalid.first().and_then(|place| reasons.get(*place)) {
        let message = reason.message().unwrap_or("an invalid write");
        return Verdict::Final(Cancelled::Invalid(message.into()));
    }
    let places = places_of(&["ConditionalCheckFailed"]);
    if !places.is_empty() {
        let first = reasons
            .first()
            .and_then(|reason| reason.item.clone())
            .filter(|_| places.first() == Some(&0));
        return Verdict::Final(Cancelled::Refused { places, first });
    }
    let passing = [
        "TransactionConflict",
        "ThrottlingError",
        "ProvisionedThroughputExceeded",
    ];
    match places_of(&passing).is_empty() {
        true => Verdict::Final(Cancelled::Otherwise(error.into())),
        false => Verdict::Again(error.into()),
    }
}

/// DynamoDB does not say which table it has not found. Somebody who has set a variable wrong wants to know.
#[derive(Debug, thiserror::Error)]
#[error("no such table: {tables}")]
struct NoTable {
    tables: String,
    source: SdkError<TransactWriteItemsError>,
}

fn no_table(writes: &[TransactWriteItem], source: SdkError<TransactWriteItemsError>) -> Source {
    let mut tables: Vec<String> = Vec::new();
    // The hooks' come last, and are the likelier ones: the ledger's has been written to before.
    for table in writes.iter().rev().filter_map(table_of) {
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

/// DynamoDB's own words, which name what is wrong.
fn said(error: &SdkError<TransactWriteItemsError>) -> Source {
    error.message().unwrap_or("an invalid request").into()
}

#[cfg(test)]
mod tests;
