//! The hooks that come with Acuse. Your own are in your consumer, beside the list that names these:
//!
//! ```
//! # use acuse_aws::{Setup, consumer::Error, hook::Hooks};
//! # use acuse_hooks::{destinations::Destinations, eventbridge::EventBridge, payments::Payments};
//! fn all(setup: &Setup) -> Result<Hooks, Error> {
//!     let mut hooks = Hooks::default();
//!     hooks.transactional(Payments::from_env(setup)?);
//!     if let Some(eventbridge) = EventBridge::from_env(setup) {
//!         hooks.acting(eventbridge);
//!     }
//!     // Last: events that a hook before it rejects are owed to nobody.
//!     if let Some(destinations) = Destinations::from_env(setup)? {
//!         hooks.transactional(destinations);
//!     }
//!     Ok(hooks)
//! }
//! ```

pub mod destinations;
pub mod eventbridge;
pub mod payments;
