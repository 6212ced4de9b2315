//! What accounts are bound to now. Events that are replayed or redriven are checked against it, since an operator may
//! have bound an account, or corrected its binding, after they were received.

use std::collections::BTreeMap;
use std::sync::Arc;

use acuse_aws::ledger::record::Record;
use acuse_core::account::AccountName;
use acuse_core::consume::SetAside;
use acuse_core::error::chain;
use acuse_core::event::{Environment, Event, payload};
use acuse_core::provider::Provider;
use acuse_core::receive::secrets::Accounts;
use acuse_core::receive::{SecretStore, StoreError};
use acuse_core::wire::envelope::Envelope;

use crate::registry::providers;
use crate::stack::error::StackError;
use crate::stack::events::set_aside_reason;
use crate::stack::target::{Target, TargetError};

/// The accounts of some providers.
#[derive(Debug)]
pub struct Bindings {
    accounts: BTreeMap<&'static str, Result<Accounts, Arc<StoreError>>>,
    own: Environment,
    as_bound: bool,
}

impl Bindings {
    /// The bindings of `target`'s accounts, none of which is read yet.
    pub fn of(target: &Target) -> Self {
        Self {
            accounts: BTreeMap::new(),
            own: target.environment(),
            as_bound: false,
        }
    }

    /// Replays events whose payload names no environment as events of the one that their account is bound to now, after
    /// a wrong binding was corrected.
    #[must_use]
    pub fn as_bound(self, as_bound: bool) -> Self {
        Self { as_bound, ..self }
    }

    /// Reads what the accounts of these records are bound to.
    pub async fn read(mut self, target: &Target, records: &[Record]) -> Result<Self, StackError> {
        for record in records {
            self.load(target, &record.provider).await?;
            self.bound(&record.key, &record.provider, &record.account, bound_before(record))?;
        }
        Ok(self)
    }

    /// Reads what the accounts of the provider with this name are bound to, once.
    pub async fn load(&mut self, target: &Target, provider: &str) -> Result<(), TargetError> {
        if let Some(provider) = providers().by_name(provider)
            && !self.accounts.contains_key(provider.name)
            // Its secret is no longer part of the stack, and events stay as they were recorded.
            && target.is_used(provider).is_ok()
        {
            let read = target.secrets(provider)?.load().await;
            self.accounts.insert(provider.name, read.map_err(Arc::new));
        }
        Ok(())
    }

    /// What to tell the operator of bindings that can't be read.
    pub fn unread(&self) -> impl Iterator<Item = String> {
        self.accounts.iter().filter_map(|(provider, read)| {
            let error = chain(read.as_ref().err()?);
            Some(format!(
                "whether `{provider}` is bound to an environment could not be read: {error}; events are replayed as recorded"
            ))
        })
    }

    /// Checks that the event is of the environment that its account is bound to now.
    pub fn check(&self, event: &Event) -> Result<(), StackError> {
        let (key, name) = (event.key.to_string(), &event.account.name);
        match self.bound(&key, event.provider, name, None)? {
            Some(bound) if bound != event.environment => Err(StackError::StillBound {
                key,
                named: event.environment,
                bound,
                provider: event.provider,
                account: name.clone(),
                hint: "",
            }),
            _ => Ok(()),
        }
    }

    /// Puts the record's account into the message that queues its event again, so that it stays an event of its
    /// record's environment: without that, a payload that names none would be of the one that its account is bound to
    /// by now, and test money could pose as live. It is an error if the account is bound to another one.
    pub(super) fn bind(
        &self,
        envelope: &mut Envelope,
        provider: &'static Provider,
        record: &Record,
    ) -> Result<(), StackError> {
        let bound = self.bound(&record.key, provider.name, &record.account, bound_before(record))?;
        envelope.account.name = record.account.clone();
        let mut read_as = |environment| {
            envelope.account.environment = environment;
            let event = payload::events(envelope, provider, self.own).into_iter().next();
            event.map(|event| (event.environment, event.unreadable.is_none()))
        };
        // What the payload names comes first.
        let own = read_as(Environment::from_name(&record.environment)).map(|(environment, _)| environment);
        let environment = match (bound, own) {
            (Some(bound), Some(named)) if bound != named => {
                let names_none = read_as(Some(bound)) == Some((bound, true)) && record.conflict_of.is_none();
                if !(names_none && self.as_bound) {
                    return Err(StackError::StillBound {
                        key: record.key.clone(),
                        named,
                        bound,
                        provider: provider.name,
                        account: record.account.clone(),
                        hint: if names_none { AS_BOUND } else { "" },
                    });
                }
                Some(bound)
            }
            // As consumers from before accounts can read it.
            (None, _) if record.account.is_default() && read_as(None).map(|(unbound, _)| unbound) == own => None,
            _ => own,
        };
        envelope.account.environment = environment;
        Ok(())
    }

    /// What the account is bound to now; if it has no secret any more, what it was bound to `before`. The default
    /// account of most stacks is not bound, so that replaying its events needs no permission to read secrets.
    fn bound(
        &self,
        key: &str,
        provider: &str,
        name: &AccountName,
        before: Option<Environment>,
    ) -> Result<Option<Environment>, StackError> {
        match self.accounts.get(provider) {
            Some(Ok(accounts)) => {
                let usable = accounts.get(name.as_str()).and_then(Result::ok);
                let stored = usable
                    .filter(|own| !own.is_empty())
                    .map(|own| own.account().environment);
                Ok(stored.unwrap_or(before))
            }
            Some(Err(source)) if !name.is_default() || before.is_some() || self.as_bound => Err(StackError::Binding {
                key: key.to_owned(),
                source: Arc::clone(source),
            }),
            _ => Ok(before),
        }
    }
}

