//! What a day's events come to: counts, exact sums, and the text that people get.
//!
//! ```text
//! ledger, page by page ──> Tally ┐
//! queues' attributes ──────────> Summary ──> text (mail, terminal), notification (Slack, Teams), JSON
//! ```
//!
//! Only totals: no id, reference or payload of an event is in a summary.

mod day;
mod name;
mod notification;
mod sum;
mod tally;
mod text;
mod words;

use serde::Serialize;

pub use day::{Day, Zone};
pub use sum::{Sum, Unreadable};
pub use tally::{Entry, Events, Row, Sums, Tally};
pub use words::Language;

/// A day of a stack.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The stack's name.
    pub stack: String,
    /// How a command names the stack: ` --stack acuse`. Empty for the local one.
    #[serde(skip)]
    pub named: String,
    /// Which day.
    pub day: Day,
    /// The day's events.
    #[serde(flatten)]
    pub tally: Tally,
    /// How many messages the queues have, when the summary is made.
    pub queues: Queues,
    /// Whether the whole day was read. If not, there was more than fits the time, and every number is too low.
    pub complete: bool,
}

/// About how many messages each queue has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Queues {
    /// Verified deliveries that wait for the consumer, or for a retry.
    pub events: u64,
    /// Events that were rejected, retried too often, or are unreadable.
    pub dead_letters: u64,
    /// Deliveries that failed verification.
    pub quarantine: u64,
    /// Messages about deliveries to destinations; `None` if the stack has no destinations. What destinations are owed is
    /// in the ledger: a delivery that waits long for its next try has no message.
    pub destinations: Option<u64>,
}
