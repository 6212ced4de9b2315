//! The tool `acuse`: the local stack, the inspector, and the operator's commands. [`run`] is all that a program needs.

#![warn(clippy::print_stdout, clippy::print_stderr)]

mod cli;
mod command;
pub mod http;
pub mod inspector;
pub mod local;
pub mod loopback;
pub mod reconcile;
mod registry;
pub mod sample;
pub mod stack;
pub mod terminal;
pub mod webhooks;

pub use cli::run;
