//! Scenarios: the events of a life cycle, in files.
//!
//! ```json
//! {
//!   "about": "A payment request is created and paid",
//!   "provider": "onepay",
//!   "ends": {"payment": "succeeded"},
//!   "events": [
//!     {"type": "payment.created"},
//!     {"type": "payment.approved", "at": "3m", "set": {"payment.amount": 99000.00}, "twice": true}
//!   ]
//! }
//! ```
//!
//! Each time it is played, it happens to new resources, and ends at a given moment.

mod file;
mod play;

use std::collections::BTreeMap;
use std::time::Duration;

use acuse_core::provider::{Provider, Providers};
use include_dir::{Dir, include_dir};
use serde_json::value::RawValue;
use thiserror::Error;

pub use file::ScenarioError;
pub use play::Played;

static SCENARIOS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../tests/fixtures/scenarios");

/// The events of a life cycle, checked.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its file's name without `.json`.
    pub name: String,
    /// What happens, in a sentence.
    pub about: String,
    /// The states that the hook `payments` leads its resources to, by the entries' `resource`.
    pub ends: BTreeMap<String, String>,
    /// Its events, in the order in which they happen.
    pub entries: Vec<Entry>,
}

/// An event of a scenario.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Who sends it.
    pub provider: &'static Provider,
    /// Its type in the provider's guide.
    pub type_name: String,
    /// When it happens, after the life cycle's start.
    pub at: Duration,
    /// How long to wait before it is sent.
    pub delay: Duration,
    /// Whether it is sent a second time.
    pub twice: bool,
    /// A name for what it happens to. Entries with the same name share an id.
    pub resource: String,
    /// Whether the file gives that name.
    is_named: bool,
    new_ids: Vec<String>,
    set: BTreeMap<String, Box<RawValue>>,
    unset: Vec<String>,
}

/// No scenario has this name.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("no scenario is called `{name}`; there are\n  {}", .names.join("\n  "))]
pub struct UnknownScenario {
    name: String,
    names: Vec<&'static str>,
}

/// The scenarios in `tests/fixtures/scenarios`, by name. They are of events of `providers`.
///
/// # Errors
/// None for the files as committed; tests read them all.
pub fn all(providers: Providers) -> Result<Vec<Scenario>, ScenarioError> {
    let scenarios = texts().map(|(name, text)| Scenario::parse(providers, name, text));
    scenarios.collect()
}

/// The text of the scenario called `name`.
///
/// # Errors
/// [`UnknownScenario`] lists those that there are.
pub fn text(name: &str) -> Result<&'static str, UnknownScenario> {
    let found = texts().find(|(own, _)| *own == name);
    found.map(|(_, text)| text).ok_or_else(|| UnknownScenario {
        name: name.to_owned(),
        names: texts().map(|(name, _)| name).collect(),
    })
}

fn texts() -> impl Iterator<Item = (&'static str, &'static str)> {
    SCENARIOS.files().filter_map(|file| {
        let name = file.path().file_name()?.to_str()?.strip_suffix(".json")?;
        Some((name, file.contents_utf8()?))
    })
}

#[cfg(test)]
mod tests;
