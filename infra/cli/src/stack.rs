//! A stack, local or deployed: its events, queues and secrets, and what an operator does with them.

pub mod audit;
pub mod balance;
pub mod bindings;
pub mod conflicts;
pub mod dead_letters;
pub mod destinations;
pub mod difference;
pub mod endpoint;
pub mod error;
pub mod events;
pub mod filter;
pub mod find;
pub mod include;
pub mod logs;
pub mod lookup;
pub mod pages;
pub mod quarantine;
pub mod queue;
pub mod retry;
pub mod running;
pub mod secret;
pub mod silence;
pub mod target;

/// A day, as the ledger's lists count them.
pub const DAY: std::time::Duration = std::time::Duration::from_hours(24);
