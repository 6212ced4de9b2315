//! Events from the payload files of the providers' guides.

use std::cell::Cell;
use std::time::Duration;

use acuse_core::account::{Account, AccountName, Environment};
use acuse_core::clock::Timestamp;
use acuse_core::event::Event;
use acuse_core::json;
use acuse_core::provider::Provider;
use acuse_core::providers;
use acuse_core::wire::delivery::{CanonicalForm, DeliveryId};
use acuse_core::wire::envelope::Envelope;
use acuse_files::change::{self, ChangeError};
use acuse_files::{fields, payload};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::START;

/// An event in the making. [`event`](Self::event) makes it.
///
/// # Panics
/// Every method panics if what it is given does not exist, with a list of what does.
#[derive(Debug, Clone)]
#[must_use]
pub struct Sample {
    provider: &'static Provider,
    type_name: String,
    at: Timestamp,
    account: Account,
    environment: Option<Environment>,
    resource: Option<String>,
    changes: Vec<(String, Option<Box<RawValue>>)>,
}

/// An event of the built-in `provider` with the payload of its guide, such as `sample("onepay", "payment.approved")`.
/// [`Sample::of`] makes one of any provider.
///
/// It happens at [`START`], to the default account. Each [`event`](Sample::event) is about a new resource; the ids are
/// the same in every run of a test.
#[track_caller]
pub fn sample(provider: &str, type_name: &str) -> Sample {
    let known = providers::ALL.by_name(provider).unwrap_or_else(|| {
        let names: Vec<_> = providers::ALL.names().collect();
        panic!("no provider is called `{provider}`; there are {}", names.join(", "))
    });
    Sample::of(known, type_name)
}

/// A number exactly as written, for [`Sample::with`] and [`Item::has`](crate::Item::has): `number("150000.00")`.
///
/// # Panics
/// If it is not a JSON number.
#[track_caller]
pub fn number(text: &str) -> Box<RawValue> {
    let is_number = json::parse(text.as_bytes()).is_ok_and(|value| matches!(value, json::Value::Number(_)));
    assert!(is_number, "{text:?} is not a number");
    RawValue::from_string(text.to_owned()).unwrap()
}

impl Sample {
    /// An event of `provider`, which may be one of your own: `Sample::of(&wompi::PROVIDER, "transaction.updated")`. The
    /// rest is as [`sample`] says.
    #[track_caller]
    pub fn of(provider: &'static Provider, type_name: &str) -> Self {
        if let Err(error) = payload::payload(provider, type_name) {
            panic!("{error}");
        }
        Self {
            provider,
            type_name: type_name.to_owned(),
            at: START,
            account: Account::default(),
            environment: None,
            resource: None,
            changes: Vec::new(),
        }
    }

    /// Sets a value of the payload: `payment.reference`, `items.0.sku`, or a JSON pointer, `/payment/reference`. The
    /// last name may be a new one. All other values stay as the file has them, numbers to the digit.
    #[track_caller]
    pub fn with(mut self, path: &str, value: impl Serialize) -> Self {
        let value = to_raw_value(&value).expect("the value should be JSON");
        self.changes.push((path.to_owned(), Some(value)));
        self.checked()
    }

    /// Removes a value of the payload, which [`with`](Self::with) says how to name.
    #[track_caller]
    pub fn without(mut self, path: &str) -> Self {
        self.changes.push((path.to_owned(), None));
        self.checked()
    }

    /// When it happens. Some providers count whole seconds.
    pub fn at(mut self, at: Timestamp) -> Self {
        self.at = at;
        self
    }

    /// When it happens, after [`START`].
    pub fn after(self, duration: Duration) -> Self {
        self.at(START.plus(duration))
    }

    /// The account whose secret proves it.
    #[track_caller]
    pub fn account(mut self, name: &str) -> Self {
        self.account.name = AccountName::parse(name)
            .unwrap_or_else(|| panic!("{name:?} is no account's name; it should be {}", AccountName::EXPECTED));
        self
    }

    /// Test money or real money: what the payload says or, if payloads of this provider don't say, what the account is
    /// bound to.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = Some(environment);
        self
    }

    /// The id of what it happens to, instead of a new one.
    pub fn resource(mut self, id: &str) -> Self {
        self.resource = Some(id.to_owned());
        self
    }

    /// It happens to the same as `event`: another state of the same payment, for example.
    #[track_caller]
    pub fn about(self, event: &Event) -> Self {
        let resource = event.resource.as_ref().expect("the other event should have a resource");
        self.resource(&resource.id)
    }

    /// The event, as a hook gets it. Another call makes another event, about another resource unless that is
    /// [given](Self::resource).
    pub fn event(&self) -> Event {
        self.read(new_id)
    }

    /// The event of the file's own resource.
    pub(crate) fn as_written(&self) -> Event {
        self.read(str::to_owned)
    }

    fn read(&self, new_id: impl FnOnce(&str) -> String) -> Event {
        let received_at = self.at.max(START);
        let mut account = self.account.clone();
        // `checked` has seen to the changes.
        let mut body = self.written(new_id).unwrap();
        if let Some(environment) = self.environment {
            match fields::with_environment(self.provider, &body, environment) {
                Some(changed) => body = changed,
                None => account.environment = Some(environment),
            }
        }
        let mut random = [0; 10];
        random[2..].copy_from_slice(&next_number().to_be_bytes());
        let envelope = Envelope {
            account,
            provider: self.provider.name.to_owned(),
            delivery_id: DeliveryId::new(received_at, random),
            received_at,
            form: CanonicalForm::Raw,
            body: body.into(),
            content: Default::default(),
            replay: None,
        };
        Event::read(envelope, self.provider, Environment::Live)
    }

    #[track_caller]
    fn checked(self) -> Self {
        if let Err(error) = self.written(str::to_owned) {
            let type_name = format!("{}'s {}", self.provider.name, self.type_name);
            panic!("{type_name}: {error}");
        }
        self
    }

    /// The payload's text.
    fn written(&self, new_id: impl FnOnce(&str) -> String) -> Result<String, ChangeError> {
        let file = payload::payload(self.provider, &self.type_name).unwrap();
        let id = |old: &str| self.resource.clone().unwrap_or_else(|| new_id(old));
        let text = payload::renewed(self.provider, &file, self.at, id);
        self.changes.iter().try_fold(text, |text, (path, value)| match value {
            Some(value) => change::set(&text, path, value.clone()),
            None => change::unset(&text, path),
        })
    }
}

/// A new id of the same kind: `pay_…` stays `pay_…`.
fn new_id(id: &str) -> String {
    let new = next_number();
    match id.split_once('_') {
        Some((prefix, _)) => format!("{prefix}_{new:012}"),
        None => format!("00000000-0000-4000-8000-{new:012}"),
    }
}

/// Counts from 1 in each test, since each has a thread of its own.
fn next_number() -> u64 {
    thread_local!(static LAST: Cell<u64> = const { Cell::new(0) });
    LAST.with(|last| {
        last.set(last.get() + 1);
        last.get()
    })
}

#[cfg(test)]
mod tests;
