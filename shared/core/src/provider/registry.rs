//! The providers that a program knows.

use std::iter::Copied;
use std::slice::Iter;

use super::Provider;

/// The providers that a program knows: those of [`providers::ALL`](crate::providers::ALL), or of an app's own list.
///
/// ```
/// use acuse_core::provider::Providers;
/// use acuse_core::providers::{kuenta, onepay};
///
/// pub const ALL: Providers = Providers::new(&[&onepay::PROVIDER, &kuenta::PROVIDER]);
///
/// assert!(ALL.by_name("onepay").is_some());
/// assert!(ALL.by_name("unopago").is_none());
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Providers(&'static [&'static Provider]);

impl Providers {
    /// These providers, in the order in which they are listed to people.
    pub const fn new(all: &'static [&'static Provider]) -> Self {
        Self(all)
    }

    /// The provider called `name`.
    pub fn by_name(self, name: &str) -> Option<&'static Provider> {
        self.iter().find(|provider| provider.name == name)
    }

    /// All of them.
    pub fn iter(self) -> Copied<Iter<'static, &'static Provider>> {
        self.0.iter().copied()
    }

    /// Their names.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        self.iter().map(|provider| provider.name)
    }
}

impl IntoIterator for Providers {
    type Item = &'static Provider;
    type IntoIter = Copied<Iter<'static, &'static Provider>>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
