//! The ledger's protocol as a finite model, of which `stateright` visits every state.
//!
//! ```text
//!   queue                     consumers                               ledger
//!   2 deliveries ──receive──▶ claim ─▶ hook ─▶ hook ─▶ complete ────▶ acuse_core::ledger
//!   of one event ◀──return─── or: commit_new, release, reject, wait … decide, RecordState::{committed, changed}
//!        │                      ✝ at any step                          ▲
//!        ▼ received too often   ⏱ at any pause, each with its own clock│ late, twice or never
//!   dead-letter queue           └──────────── network ─────────────────┘
//! ```
//!
//! The ledger's answers are not restated here: the model calls the functions that the consumer's ledgers follow. It
//! models the rest of the world: who does what when, and what fails.

mod bounds;
mod canon;
mod destination;
mod ledger;
mod mutant;
mod properties;
mod protocol;
mod state;

pub use bounds::{Bounds, HookKind};
pub use destination::{Destination, Function, Owing, Step, Wrong};
pub use mutant::Mutant;
pub use properties::{ALWAYS, SOMETIMES};
pub use protocol::{Action, Protocol};
pub use state::State;