/// What helps where the payload names no environment.
const AS_BOUND: &str =
    ". If it was wrong and is right now, add `--as-bound` to `acuse events replay`: the payload names no environment";

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
    use acuse_core::clock::Timestamp;
    use acuse_core::providers::kuenta;
    use acuse_core::receive::secrets::{Secrets, StoredAccount};
    use acuse_core::wire::delivery::{CanonicalForm, DeliveryId};
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
        let envelope = Envelope::from_message(message.text.clone(), |name| message.attribute(name)).unwrap();
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
        of(Ok(accounts))
    }

    fn of(read: Result<Accounts, StoreError>) -> Bindings {
        Bindings {
            accounts: BTreeMap::from([("kuenta", read.map_err(Arc::new))]),
            own: OWN,
            as_bound: false,
        }
    }

    fn denied() -> Bindings {
        of(Err(StoreError::Unreachable {
            secret: "kuenta".to_owned(),
            source: "not for you".into(),
        }))
    }

    const FAILED: &str = "hook `h`: no such order";

    #[tokio::test]
    async fn a_payload_without_environment_stays_in_the_environment_of_its_record() {
        let payload = sample::payload(&kuenta::PROVIDER, "payment.completed").unwrap();
        for environment in [Environment::Live, Environment::Test] {
            let record = record("default", environment, FAILED, &payload);
            for bindings in [denied(), bindings(&[]), bindings(&[("default", Some(environment))])] {
                assert_eq!(replayed(&bindings, &record).await.unwrap(), environment);
            }
        }
        // Its account was bound to `test` while it was set up, and is live now.
        let error = "of environment `test`, which this stack does not take";
        let record = record("org-2", Environment::Test, error, &payload);
        for bound in [None, Some(Environment::Test)] {
            let bindings = bindings(&[("org-2", bound)]);
            assert_eq!(replayed(&bindings, &record).await.unwrap(), Environment::Test);
        }
        let live = bindings(&[("org-2", Some(Environment::Live))]);
        let error = replayed(&live, &record).await.unwrap_err().to_string();
        assert!(
            error.contains("is bound to `live`") && error.contains("`--as-bound`"),
            "{error}"
        );
        // The binding was wrong.
        assert_eq!(
            replayed(&live.as_bound(true), &record).await.unwrap(),
            Environment::Live
        );
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
            let bindings = bindings(stored).as_bound(true);
            let error = replayed(&bindings, &record).await.unwrap_err().to_string();
            assert!(
                error.ends_with("(`acuse secrets bind kuenta --account org-2 --environment test`) and run this again"),
                "{error}"
            );
        }
    }

    #[tokio::test]
    async fn an_account_that_was_bound_after_the_event_takes_no_other_environment() {
        let payload = r#"{"event":"payment.completed","environment":"live","data":{"id":"p1"}}"#;
        let record = record("default", Environment::Live, FAILED, payload);
        let test = bindings(&[("default", Some(Environment::Test))]);
        let error = replayed(&test, &record).await.unwrap_err();
        assert!(matches!(error, StackError::StillBound { .. }), "{error}");
        // As it was before it was bound.
        for bindings in [bindings(&[]), denied()] {
            assert_eq!(replayed(&bindings, &record).await.unwrap(), Environment::Live);
        }
    }

    #[tokio::test]
    async fn only_the_default_account_needs_no_permission_to_read_its_binding() {
        let payload = sample::payload(&kuenta::PROVIDER, "payment.completed").unwrap();
        let of_binding = "of environment `test`, but its account is bound to `live`";
        for (account, error, bindings) in [
            ("org-2", FAILED, denied()),
            ("default", of_binding, denied()),
            ("default", FAILED, denied().as_bound(true)),
        ] {
            let record = record(account, Environment::Test, error, &payload);
            let error = replayed(&bindings, &record).await.unwrap_err();
            assert!(matches!(error, StackError::Binding { .. }), "{error}");
        }
        let told: Vec<_> = denied().unread().collect();
        let [told] = &told[..] else { panic!("{told:?}") };
        assert!(
            told.starts_with("whether `kuenta` is bound to an environment could not be read: ")
                && told.ends_with("not for you; events are replayed as recorded"),
            "{told}"
        );
        assert_eq!(bindings(&[]).unread().count(), 0);
    }

    #[test]
    fn a_dead_letter_is_read_under_its_own_account_and_compared_with_the_binding_of_now() {
        let event = |account: &str, environment| {
            let envelope = Envelope {
                provider: "kuenta".to_owned(),
                account: acuse_core::account::Account {
                    name: AccountName::parse(account).unwrap(),
                    environment,
                },
                content: Default::default(),
                delivery_id: DeliveryId::new(Timestamp::from_millis(0), [7; 10]),
                received_at: Timestamp::from_millis(0),
                form: CanonicalForm::Raw,
                body: sample::payload(&kuenta::PROVIDER, "payment.completed").unwrap().into(),
                replay: None,
            };
            Event::read(envelope, &kuenta::PROVIDER, OWN)
        };
        let test = bindings(&[("default", Some(Environment::Test)), ("org-2", None)]);
        let error = test.check(&event("default", None)).unwrap_err();
        assert!(matches!(error, StackError::StillBound { hint: "", .. }), "{error}");
        for (account, environment) in [
            ("default", Some(Environment::Test)),
            ("org-2", None),
            ("org-2", Some(Environment::Live)),
            ("removed", None),
        ] {
            test.check(&event(account, environment)).unwrap();
        }
        denied().check(&event("default", None)).unwrap();
        assert!(denied().check(&event("org-2", None)).is_err());
    }
}
