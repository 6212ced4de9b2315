//! What accounts are bound to now. A replay is checked against it, so that an event that was set aside because its
//! account was bound to the wrong environment goes through once that is corrected.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use acuse_aws::ledger::record::Record;
use acuse_core::account::Account;
use acuse_core::consume::SetAside;
use acuse_core::event::{Environment, payload};
use acuse_core::provider::Provider;
use acuse_core::providers;
use acuse_core::receive::SecretStore;
use acuse_core::receive::secrets::Accounts;
use acuse_core::wire::envelope::Envelope;

use crate::stack::error::StackError;
use crate::stack::events::set_aside_reason;
use crate::stack::target::Target;

/// The accounts of some events' providers.
#[derive(Debug)]
pub struct Bindings {
    accounts: BTreeMap<&'static str, Accounts>,
    own: Environment,
}

impl Bindings {
    /// Reads the stack's secrets, but only for events of another account than the default one, and for those that were
    /// set aside because of their account: all others are replayed without that permission.
    pub async fn read(target: &Target, records: &[Record]) -> Result<Self, StackError> {
        let mut accounts = BTreeMap::new();
        let of_named = |record: &&Record| !record.account.is_default() || bound_before(record).is_some();
        for record in records.iter().filter(of_named) {
            let Some(provider) = providers::by_name(&record.provider) else {
                continue;
            };
            if let Entry::Vacant(entry) = accounts.entry(provider.name) {
                let read = target.secrets(provider)?.load().await;
                entry.insert(read.map_err(|source| StackError::Binding {
                    key: record.key.clone(),
                    source,
                })?);
            }
        }
        let own = target.environment();
        Ok(Self { accounts, own })
    }

    /// Puts the record's account into the message that queues its event again, bound as it is now. An event of another
    /// environment is an error: the consumer would set it aside again.
    pub(super) fn bind(
        &self,
        envelope: &mut Envelope,
        provider: &'static Provider,
        record: &Record,
    ) -> Result<(), StackError> {
        envelope.account = self.account(record);
        let events = payload::events(envelope, provider, self.own);
        let Some(event) = events.first().filter(|event| event.unreadable.is_none()) else {
            return Ok(());
        };
        match envelope.account.environment {
            Some(bound) if bound != event.environment => Err(StackError::StillBound {
                key: record.key.clone(),
                named: event.environment.name(),
                bound: bound.name(),
                provider: provider.name,
                account: record.account.clone(),
            }),
            // The payload names none, so it would be another event under another key: test money could pose as live.
            None if event.environment.name() != record.environment => {
                envelope.account.environment = Environment::from_name(&record.environment);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The record's account. If it has no secret any more, it stays bound as it was when it was set aside.
    fn account(&self, record: &Record) -> Account {
        let name = record.account.clone();
        let known = self.accounts.get(record.provider.as_str());
        let mut known = known.into_iter().flat_map(Accounts::iter).map(|own| own.account());
        let bound = known.find(|own| own.name == name).map(|own| own.environment);
        let environment = bound.unwrap_or_else(|| bound_before(record));
        Account { name, environment }
    }
}

/// What the account was bound to when the event was set aside because of that.
fn bound_before(record: &Record) -> Option<Environment> {
    match set_aside_reason(record)? {
        SetAside::AccountEnvironment { bound, .. } => Some(bound),
        _ => None,
    }
}
