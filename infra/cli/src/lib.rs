//! What `acuse` is made of: the local stack, the inspector, and what the operator's commands do.

#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod http;
pub mod inspector;
pub mod local;
pub mod loopback;
pub mod sample;
pub mod stack;
pub mod terminal;
pub mod webhooks;
