//! Hand-written fakes of the ports, behind the feature `testing`, which no release binary has.

mod clock;
mod inbox;
mod memory_ledger;
mod outbox;

pub use clock::{Dice, StoppedClock};
pub use inbox::FakeInbox;
pub use memory_ledger::{MemoryLedger, StoredRecord};
pub use outbox::{FakeOutbox, FakeStore};
