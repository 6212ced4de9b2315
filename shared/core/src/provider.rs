//! What describes a provider: data and two small functions.

mod environment;
pub mod id;
mod kind;
mod reading;
mod registry;
pub mod scheme;

pub use crate::account::Environment;
use crate::json::Value;
pub use environment::environment;
pub use id::Id;
pub use kind::Kind;
pub use reading::{LegacyReading, Occurs, Reading, Resource, Unreadable};
pub use registry::Providers;
use scheme::{Scheme, SettingError};

/// Everything that Acuse knows about one provider. The built-in ones are in [`providers`](crate::providers).
#[derive(Debug, Clone, Copy)]
pub struct Provider {
    /// The name in routes, messages, keys and configuration, in lower case.
    pub name: &'static str,
    /// How it signs.
    pub scheme: Scheme,
    /// Checks a signing secret; the error says what it looks like instead, and what to do.
    pub check_secret: fn(&str) -> Result<(), &'static str>,
    /// Reads a verified payload.
    pub read: fn(&Value<'_>) -> Result<Reading, Unreadable>,
    /// The known event types, for samples and help.
    pub types: &'static [&'static str],
}

impl Provider {
    /// The name of one of its variables: `MERCADO_PAGO_SECRET_ID` for the `SECRET_ID` of `mercado-pago`.
    pub fn variable(&self, what: &str) -> String {
        format!("{}_{what}", self.name.replace('-', "_").to_ascii_uppercase())
    }

    /// What its parameters, resources and outputs in template.yaml begin with: `MercadoPago` for `mercado-pago`.
    pub fn logical_id(&self) -> String {
        let mut id = String::new();
        let mut begins = true;
        for letter in self.name.chars() {
            match letter {
                '-' => begins = true,
                letter if begins => {
                    id.push(letter.to_ascii_uppercase());
                    begins = false;
                }
                letter => id.push(letter),
            }
        }
        id
    }

    /// The same provider with another scheme: see [`Scheme::with_settings`].
    pub fn with_settings(&self, settings: &str) -> Result<Self, SettingError> {
        Ok(Self {
            scheme: self.scheme.with_settings(settings)?,
            ..*self
        })
    }
}
