//! What is known of a stack, local or deployed, and done to it: its events, queues and secrets.

pub mod conflicts;
pub mod dead_letters;
pub mod difference;
pub mod events;
pub mod filter;
pub mod include;
pub mod lookup;
pub mod quarantine;
pub mod queue;
pub mod registration;
pub mod running;
pub mod secret;
pub mod target;
