//! What deliveries, events and the ledger are, independent of AWS.
//!
//! | modules | what they contain |
//! |---|---|
//! | [`receive`] | the verify function: signature, canonical forms, secrets, answer, quarantine |
//! | [`wire`] | what travels: the delivery as it arrives over HTTP, and the envelope that SQS carries |
//! | [`event`] | what the verified bytes say, and the idempotency key |
//! | [`consume`] | the consumer: a batch, one event, the single-call commit, retries |
//! | [`ledger`] | what has happened to each event, and who may change that |
//! | [`destination`] | a merchant's own URL that gets events: configuration, request, answer, retries, limits |
//! | [`summary`] | what a day's events come to: counts, exact sums, and the text that people get |
//! | [`endpoint`] | whether the webhook at the provider posts here what it should |
//! | [`hook`] | where the owner's business code plugs in |
//! | [`provider`], [`providers`] | what describes a provider, and the three providers |
//! | [`account`] | a provider's named credentials, and the environment that each is bound to |
//! | [`clock`], [`error`], [`json`], [`metric`] | what all of these use |
//!
//! A module only uses modules to its left (`tests/layers.rs`), so the two halves share what travels, and nothing else:
//!
//! ```text
//! error  clock  json  metric  account  wire  provider ┬ receive
//!                                                     └ event  providers  hook  ledger  consume  destination  summary
//!                     └ endpoint
//! ```
//!
//! Absent on purpose: the AWS SDK, environment variables, the wall clock, randomness. They come in through ports
//! ([`clock::Clock`], [`receive::Outbox`], [`ledger::Ledger`], …).

// A provider's file says `acuse_core::` for this crate, and so is the same text in an app's own crate.
extern crate self as acuse_core;

pub mod account;
pub mod clock;
pub mod consume;
pub mod destination;
pub mod endpoint;
pub mod error;
pub mod event;
pub mod hook;
pub mod json;
pub mod ledger;
pub mod metric;
pub mod provider;
pub mod providers;
pub mod receive;
pub mod summary;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod wire;

/// What the exported macros expand to. Not an API.
#[doc(hidden)]
pub mod __private {
    pub use crate::event::amount::AsSent;
    pub use crate::providers::objects::{Member, Shape};
    pub use serde;
}
