//! Deliveries of one cause, together.

use std::collections::BTreeMap;

use super::{Quarantined, Reverifier};
use crate::stack::error::StackError;

/// Why deliveries are in quarantine, and what to do about each cause.
#[derive(Debug, Default)]
pub struct Causes(BTreeMap<Group, Vec<String>>);

/// What deliveries of one cause have in common.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    scope: String,
    /// In a few words.
    cause: String,
    /// In full, with what to do.
    diagnosis: String,
}

impl Causes {
    /// Diagnoses a delivery, and adds it to those of its cause. Returns the cause in a few words and in full.
    ///
    /// # Errors
    /// The provider's secret can't be read.
    pub async fn add(
        &mut self,
        reverifier: &mut Reverifier<'_>,
        item: &Quarantined,
    ) -> Result<(String, String), StackError> {
        let cause = reverifier.cause(item).await?.to_string();
        let diagnosis = reverifier.diagnose(item).await?.to_string();
        let of = Group {
            scope: item.scope(),
            cause: cause.clone(),
            diagnosis: diagnosis.clone(),
        };
        self.0.entry(of).or_default().push(item.delivery_id());
        Ok((cause, diagnosis))
    }

    /// A head for each cause, what to do about it, and its deliveries: `12 deliveries of kuenta: signature in header
    /// `x-one-signature``.
    pub fn lines(&self) -> impl Iterator<Item = (String, &str, &[String])> {
        self.0.iter().map(|(of, ids)| {
            let deliveries = match ids.len() {
                1 => "1 delivery".to_owned(),
                count => format!("{count} deliveries"),
            };
            (
                format!("{deliveries} of {}: {}", of.scope, of.cause),
                of.diagnosis.as_str(),
                ids.as_slice(),
            )
        })
    }
}
