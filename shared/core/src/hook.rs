//! Where the owner's business code plugs in.

use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::error::chain;
use crate::event::{Event, Mismatch};

/// One concern of the merchant's business. It is called once for each event and recorded when it is done, so that a
/// retry calls only the hooks that are not.
///
/// `W` is one write to the ledger's database. A hook that *returns* its writes instead of making them has its effect
/// exactly once, even across a crash: they commit in the transaction that records the hook as done. A hook with
/// external side effects (a call to another system) is called at least once: pass [`Event::key`] on as the
/// idempotency key there.
#[async_trait]
pub trait AnyHook<W>: Send + Sync {
    /// The name under which the ledger records it. A renamed hook is a new one.
    fn name(&self) -> &'static str;

    /// Whether the order of events matters to this hook. Anything but [`Order::Any`] costs a read of the ledger for
    /// each event.
    fn order(&self) -> Order {
        Order::Any
    }

    /// Whether the writes that this hook returns are its only effect: it may read, but changes nothing itself. The
    /// writes of the first hooks that say so commit with the claim of a new event or, if all hooks say so, with its
    /// completion. That is one call to the ledger, without a lease.
    ///
    /// Such a hook is called *before* anybody knows whether the event is new: for duplicates as well, and by two
    /// consumers at once. The writes of only one of these calls are made.
    fn transactional(&self) -> bool {
        false
    }

    /// Whether it has anything to do for `event`. If not, it is neither called nor recorded for this event, as if it were
    /// not there. It changes nothing, and may be asked several times.
    async fn wants(&self, _event: &Event) -> bool {
        true
    }

    /// Does the work for `event`, or returns what to write.
    ///
    /// # Errors
    /// [`HookError::Retry`] if it may succeed later (`?` turns any error into it); [`HookError::Reject`] if it never
    /// will (`?` turns a payload of another shape into it).
    async fn call(&self, event: &Event, attempt: Attempt) -> Result<Effects<W>, HookError>;
}

/// What a hook wants when a later event of the same resource is completed already, such as a `cashout.processing`
/// that arrives after its `cashout.processed`.
///
/// Two events of one resource that are worked on at the same moment don't know of each other. A hook that must not
/// be mistaken puts a condition on its writes: see [`Effects::or`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The order does not matter: the hook is called, and not told.
    #[default]
    Any,
    /// The hook is called, and told by [`Attempt::late`].
    Told,
    /// The hook is not called, and recorded as done.
    SkipLate,
}

/// Which attempt this is, and how long it may take.
#[derive(Debug, Clone, Copy)]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// When it is cut off: a hook that has not returned by then is retried.
    pub deadline: Timestamp,
    /// A later event of the same resource is completed already. Always false for a hook that does not
    /// [ask](AnyHook::order).
    pub late: bool,
}

/// What a hook wants written in the transaction that records it as done.
#[derive(Debug, Clone)]
#[must_use]
pub struct Effects<W> {
    writes: Vec<W>,
    otherwise: Option<Vec<W>>,
    destinations: Vec<String>,
}

/// Why a hook failed. It is no [`Error`] itself, so that `?` turns every error into [`HookError::Retry`], but that of
/// [`Event::payload`] into [`HookError::Reject`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookError {
    /// It may succeed later.
    Retry {
        /// For the record and the log.
        reason: String,
        /// The shortest wait; without it, the wait grows with the attempts.
        after: Option<Duration>,
    },
    /// It never will: the event is recorded as rejected and kept in the dead-letter queue.
    Reject {
        /// For the record, the log and the dead-letter queue.
        reason: String,
    },
}

impl<W> Effects<W> {
    /// Nothing to write: the hook has done its work itself, or had none to do.
    pub fn none() -> Self {
        Self::writes(Vec::new())
    }

    /// Several writes, all or none. DynamoDB takes 100 in a transaction, one of which is the ledger's.
    pub fn writes(writes: Vec<W>) -> Self {
        Self {
            writes,
            otherwise: None,
            destinations: Vec::new(),
        }
    }

    /// If a condition of these writes is false, those of `other` are made instead. So a late event does not move a
    /// payment backwards, whichever comes first. Without this, such a hook is retried.
    pub fn or(mut self, other: Self) -> Self {
        self.otherwise = Some(other.writes);
        self
    }

    /// Among these writes is what the destinations of these names are owed: the event's record lists them.
    pub fn owed_to(mut self, destinations: impl IntoIterator<Item = String>) -> Self {
        self.destinations.extend(destinations);
        self
    }

    /// The names of the destinations to which the event is owed by these writes.
    pub fn destinations(&self) -> &[String] {
        &self.destinations
    }

    /// Whether there is nothing to write.
    pub fn is_none(&self) -> bool {
        self.writes.is_empty()
    }

    /// The writes in their order, and those to make instead.
    pub fn into_parts(self) -> (Vec<W>, Option<Vec<W>>) {
        (self.writes, self.otherwise)
    }
}

impl HookError {
    /// It may succeed later.
    pub fn retry(reason: impl Into<String>) -> Self {
        Self::Retry {
            reason: reason.into(),
            after: None,
        }
    }

    /// It may succeed once `after` has passed: no delivery of the event is tried before, unless an operator replays
    /// it.
    pub fn retry_after(after: Duration, reason: impl Into<String>) -> Self {
        Self::Retry {
            reason: reason.into(),
            after: Some(after),
        }
    }

    /// It will never succeed.
    pub fn reject(reason: impl Into<String>) -> Self {
        Self::Reject { reason: reason.into() }
    }
}

/// Any error, `anyhow`'s and plain text included.
impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for HookError {
    fn from(error: E) -> Self {
        Self::retry(chain(&*error.into()))
    }
}

/// The payload will be the same next time.
impl From<Mismatch> for HookError {
    fn from(mismatch: Mismatch) -> Self {
        Self::reject(mismatch.to_string())
    }
}
