//! `acuse`: the local stack and the operator's commands.

pub mod local;
pub mod sample;
