//! The calls that write, an update and a transaction, and why they did not.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::TransactWriteItem;

use super::{Item, Source};

/// Tries of one transaction that meets another on the same item, in all.
const TRIES: u32 = 6;

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
    /// DynamoDB could not be asked, or wants no such transaction.
    Otherwise(Source),
}

pub(super) async fn update(call: UpdateItemFluentBuilder) -> Result<Updated, Source> {
    match call.send().await {
        Ok(output) => Ok(Updated::Written(output.attributes)),
        Err(error) => match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                Ok(Updated::Refused(refused.item.clone()))
            }
            _ => Err(error.into()),
        },
    }
}

/// Commits `writes`, all or none. The SDK names each transaction by a token, so that one which is sent
/// again, because the answer was lost, commits once and succeeds both times.
pub(super) async fn commit(client: &Client, writes: Vec<TransactWriteItem>) -> Result<(), Cancelled> {
    let mut tries = 1;
    loop {
        let call = client.transact_write_items().set_transact_items(Some(writes.clone()));
        let Err(error) = call.send().await else {
            return Ok(());
        };
        match cancelled(error) {
            // Two events of one payment at the same moment: the other one is done in a moment.
            (true, Cancelled::Otherwise(_)) if tries < TRIES => {
                let longest = 10u64 << tries;
                tokio::time::sleep(Duration::from_millis(fastrand::u64(longest / 2..longest))).await;
                tries += 1;
            }
            (_, why) => return Err(why),
        }
    }
}

/// The reasons come in the order of the writes. Also, whether it only met another transaction.
fn cancelled(error: SdkError<TransactWriteItemsError>) -> (bool, Cancelled) {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
        return (false, Cancelled::Otherwise(error.into()));
    };
    let reasons = cancelled.cancellation_reasons();
    let places_of = |code: &str| -> Vec<usize> {
        let reasons = reasons.iter().enumerate();
        let of_code = reasons.filter(|(_, reason)| reason.code() == Some(code));
        of_code.map(|(place, _)| place).collect()
    };
    let places = places_of("ConditionalCheckFailed");
    if places.is_empty() {
        let conflict = !places_of("TransactionConflict").is_empty();
        return (conflict, Cancelled::Otherwise(error.into()));
    }
    let first = reasons
        .first()
        .and_then(|reason| reason.item.clone())
        .filter(|_| places.first() == Some(&0));
    (false, Cancelled::Refused { places, first })
}
