//! What a delivery, an event and the ledger are.
//!
//! The way of a delivery, top to bottom:
//! [`delivery`] → [`signature`] (with [`canonical`] and [`secrets`]) → [`envelope`] → [`receive`],
//! then, on the other side of the queue, [`envelope`] → [`payload`] → [`event`] → [`ledger`] → [`hook`] → [`consume`].
//!
//! Absent on purpose: the AWS SDK, environment variables, the wall clock, randomness.
//! All of them come in through ports ([`clock::Clock`], [`receive::Outbox`], [`ledger::Ledger`], …).

pub mod canonical;
pub mod clock;
pub mod consume;
pub mod content;
pub mod delivery;
pub mod envelope;
pub mod event;
pub mod gzip;
pub mod hook;
pub mod json;
pub mod key;
pub mod ledger;
pub mod metric;
pub mod payload;
pub mod provider;
pub mod providers;
pub mod quarantine;
pub mod receive;
pub mod secrets;
pub mod signature;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
