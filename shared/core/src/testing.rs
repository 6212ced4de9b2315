//! Hand-written fakes of the ports. Behind the feature `testing`: never in a release binary.

mod clock;
mod inbox;
mod memory_ledger;
mod outbox;

pub use clock::{Dice, StoppedClock};
pub use inbox::FakeInbox;
pub use memory_ledger::{MemoryLedger, Stored};
pub use outbox::{FakeOutbox, FakeStore};
