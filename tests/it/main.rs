//! Integration tests in one binary. `stack` and `deployed` (the template from creation to deletion) run the real
//! template and binaries on the emulator, `watch` runs under `cargo lambda watch`, and `ledger` and `killed`
//! use an in-process DynamoDB.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod alarms;
mod deployed;
mod destinations;
mod documented;
mod eventbridge;
mod kept;
mod kept_stack;
mod killed;
mod ledger;
mod logs;
mod runtime;
mod schemas;
mod secrets;
mod stack;
mod translated;
mod upgrade;
mod wait;
mod watch;
