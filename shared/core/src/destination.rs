//! A merchant's own URL, or queue, that gets events: what is sent where, and what the answers mean.
//!
//! ```text
//! event ─ filter ─▶ an owed delivery for each destination ─ gate ─▶ request: body, signature ─▶ answer
//!                        ▲                                                                        │
//!                        └──────────── retry ◀── the delivery's new state, the gate's new state ──┘
//! ```
//!
//! Everything here is a value or a pure function: time and randomness are parameters, and nobody is called. Who calls is
//! in `acuse-aws`.

pub mod answer;
pub mod body;
pub mod config;
pub mod delivery;
pub mod egress;
pub mod filter;
pub mod gate;
mod name;
pub mod retry;
#[cfg(test)]
mod sample;
pub mod sign;

pub use config::{Destination, Destinations};
pub use name::DestinationName;
