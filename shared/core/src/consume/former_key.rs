//! Yesterday's records: an event whose key had another text in version 0.1 is looked for under that one too, and
//! goes on under it where it is there. Goes with [`LegacyKey`](crate::event::key::LegacyKey).

use std::borrow::Cow;

use super::Consumer;
use crate::event::Event;
use crate::ledger::{Ledger, LedgerError};

impl<L: Ledger, I, C, R> Consumer<L, I, C, R> {
    /// `event` under the key that the ledger knows it by. Costs a read, for an event with a former key alone.
    ///
    /// ```text
    /// 0.1: claim F, hooks ── complete F
    /// now:                               read F: it is the same event ── claim F: a duplicate
    /// ```
    ///
    /// Nothing writes a new record at a former key, so that one which is not there does not come later.
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
