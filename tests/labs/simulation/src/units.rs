//! What an event costs in write units, in the ledger's table and its index.
//!
//! ```text
//!                         all hooks only write            one with external side effects follows
//! received first          all in one transaction          claim with the writes, then completion
//! the same, a hook fails  claim, release                  claim with the writes, then release
//! received again          claim, completion with writes   the same at most
//! received often          also a note at the start, and one after it
//! ```
//!
//! A transaction takes twice the units:
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html>.
//! An index takes one write for each change of an item, and knows no transactions.

use acuse_core::consume::OFTEN;

use crate::settings::Work;

/// Write units.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Units {
    /// Of the ledger's table.
    pub table: f64,
    /// Of the index `by-day`.
    pub index: f64,
}

impl Units {
    /// Of one event that was received so often; `failed`: one of its hooks does.
    pub fn of(work: &Work, receives: u32, failed: bool) -> Self {
        let again = receives > 1;
        let (writes, changes) = match (again, work.external_side_effects, failed) {
            (false, false, false) => (2.0, 1.0),
            (false, false, true) | (true, _, true) => (2.0, 2.0),
            (false, true, _) | (true, _, false) => (3.0, 2.0),
        };
        // The note is an item of its own, of less than 1 KB.
        let notes = if receives >= OFTEN { 2.0 } else { 0.0 };
        Self {
            table: writes * work.item_units + notes,
            index: changes * work.item_units,
        }
    }
}

impl std::ops::AddAssign for Units {
    fn add_assign(&mut self, other: Self) {
        self.table += other.table;
        self.index += other.index;
    }
}
