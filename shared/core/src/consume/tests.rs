mod accounts;
mod attempts;
mod batch;
mod completion;
mod conflict;
mod counts;
mod edges;
mod failures;
mod legacy_key;
mod order;
mod parts;
mod payload;
mod poison;
mod reconciled;
mod repeat;
mod retries;
mod set_aside;
mod single_call;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;

use super::*;
use crate::event::Event;
use crate::event::key::IdempotencyKey;
use crate::hook::{Attempt, Effects, HookError, Order};
use crate::ledger::{Cause, Change, Claimed, Lease, LedgerError, Override, ReleaseCause, StartCount, Status};
use crate::testing::{Dice, FakeInbox, MemoryLedger, StoppedClock};

type Act = dyn Fn(&Event, Attempt) -> Result<Effects<&'static str>, HookError> + Send + Sync;

/// A hook that does as it is told and counts its calls.
#[derive(Clone)]
struct Told {
    name: &'static str,
    transactional: bool,
    order: Order,
    wants: bool,
    calls: Arc<AtomicU32>,
    act: Arc<Act>,
}

impl Told {
    fn to(
        name: &'static str,
        act: impl Fn(&Event, Attempt) -> Result<Effects<&'static str>, HookError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name,
            transactional: false,
            order: Order::Any,
            wants: true,
            calls: Arc::default(),
            act: Arc::new(act),
        }
    }

    /// The same hook, transactional.
    fn writes_only(self) -> Self {
        Self {
            transactional: true,
            ..self
        }
    }

    /// The same hook, which has nothing to do.
    fn wants_nothing(self) -> Self {
        Self { wants: false, ..self }
    }

    fn calls(&self) -> u32 {
        self.calls.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl AnyHook<&'static str> for Told {
    fn name(&self) -> &'static str {
        self.name
    }

    fn transactional(&self) -> bool {
        self.transactional
    }

    fn order(&self) -> Order {
        self.order
    }

    async fn wants(&self, _: &Event) -> bool {
        self.wants
    }

    async fn call(&self, event: &Event, attempt: Attempt) -> Result<Effects<&'static str>, HookError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        (self.act)(event, attempt)
    }
}

/// A consumer's fakes.
struct Scene {
    ledger: MemoryLedger,
    inbox: FakeInbox,
    clock: StoppedClock,
    policy: Policy,
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            ledger: MemoryLedger::default(),
            inbox: FakeInbox::default(),
            clock: StoppedClock::at(Timestamp::from_seconds(1_700_000_000)),
            policy: Policy {
                environment: None,
                retention: Duration::from_secs(90 * 24 * 3600),
                backoff: Backoff {
                    base: Duration::from_secs(2),
                    max: Duration::from_secs(900),
                },
                max_attempts: 120,
                wait_policy: WaitPolicy::default(),
                concurrency: 10,
            },
        }
    }
}

impl Scene {
    async fn consume(&self, hooks: &[&Told], batch: Vec<Received>) -> Vec<String> {
        self.consume_within(hooks, batch, Duration::from_secs(30)).await
    }

    async fn consume_within(&self, hooks: &[&Told], batch: Vec<Received>, time: Duration) -> Vec<String> {
        let hooks = hooks.iter().map(|hook| Box::new((*hook).clone()) as Box<_>).collect();
        let consumer = Consumer::new(
            crate::providers::ALL,
            &self.ledger,
            &self.inbox,
            hooks,
            self.policy.clone(),
            self.clock.clone(),
            Dice::fixed(u128::MAX),
        )
        .unwrap();
        consumer.consume(batch, self.clock.now().plus(time)).await
    }

    /// Until the message that was returned last comes back.
    fn wait(&self) {
        let returned = self.inbox.returned();
        self.clock
            .advance(returned.last().map_or(Duration::ZERO, |(_, delay)| *delay));
    }

    /// Somebody else's claim.
    async fn claimed(&self, event: &Event, lasts: Duration) -> Claimed {
        let now = self.clock.now();
        let lease = Lease {
            token: format!("somebody else's, since {now}"),
            expires_at: now.plus(lasts),
            message_id: "somebody else's".to_owned(),
            overrides: Override::None,
        };
        (&self.ledger).claim(event, &lease, now).await.unwrap().unwrap()
    }

    /// A change by somebody else.
    async fn change(&self, claimed: &Claimed, change: Change<Effects<&'static str>>) -> Result<(), LedgerError> {
        (&self.ledger).change(claimed, change, self.clock.now()).await
    }

    /// Starts work on a message that never ends; how many times in a row.
    async fn start(&self, message_id: &str) -> u32 {
        let (ledger, now) = (&self.ledger, self.clock.now());
        ledger.count_starts(message_id, StartCount::Add, now).await.unwrap()
    }

    fn statuses(&self) -> Vec<(String, Status)> {
        let records = self.ledger.records();
        records
            .into_iter()
            .map(|(key, stored)| (key.sort, stored.state.status))
            .collect()
    }
}

/// Each is another delivery.
fn message(id: &str, provider: &str, body: &str) -> Received {
    static DELIVERIES: AtomicU32 = AtomicU32::new(0);
    let delivery_id = format!(
        "018bcfe5-6800-7707-8707-{:012x}",
        DELIVERIES.fetch_add(1, Ordering::Relaxed)
    );
    let attributes = [
        ("envelope", "1"),
        ("provider", provider),
        ("delivery_id", delivery_id.as_str()),
        ("received_at", "1700000000000"),
        ("form", "raw"),
    ];
    Received {
        message_id: id.to_owned(),
        receipt: format!("receipt of {id}"),
        text: body.into(),
        attributes: attributes
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        trace: None,
        receives: 1,
        sent_at: None,
    }
}

fn payment(id: &str) -> Received {
    message(
        id,
        "kuenta",
        &format!(r#"{{"event":"payment.completed","data":{{"id":"{id}"}}}}"#),
    )
}

fn ok(name: &'static str) -> Told {
    Told::to(name, move |_, _| Ok(Effects::writes(vec![name])))
}

/// The event of a message from `kuenta`.
fn event_of(message: &Received) -> Event {
    read(&crate::providers::kuenta::PROVIDER, message)
}

fn read(provider: &'static Provider, message: &Received) -> Event {
    let attribute = |name: &str| message.attributes.get(name).map(String::as_str);
    let envelope = Envelope::from_message(message.text.clone(), attribute).unwrap();
    Event::read(envelope, provider, Environment::Live)
}

/// What was counted, as `Name{Outcome} = n`; histograms by the number of their values.
fn counted(snapshotter: &metrics_util::debugging::Snapshotter) -> Vec<String> {
    use metrics_util::debugging::DebugValue;
    let mut lines: Vec<String> = snapshotter
        .snapshot()
        .into_vec()
        .into_iter()
        .map(|(key, _, _, value)| {
            let (_, key) = key.into_parts();
            let labels: Vec<&str> = key.labels().map(metrics::Label::value).collect();
            let value = match value {
                DebugValue::Counter(count) => count.to_string(),
                DebugValue::Histogram(values) => format!("{} values", values.len()),
                DebugValue::Gauge(_) => "a gauge".to_owned(),
            };
            format!("{}{labels:?} = {value}", key.name())
        })
        .collect();
    lines.sort();
    lines
}
