//! The providers, one file each. Their names appear nowhere else in this crate.

mod event_types;
pub mod kuenta;
pub(crate) mod objects;
pub mod onepay;
pub mod unopago;

use crate::provider::Provider;

/// All of them.
pub const ALL: &[&Provider] = &[&unopago::PROVIDER, &onepay::PROVIDER, &kuenta::PROVIDER];

/// The provider called `name`.
pub fn by_name(name: &str) -> Option<&'static Provider> {
    ALL.iter().find(|provider| provider.name == name).copied()
}

#[cfg(test)]
mod tests;
