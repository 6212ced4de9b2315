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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use acuse_aws::ledger::reader::LedgerReader;
    use acuse_core::account::AccountName;
    use acuse_core::event::Event;
    use acuse_core::providers::kuenta;
    use acuse_core::receive::secrets::{Secrets, StoredAccount};
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;
    use crate::sample;
    use crate::stack::events;
    use crate::stack::running::sdk;

    const OWN: Environment = Environment::Live;

    fn record(account: &str, environment: Environment, error: &str, payload: &str) -> Record {
        let texts = [
            ("pk", "kuenta#test#payment#p1"),
            ("sk", "payment.completed"),
            ("provider", "kuenta"),
            ("account", account),
            ("environment", environment.name()),
            ("type", "payment.completed"),
            ("status", "REJECTED"),
            ("error", error),
            ("body_sha256", "5a"),
            ("payload", payload),
            ("delivery_id", "0192f4c1-0000-7000-8000-000000000000"),
        ];
        let numbers = [("attempts", "1"), ("received_at", "1795161600000")];
        let texts = texts.map(|(name, text)| (name.to_owned(), AttributeValue::S(text.to_owned())));
        let numbers = numbers.map(|(name, number)| (name.to_owned(), AttributeValue::N(number.to_owned())));
        let item: HashMap<_, _> = texts.into_iter().chain(numbers).collect();
        Record::from_item(&item).unwrap()
    }

    /// The environment of the event that is replayed.
    async fn replayed(bindings: &Bindings, record: &Record) -> Result<Environment, StackError> {
        let client = aws_sdk_dynamodb::Client::new(&sdk("http://127.0.0.1:1"));
        let replayed = events::replayed(&LedgerReader::new(client, "ledger"), bindings, record).await?;
        let (group, message) = replayed.unwrap();
        let envelope = Envelope::from_message(&message.text, |name| message.attribute(name)).unwrap();
        assert_eq!(envelope.account.name, record.account);
        assert_eq!(group, record.account.scope("kuenta"));
        Ok(Event::read(envelope, &kuenta::PROVIDER, OWN).environment)
    }

    fn bindings(stored: &[(&str, Option<Environment>)]) -> Bindings {
        let mut accounts = Accounts::default();
        for (name, environment) in stored {
            let stored = StoredAccount {
                environment: *environment,
                signing_secrets: vec!["s".to_owned()],
                ..StoredAccount::default()
            };
            let name = AccountName::parse(name).unwrap();
            let own = Secrets::of(&kuenta::PROVIDER, name, &stored).unwrap();
            accounts = accounts.and_previous(own.into());
        }
        Bindings {
            accounts: BTreeMap::from([("kuenta", accounts)]),
            own: OWN,
        }
    }

    #[tokio::test]
    async fn a_payload_without_environment_stays_in_the_environment_of_its_record() {
        let payload = sample::payload(&kuenta::PROVIDER, "payment.completed").unwrap();
        let unread = Bindings {
            accounts: BTreeMap::new(),
            own: OWN,
        };
        for environment in [Environment::Live, Environment::Test] {
            let record = record("default", environment, "hook `h`: no such order", &payload);
            assert_eq!(replayed(&unread, &record).await.unwrap(), environment);
        }
        let error = "of environment `test`, which this stack does not take";
        let record = record("org-2", Environment::Test, error, &payload);
        let unbound = bindings(&[("org-2", None)]);
        assert_eq!(replayed(&unbound, &record).await.unwrap(), Environment::Test);
        let corrected = bindings(&[("org-2", Some(Environment::Live))]);
        assert_eq!(replayed(&corrected, &record).await.unwrap(), Environment::Live);
    }

    #[tokio::test]
    async fn an_event_of_another_environment_is_replayed_only_if_its_account_is_bound_to_it_now() {
        let payload = r#"{"event":"payment.completed","environment":"test","data":{"id":"p1"}}"#;
        let error = "of environment `test`, but its account is bound to `live`";
        let record = record("org-2", Environment::Test, error, payload);
        for bound in [None, Some(Environment::Test)] {
            let bindings = bindings(&[("org-2", bound), ("org-3", Some(Environment::Live))]);
            assert_eq!(replayed(&bindings, &record).await.unwrap(), Environment::Test);
        }
        // The last one has no secret any more: it stays as it was.
        for stored in [&[("org-2", Some(Environment::Live))], &[("org-3", None)]] {
            let error = replayed(&bindings(stored), &record).await.unwrap_err().to_string();
            assert!(
                error.contains("`acuse secrets put kuenta --account org-2 --environment test`"),
                "{error}"
            );
        }
    }
}
