//! Adapters to HTTP, SQS, DynamoDB and Secrets Manager, and the composition roots: [`run_verifier`], [`run_consumer`],
//! [`run_destinations`], [`run_endpoints`] and [`run_summary`]. Everything that reads the environment is here.
//!
//! The features `verifier`, `consumer`, `destinations`, `endpoints` and `summary` keep DynamoDB out of the verify
//! functions.

pub mod config;
pub mod sdk;
pub mod system;
pub mod telemetry;

#[cfg(feature = "consumer")]
pub mod consumer;
#[cfg(feature = "consumer")]
pub mod destinations;
#[cfg(feature = "endpoints")]
pub mod endpoints;
#[cfg(feature = "consumer")]
pub mod hook;
#[cfg(feature = "consumer")]
pub mod ledger;
#[cfg(feature = "consumer")]
pub mod prelude;
#[cfg(feature = "summary")]
pub mod summary;
#[cfg(feature = "verifier")]
pub mod verifier;

#[cfg(feature = "consumer")]
pub use consumer::run_consumer;
#[cfg(feature = "destinations")]
pub use destinations::run_destinations;
#[cfg(feature = "endpoints")]
pub use endpoints::run_endpoints;
#[cfg(feature = "consumer")]
pub use hook::Setup;
#[cfg(feature = "summary")]
pub use summary::run_summary;
#[cfg(feature = "verifier")]
pub use verifier::run_verifier;
