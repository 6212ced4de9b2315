//! Deliveries to destinations: what is owed in the ledger's table, and what hurries it along.
//!
//! The ledger is the truth. [`items`] are what each destination is owed, [`gates`] how much each can take, and a
//! [hint](hints) is a message that says that something may be owed.

pub mod configuration;
pub mod events;
#[cfg(test)]
mod fake;
#[cfg(feature = "destinations")]
mod function;
pub mod gates;
pub mod hints;
pub mod items;
#[cfg(feature = "destinations")]
pub mod send;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use thiserror::Error;

use crate::ledger::error::Source;
#[cfg(feature = "destinations")]
pub use function::run_destinations;

type Item = HashMap<String, AttributeValue>;

/// The table was not read or written.
#[derive(Debug, Error)]
#[error("{operation} in the table `{table}`")]
pub struct TableError {
    operation: &'static str,
    table: String,
    source: Source,
}

impl TableError {
    /// Makes the errors of one operation.
    fn of(operation: &'static str, table: &str) -> impl Fn(Source) -> Self {
        let table = table.to_owned();
        move |source| Self {
            operation,
            table: table.clone(),
            source,
        }
    }
}
