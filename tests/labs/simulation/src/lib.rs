//! The pipeline under bursts, in steps of ten milliseconds, with the scaling rules of AWS: one rule a file,
//! each with where AWS says so. What AWS does not say is in [`settings::Work`], as a parameter. How often and
//! when an event is tried again is the consumer's own code, with the template's own defaults.
//!
//! ```text
//!  burst ──▶ api ──▶ verify (lambda) ──▶ queue ──▶ mapping ──▶ consumer (lambda) ──▶ ledger
//!    ▲        │429      │ no environment    ▲                        │ failed, or the ledger is slow
//!    └ provider: sends again, gives up      └────────────────────────┘ back, or dead-lettered
//! ```
//!
//! Same seed, same result.

pub mod api;
pub mod bucket;
pub mod burst;
pub mod docs;
pub mod lambda;
pub mod ledger;
pub mod limit;
pub mod mapping;
pub mod outcome;
pub mod pipeline;
pub mod plot;
pub mod provider;
pub mod queue;
pub mod settings;
pub mod table;
pub mod template;
pub mod time;
pub mod units;
