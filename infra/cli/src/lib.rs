//! `acuse`: the local stack and the operator's commands.

#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod conflicts;
pub mod dead_letters;
pub mod difference;
pub mod events;
pub mod filter;
pub mod find;
pub mod http;
pub mod inspector;
pub mod local;
pub mod loopback;
pub mod quarantine;
pub mod queue;
pub mod registration;
pub mod sample;
pub mod set_aside;
pub mod store;
pub mod target;
pub mod terminal;
pub mod webhooks;
