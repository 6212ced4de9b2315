//! What statuses are called.

use acuse_core::destination::delivery::Status as Delivery;
use acuse_core::ledger::Status;

use super::Words;
use crate::stack::destinations::progress::DELIVERING;

impl Words {
    /// A status as people read it; other texts stay as they are.
    pub(in super::super) fn status<'a>(&self, name: &'a str) -> &'a str {
        match Status::from_name(name) {
            Some(Status::InProgress) => self.in_progress,
            Some(Status::Released) => self.released,
            Some(Status::Completed) => self.completed,
            Some(Status::Rejected) => self.rejected,
            Some(Status::Conflict) => self.conflict,
            None if name == DELIVERING => self.delivering,
            None => match Delivery::from_name(name) {
                Some(Delivery::Owed) => self.owed,
                Some(Delivery::Delivered) => self.delivered,
                Some(Delivery::GivenUp) => self.given_up,
                Some(Delivery::Skipped) => self.skipped,
                None => name,
            },
        }
    }
}
