//! One integration binary. On the emulator, with the real template and the real binaries:
//! `deployed`, the template's life from creation to deletion, and `stack`; `watch` on
//! `cargo lambda watch`; `ledger` and `killed` on a DynamoDB in process.
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
mod documented;
mod kept;
mod killed;
mod ledger;
mod logs;
mod runtime;
mod secrets;
mod stack;
mod translated;
mod upgrade;
mod wait;
mod watch;
