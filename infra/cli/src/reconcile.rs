//! What a provider's API knows, compared with what the ledger has: which webhooks never came.
//!
//! ```text
//! API       resources and their status ─┐
//! ledger    the events of each resource ─┴─▶ compare ─▶ findings ─▶ ingest, if the operator wants it
//! ```
//!
//! Everything is read before anything is done, so an answer that can't be read leaves nothing half done.

pub mod compare;
pub mod ids;
pub mod in_ledger;
pub mod ingest;
pub mod onepay;
pub mod played;

mod shape;

use std::ops::Deref;

use acuse_core::clock::Timestamp;
use thiserror::Error;

use crate::webhooks::ApiError;

/// A payment or charge as a provider's API has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resource {
    /// What the provider's event types call it: `payment`, `charge`.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
    /// Its status, in the provider's words.
    pub status: String,
    /// Its amount, as sent.
    pub amount: Option<String>,
    /// The amount's currency, as sent.
    pub currency: Option<String>,
    /// The merchant's order number.
    pub reference: Option<String>,
    /// Whether it is test money; `None` if the API does not say.
    pub is_test: Option<bool>,
    /// When it got its status, as far as the API says: when it was paid, else when it was created.
    pub at: Option<Timestamp>,
    /// When it was paid, if that is its status and the API says.
    pub paid_at: Option<Timestamp>,
    /// The payment that this charge pays.
    pub payment: Option<String>,
    /// Its JSON, byte for byte.
    pub json: String,
}

/// The provider's API could not be read.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the texts say it")]
pub enum ReadError {
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Says what came, never its values: they may be personal.
    #[error("{call} answers with {came}; expected {expected}")]
    Shape {
        call: String,
        came: String,
        expected: &'static str,
    },
}

impl ReadError {
    /// What to do about it.
    pub fn advice(&self) -> String {
        match self {
            Self::Api(ApiError::Refused { status: 401 | 403, credentials, .. }) => format!(
                "the token has expired, was replaced, or is of the other environment: take a new one from the provider's panel, and check {credentials}"
            ),
            Self::Api(error) => error.advice(),
            Self::Shape { .. } => "nothing was changed: run it again. If it stays so, check that the base URL is that of the provider's API, and report what came".to_owned(),
        }
    }
}

/// The findings of a run, and how many there are of each kind.
#[derive(Debug, Default)]
pub struct Findings(Vec<compare::Compared>);

impl Findings {
    /// Adds one.
    pub fn add(&mut self, compared: compare::Compared) {
        self.0.push(compared);
    }

    /// How many are of this kind.
    pub fn count(&self, finding: compare::Finding) -> usize {
        self.0.iter().filter(|own| own.finding == finding).count()
    }
}

impl Deref for Findings {
    type Target = [compare::Compared];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
