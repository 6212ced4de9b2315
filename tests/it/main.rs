//! One integration binary: `ledger` runs on a DynamoDB in process, `stack` on the emulator with
//! the real template and the real binaries, `watch` on `cargo lambda watch`.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod killed;
mod ledger;
mod runtime;
mod stack;
mod upgrade;
mod watch;
