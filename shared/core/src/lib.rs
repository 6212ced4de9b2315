//! What a delivery, an event and the ledger are.
//!
//! | modules | what is in them |
//! |---|---|
//! | [`receive`] | the verify function: signature, canonical forms, secrets, answer, quarantine |
//! | [`wire`] | what travels: the delivery as HTTP brings it, and the envelope that SQS carries |
//! | [`event`] | what the verified bytes say, and the idempotency key |
//! | [`consume`] | the consumer: a batch, one event, the single-call commit, retries |
//! | [`ledger`] | what has happened to each event, and who may change that |
//! | [`hook`] | where the owner's business code plugs in |
//! | [`provider`], [`providers`] | what can be said of a provider, and the three of them |
//! | [`clock`], [`error`], [`json`], [`metric`] | what all of these use |
//!
//! [`receive`] knows nothing of [`ledger`], [`consume`] nothing of HTTP; they share [`wire`].
//!
//! Absent on purpose: the AWS SDK, environment variables, the wall clock, randomness.
//! All of them come in through ports ([`clock::Clock`], [`receive::Outbox`], [`ledger::Ledger`], …).

pub mod clock;
pub mod consume;
pub mod error;
pub mod event;
pub mod hook;
pub mod json;
pub mod ledger;
pub mod metric;
pub mod provider;
pub mod providers;
pub mod receive;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod wire;
