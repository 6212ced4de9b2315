//! What a hook needs: `use acuse_aws::prelude::*;`

pub use acuse_core::account::{Account, AccountName, Environment};
pub use acuse_core::event::{Amount, Event, Kind, Resource};
pub use acuse_core::hook::{Attempt, HookError, Order};
pub use acuse_core::providers;

pub use crate::config::ConfigError;
pub use crate::hook::{Hook, HookResult, TransactionalHook, Writes, attr, key};
pub use crate::hook::{Http, HttpError, Secret, Setup, Table};
/// For a hook's log lines: `tracing::info!(order, "paid")`.
pub use tracing;
