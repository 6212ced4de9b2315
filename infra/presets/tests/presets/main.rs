//! Holds each preset to its own vectors and fixtures, through the public API of acuse-core. A new preset needs two lines
//! here: its module, and its place in `COMPILED`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]
#![allow(dead_code, reason = "an app uses what the tests don't")]

mod files;
mod fixtures;
mod vectors;

use acuse_core::provider::Provider;

#[path = "../../presets/github/provider.rs"]
pub mod github;

const COMPILED: &[&Provider] = &[&github::PROVIDER];

/// The compiled file of the preset called `name`.
fn provider(name: &str) -> &'static Provider {
    let found = COMPILED.iter().find(|provider| provider.name == name);
    found.unwrap_or_else(|| panic!("`{name}` is not in COMPILED"))
}
