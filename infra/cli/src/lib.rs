//! `acuse`: the local stack and the operator's commands.

#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod http;
pub mod inspector;
pub mod local;
pub mod loopback;
pub mod sample;
pub mod stack;
pub mod terminal;
pub mod webhooks;
