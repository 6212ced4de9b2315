//! What a provider is: data, and two small functions.

mod environment;
pub mod id;
mod kind;
mod reading;
mod resource;
pub mod scheme;

use crate::json::Value;
pub use environment::Environment;
pub(crate) use environment::environment;
pub use id::Id;
pub use kind::Kind;
pub use reading::{Former, Occurs, Reading, Unreadable};
pub use resource::Resource;
use scheme::{Scheme, SettingError};

/// Everything that Acuse knows of one provider. The three of them are in
/// [`providers`](crate::providers).
#[derive(Debug, Clone, Copy)]
pub struct Provider {
    /// The name in routes, messages, keys and configuration; lower-case.
    pub name: &'static str,
    /// How it signs.
    pub scheme: Scheme,
    /// What is wrong with a signing secret that can't be one, as advice; `None` where nothing is.
    pub misplaced: fn(&str) -> Option<&'static str>,
    /// Reads a verified payload.
    pub read: fn(&Value<'_>) -> Result<Reading, Unreadable>,
    /// The event types of its guide and elsewhere, for samples and help.
    pub types: &'static [&'static str],
}

impl Provider {
    /// The same provider, signing as `settings` say: see [`Scheme::with_settings`].
    ///
    /// # Errors
    /// [`SettingError`] where they can't be meant.
    pub fn with_settings(&self, settings: &str) -> Result<Self, SettingError> {
        Ok(Self {
            scheme: self.scheme.with_settings(settings)?,
            ..*self
        })
    }
}
