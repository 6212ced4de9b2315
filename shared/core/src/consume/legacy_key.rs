//! Records of version 0.1: an event whose key had another text then is looked up under that one first, and stays
//! there if it is found. To be removed together with [`LegacyKey`](crate::event::key::LegacyKey).

use std::borrow::Cow;

use super::Consumer;
use crate::event::Event;
use crate::ledger::{Ledger, LedgerError};

impl<L: Ledger, I> Consumer<L, I> {
    /// `event` under the key that the ledger knows it by. Costs a read, but only for an event with a legacy key.
    ///
    /// ```text
    /// 0.1: claim F, hooks ── complete F
    /// now:                               read F: it is the same event ── claim F: a duplicate
    /// ```
    ///
    /// Nothing writes a new record under a legacy key, so one that is absent now stays absent.
    pub(super) async fn as_recorded<'e>(&self, event: &'e Event) -> Result<Cow<'e, Event>, LedgerError> {
        let Some(legacy) = event.legacy_key() else {
            return Ok(Cow::Borrowed(event));
        };
        let found = self.ledger.recorded(&legacy.key).await?;
        let known = found.is_some_and(|found| legacy.matches(&found, &event.type_name, event.body_sha256()));
        Ok(match known {
            true => Cow::Owned(event.under(legacy.key.clone())),
            false => Cow::Borrowed(event),
        })
    }
}
