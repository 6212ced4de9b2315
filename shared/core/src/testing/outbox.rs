//! A verifier's ports in memory: its queues and its secret store.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::account::AccountName;
use crate::clock::Timestamp;
use crate::provider::Provider;
use crate::receive::registration::Window;
use crate::receive::secrets::Accounts;
use crate::receive::{Outbox, OutboxError, SecretStore, StoreError};
use crate::wire::envelope::Message;

/// Queues in memory.
#[derive(Debug, Default)]
pub struct FakeOutbox {
    queued: Mutex<Vec<Message>>,
    quarantined: Mutex<Vec<Message>>,
    /// While true, every call fails.
    pub down: AtomicBool,
}

impl FakeOutbox {
    /// What was queued, in order.
    pub fn queued(&self) -> Vec<Message> {
        self.queued.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was quarantined, in order.
    pub fn quarantined(&self) -> Vec<Message> {
        self.quarantined.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn put(&self, queue: &'static str, to: &Mutex<Vec<Message>>, message: Message) -> Result<(), OutboxError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(OutboxError {
                queue,
                source: "the queue is down".into(),
            });
        }
        to.lock().unwrap_or_else(PoisonError::into_inner).push(message);
        Ok(())
    }
}

impl Outbox for &FakeOutbox {
    async fn queue(&self, _group: &str, message: Message) -> Result<(), OutboxError> {
        self.put("event", &self.queued, message)
    }

    async fn quarantine(&self, message: Message) -> Result<(), OutboxError> {
        self.put("quarantine", &self.quarantined, message)
    }
}

/// A secret store in memory.
#[derive(Debug)]
pub struct FakeStore {
    provider: &'static Provider,
    json: Mutex<String>,
    window: Mutex<Option<Window>>,
    /// While true, every call fails.
    pub down: AtomicBool,
    /// How often it was asked for secrets.
    pub loads: AtomicUsize,
    /// How often it was asked for the registration window.
    pub looks: AtomicUsize,
}

impl FakeStore {
    /// A store with `json` for `provider`.
    pub fn holding(provider: &'static Provider, json: &str) -> Self {
        Self {
            provider,
            json: Mutex::new(json.to_owned()),
            window: Mutex::new(None),
            down: AtomicBool::new(false),
            loads: AtomicUsize::new(0),
            looks: AtomicUsize::new(0),
        }
    }

    /// Puts another value.
    pub fn put(&self, json: &str) {
        *self.json.lock().unwrap_or_else(PoisonError::into_inner) = json.to_owned();
    }

    /// Opens a registration window of the default account, or closes it.
    pub fn register(&self, until: Option<Timestamp>) {
        self.open(until.map(|until| Window {
            account: AccountName::DEFAULT,
            until,
        }));
    }

    /// Opens this registration window, or closes it.
    pub fn open(&self, window: Option<Window>) {
        *self.window.lock().unwrap_or_else(PoisonError::into_inner) = window;
    }

    fn unless_down<T>(&self, value: T) -> Result<T, StoreError> {
        match self.down.load(Ordering::SeqCst) {
            false => Ok(value),
            true => Err(StoreError::Unreachable {
                secret: self.provider.name.to_owned(),
                source: "the store is down".into(),
            }),
        }
    }
}

impl SecretStore for &FakeStore {
    async fn load(&self) -> Result<Accounts, StoreError> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        self.unless_down(())?;
        let json = self.json.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Accounts::parse(self.provider, &json)?.unwrap_or_default())
    }

    async fn registration(&self) -> Result<Option<Window>, StoreError> {
        self.looks.fetch_add(1, Ordering::SeqCst);
        self.unless_down(self.window.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}
