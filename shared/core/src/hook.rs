//! Where the owner's business code plugs in.

use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::error::chain;
use crate::event::{Event, Mismatch};

/// One concern of the merchant's business: it is called once for each event, and recorded when
/// it is done, so that a retry calls only the hooks that are not.
///
/// `W` is one write of the ledger's database. A hook that *returns* its writes instead of doing
/// them has its effect exactly once, also across a crash: they commit in the transaction that
/// records the hook as done. A hook with other effects (a call to another system) is called
/// at least once: hand [`Event::key`] on as the idempotency key there.
#[async_trait]
pub trait Hook<W>: Send + Sync {
    /// The name under which the ledger records it. Renaming a hook makes it a new one.
    fn name(&self) -> &'static str;

    /// Whether it matters to this hook that events come out of order. Asking costs a read of the
    /// ledger for each event.
    fn order(&self) -> Order {
        Order::Any
    }

    /// Whether this hook has no effect but the writes it returns: it may read, and changes nothing
    /// itself. The writes of the first hooks that say so commit with the claim of a new event, or where
    /// all say so with its completion: this costs the ledger one call, and needs no lease.
    ///
    /// Such a hook is called *before* anybody knows whether the event is new: also for a duplicate,
    /// and by two consumers at once. Of all its calls for an event, the writes of one count.
    fn transactional(&self) -> bool {
        false
    }

    /// Does the work for `event`, or says what to write.
    ///
    /// # Errors
    /// [`HookError::Retry`] where it may work later (what `?` gives for any error);
    /// [`HookError::Reject`] where it never will (what `?` gives for a payload of another shape).
    async fn call(&self, event: &Event, attempt: Attempt) -> Result<Effects<W>, HookError>;
}

/// What a hook wants where a later event of the same resource is completed already: a
/// `cashout.processing` that comes after its `cashout.processed`.
///
/// Two events of one resource that are worked on at the same moment don't know of each other. A
/// hook that must never be mistaken puts a condition on its writes: see [`Effects::or`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// It does not matter: the hook is called, and not told.
    #[default]
    Any,
    /// It is told, by [`Attempt::late`].
    Told,
    /// It is not called, and recorded as done.
    SkipLate,
}

/// Which try this is, and how long it may take.
#[derive(Debug, Clone, Copy)]
pub struct Attempt {
    /// 1 for the first.
    pub number: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// When it is cut: what has not been returned by then is retried.
    pub deadline: Timestamp,
    /// A later event of the same resource is completed already. False for a hook that does not
    /// [ask](Hook::order).
    pub late: bool,
}

/// What a hook wants written in the transaction that records it as done.
#[derive(Debug, Clone)]
#[must_use]
pub struct Effects<W> {
    writes: Vec<W>,
    otherwise: Option<Vec<W>>,
}

/// Why a hook could not do its work. Not itself an [`Error`], so that `?` turns every error
/// into [`HookError::Retry`]; on [`Event::payload`] it gives [`HookError::Reject`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HookError {
    /// It may work later.
    Retry {
        /// For the record and the log.
        reason: String,
        /// Not before this has passed; by itself the delay grows with the attempts.
        after: Option<Duration>,
    },
    /// It never will: the event is recorded as rejected and kept in the dead-letter queue.
    Reject {
        /// For the record, the log and the dead-letter queue.
        reason: String,
    },
}

impl<W> Effects<W> {
    /// Nothing to write: the hook has done its work itself, or had none.
    pub fn none() -> Self {
        Self::writes(Vec::new())
    }

    /// One write.
    pub fn write(write: W) -> Self {
        Self::writes(vec![write])
    }

    /// Several writes, all or none. DynamoDB takes 100 in a transaction, one is the ledger's.
    pub fn writes(writes: Vec<W>) -> Self {
        Self {
            writes,
            otherwise: None,
        }
    }

    /// Where a condition of these writes does not hold, those of `other` instead: what keeps a late
    /// event from moving a payment backwards, whoever is first. Without this, such a hook is retried.
    pub fn or(mut self, other: Self) -> Self {
        self.otherwise = Some(other.writes);
        self
    }

    /// Whether there is nothing to write.
    pub fn is_none(&self) -> bool {
        self.writes.is_empty()
    }

    /// The writes in their order, and those instead.
    pub fn into_parts(self) -> (Vec<W>, Option<Vec<W>>) {
        (self.writes, self.otherwise)
    }
}

impl HookError {
    /// It may work later.
    pub fn retry(reason: impl Into<String>) -> Self {
        Self::Retry {
            reason: reason.into(),
            after: None,
        }
    }

    /// It may work once `after` has passed: no delivery of the event is tried before, unless an operator sends
    /// it again.
    pub fn retry_after(after: Duration, reason: impl Into<String>) -> Self {
        Self::Retry {
            reason: reason.into(),
            after: Some(after),
        }
    }

    /// It never will.
    pub fn reject(reason: impl Into<String>) -> Self {
        Self::Reject { reason: reason.into() }
    }
}

impl<E: Error> From<E> for HookError {
    fn from(error: E) -> Self {
        Self::retry(chain(&error))
    }
}

/// The payload would be the same another time.
impl From<Mismatch> for HookError {
    fn from(mismatch: Mismatch) -> Self {
        Self::reject(mismatch.to_string())
    }
}
