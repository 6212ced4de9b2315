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
mod objects;
mod samples;
mod table;
mod vectors;

use acuse_core::provider::Provider;

#[path = "../../presets/bold/provider.rs"]
pub mod bold;
#[path = "../../presets/cobre/provider.rs"]
pub mod cobre;
#[path = "../../presets/conekta/provider.rs"]
pub mod conekta;
#[path = "../../presets/culqi/provider.rs"]
pub mod culqi;
#[path = "../../presets/github/provider.rs"]
pub mod github;
#[path = "../../presets/kushki/provider.rs"]
pub mod kushki;
#[path = "../../presets/mercado-pago/provider.rs"]
pub mod mercado_pago;
#[path = "../../presets/payu/provider.rs"]
pub mod payu;
#[path = "../../presets/shopify/provider.rs"]
pub mod shopify;
#[path = "../../presets/standard-webhooks/provider.rs"]
pub mod standard_webhooks;
#[path = "../../presets/standard-webhooks-ed25519/provider.rs"]
pub mod standard_webhooks_ed25519;
#[path = "../../presets/stripe/provider.rs"]
pub mod stripe;
#[path = "../../presets/wompi/provider.rs"]
pub mod wompi;

const COMPILED: &[&Provider] = &[
    &bold::PROVIDER,
    &cobre::PROVIDER,
    &conekta::PROVIDER,
    &culqi::PROVIDER,
    &github::PROVIDER,
    &kushki::PROVIDER,
    &mercado_pago::PROVIDER,
    &payu::PROVIDER,
    &shopify::PROVIDER,
    &standard_webhooks::PROVIDER,
    &standard_webhooks_ed25519::PROVIDER,
    &stripe::PROVIDER,
    &wompi::PROVIDER,
];

/// The compiled file of the preset called `name`.
fn provider(name: &str) -> &'static Provider {
    let found = COMPILED.iter().find(|provider| provider.name == name);
    found.unwrap_or_else(|| panic!("`{name}` is not in COMPILED"))
}
