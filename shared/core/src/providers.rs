//! The built-in providers, one file each. Their names appear nowhere else in this crate.
//!
//! A provider of your own is such a file in your own crate: it names everything by `acuse_core::`, here as well.

mod event_types;
pub mod kuenta;
pub(crate) mod objects;
pub mod onepay;
pub mod unopago;

// Yours: your files.

use crate::provider::Providers;

/// The built-in providers.
pub const ALL: Providers = Providers::new(&[
    &unopago::PROVIDER,
    &onepay::PROVIDER,
    &kuenta::PROVIDER,
    // Yours: your providers.
]);

#[cfg(test)]
mod tests;
