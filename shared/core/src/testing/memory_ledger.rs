//! A ledger in memory whose transactions are a mutex. It follows the rules by calling them.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::Timestamp;
use crate::event::Event;
use crate::event::key::{IdempotencyKey, Recorded};
use crate::hook::Effects;
use crate::ledger::{
    CONFLICT, Cause, Change, Claimed, Commit, ConflictRecord, HookDone, Lease, Ledger, LedgerError, LedgerResult,
    Progress, RecordAs, RecordState, Refused, StartCount, Status, decide,
};
use crate::provider::id::bounded;
use crate::wire::delivery::DeliveryId;

/// A ledger whose writes are names that are counted.
#[derive(Debug, Default)]
pub struct MemoryLedger {
    state: Mutex<State>,
    failing: Mutex<Option<(&'static [&'static str], Failure)>>,
}

/// Why a call fails, by the event's key.
type Failure = fn(&IdempotencyKey) -> Cause;

#[derive(Debug, Default)]
struct State {
    records: BTreeMap<IdempotencyKey, StoredRecord>,
    effects: BTreeMap<String, u32>,
    /// How often in a row work on a message has started without an end.
    starts: BTreeMap<String, u32>,
}

/// One record.
#[derive(Debug, Clone)]
pub struct StoredRecord {
    /// What the ledger's rules look at.
    pub state: RecordState,
    /// The delivery that brought it.
    pub delivery_id: DeliveryId,
    /// How many further deliveries came after it was finished.
    pub duplicates: u32,
    /// Why it was released or rejected.
    pub error: Option<String>,
    /// The event's type.
    pub type_name: String,
    /// When it happened.
    pub at: Timestamp,
    /// Whether an operator took it in, and the amount and its currency as sent.
    pub reconciled: (bool, Option<String>, Option<String>),
    /// Whether it is the webhook of such an event.
    pub confirmation: bool,
}

impl StoredRecord {
    fn new(event: &Event, state: RecordState) -> Self {
        Self {
            state,
            delivery_id: event.delivery_id,
            duplicates: 0,
            error: None,
            type_name: bounded(&event.type_name).into_owned(),
            at: event.at(),
            reconciled: (event.reconciled, event.amount.clone(), event.currency.clone()),
            confirmation: event.confirmation,
        }
    }
}

impl State {
    fn apply(&mut self, hooks: impl IntoIterator<Item = HookDone<Effects<&'static str>>>) {
        for write in hooks.into_iter().flat_map(|(_, effects)| effects.into_parts().0) {
            *self.effects.entry(write.to_owned()).or_default() += 1;
        }
    }
}

impl MemoryLedger {
    /// From now on the calls of these names fail and do nothing.
    pub fn fail(&self, operations: &'static [&'static str]) {
        self.fail_with(operations, |_| Cause::Outage("the ledger is down".into()));
    }

    /// The same, for this reason.
    pub fn fail_with(&self, operations: &'static [&'static str], failure: Failure) {
        *self.failing.lock().unwrap_or_else(PoisonError::into_inner) = Some((operations, failure));
    }

    fn up(&self, operation: &'static str, key: &IdempotencyKey) -> LedgerResult<()> {
        let failing = *self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        match failing.filter(|(operations, _)| operations.contains(&operation)) {
            Some((_, failure)) => Err(failed(operation, key, failure(key))),
            None => Ok(()),
        }
    }

    /// An operator's decision on a conflict: `Released` or `Rejected`. False if it is none.
    pub fn decide_conflict(&self, key: &IdempotencyKey, status: Status) -> bool {
        let mut state = self.state();
        let stored = state.records.get_mut(key);
        let open = stored.filter(|stored| stored.state.status == Status::Conflict);
        open.map(|stored| stored.state.status = status).is_some()
    }

    /// The record of `key`.
    pub fn record(&self, key: &IdempotencyKey) -> Option<StoredRecord> {
        self.state().records.get(key).cloned()
    }

    /// All records, by key.
    pub fn records(&self) -> BTreeMap<IdempotencyKey, StoredRecord> {
        self.state().records.clone()
    }

    /// How often the write of this name was made.
    pub fn applied(&self, write: &str) -> u32 {
        self.state().effects.get(write).copied().unwrap_or_default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ledger for &MemoryLedger {
    type Write = &'static str;

    async fn claim(&self, event: &Event, lease: &Lease, now: Timestamp) -> LedgerResult<Result<Claimed, Refused>> {
        self.up("claim", &event.key)?;
        let mut state = self.state();
        let found = state.records.get(&event.key).map(|stored| &stored.state);
        let progress = match decide(found, event.body_sha256(), lease, now) {
            Ok(progress) => progress,
            Err(refused) => return Ok(Err(refused)),
        };
        let claimed = RecordState::claimed(&progress, event.body_sha256(), lease);
        let stored = state.records.entry(event.key.clone());
        let stored = stored.or_insert_with(|| StoredRecord::new(event, claimed.clone()));
        stored.state = claimed;
        Ok(Ok(Claimed::under(lease, event, progress)))
    }

    async fn commit_new(
        &self,
        event: &Event,
        lease: &Lease,
        hooks: Vec<HookDone<Effects<Self::Write>>>,
        record_as: RecordAs,
        now: Timestamp,
    ) -> LedgerResult<Result<Commit, Refused>> {
        self.up("commit_new", &event.key)?;
        let mut state = self.state();
        let found = state.records.get(&event.key).map(|stored| &stored.state);
        let names = hooks.iter().map(|(name, _)| *name);
        let Some(new) = RecordState::committed(found, names, record_as, lease, event.body_sha256(), now) else {
            return Ok(decide(found, event.body_sha256(), lease, now).map(|_| Commit::Claimable));
        };
        let commit = match record_as {
            RecordAs::Completed => Commit::Completed,
            RecordAs::Claimed => Commit::Claimed(Claimed::under(lease, event, Progress::new(new.hooks.clone()))),
        };
        state.records.insert(event.key.clone(), StoredRecord::new(event, new));
        state.apply(hooks);
        Ok(Ok(commit))
    }

    async fn change(
        &self,
        claimed: &Claimed,
        change: Change<Effects<Self::Write>>,
        now: Timestamp,
    ) -> LedgerResult<()> {
        let operation = change.operation();
        self.up(operation, &claimed.key)?;
        let mut state = self.state();
        let changed = state.records.get_mut(&claimed.key).and_then(|stored| {
            let next = stored.state.changed(&claimed.lease_token, &change, now)?;
            Some((stored, next))
        });
        let Some((stored, next)) = changed else {
            return Err(failed(operation, &claimed.key, Cause::LeaseLost));
        };
        stored.state = next;
        match change {
            Change::RecordHook(hook) => state.apply([hook]),
            Change::Complete(last) => {
                stored.error = None;
                state.apply(last);
            }
            Change::Release { error: why, .. } | Change::Reject { reason: why } => stored.error = Some(why),
        }
        Ok(())
    }

    async fn keep_conflict(&self, event: &Event, message_id: &str, _now: Timestamp) -> LedgerResult<ConflictRecord> {
        self.up("keep_conflict", &event.key)?;
        let key = event.key.conflict(event.body_sha256());
        let mut state = self.state();
        let found = state.records.get(&key).map(|found| &found.state);
        let Some(new) = RecordState::conflict(found, event.body_sha256(), message_id) else {
            return Ok(match found.is_some_and(|found| found.message_id == message_id) {
                true => ConflictRecord::New,
                false => ConflictRecord::Known,
            });
        };
        let mut stored = StoredRecord::new(event, new);
        stored.error = Some(CONFLICT.to_owned());
        state.records.insert(key, stored);
        Ok(ConflictRecord::New)
    }

    async fn is_completed(&self, event: &Event) -> LedgerResult<bool> {
        self.up("is_completed", &event.key)?;
        let state = self.state();
        let found = state.records.get(&event.key).map(|stored| &stored.state);
        let is =
            |found: &RecordState| RecordState::completed_with(found.status, &found.body_sha256, event.body_sha256());
        Ok(found.is_some_and(is))
    }

    async fn count_duplicate(&self, key: &IdempotencyKey, delivery: DeliveryId, _now: Timestamp) -> LedgerResult<()> {
        self.up("count_duplicate", key)?;
        let mut state = self.state();
        if let Some(stored) = state
            .records
            .get_mut(key)
            .filter(|stored| stored.delivery_id != delivery)
        {
            stored.duplicates += 1;
        }
        Ok(())
    }

    async fn recorded(&self, key: &IdempotencyKey) -> LedgerResult<Option<Recorded>> {
        self.up("recorded", key)?;
        Ok(self.state().records.get(key).map(|stored| Recorded {
            type_name: stored.type_name.clone(),
            body_sha256: stored.state.body_sha256.clone(),
            reconciled: stored.reconciled.0,
            rejected: stored.state.status == Status::Rejected,
            erased: stored.state.erased,
            amount: stored.reconciled.1.clone(),
            currency: stored.reconciled.2.clone(),
        }))
    }

    async fn overtaken(&self, event: &Event) -> LedgerResult<bool> {
        self.up("overtaken", &event.key)?;
        let state = self.state();
        let mut records = state.records.iter();
        Ok(records.any(|(key, stored)| {
            key.partition == event.key.partition
                && stored.state.status == Status::Completed
                && !stored.confirmation
                && stored.at > event.at()
        }))
    }

    async fn count_starts(&self, message_id: &str, count: StartCount, _now: Timestamp) -> LedgerResult<u32> {
        self.up("count_starts", &IdempotencyKey::new(message_id, ""))?;
        let mut state = self.state();
        let starts = state.starts.entry(message_id.to_owned()).or_default();
        *starts = match count {
            StartCount::Add => *starts + 1,
            StartCount::TakeBack => starts.saturating_sub(1),
            StartCount::Reset => 0,
        };
        Ok(*starts)
    }
}

fn failed(operation: &'static str, key: &IdempotencyKey, cause: Cause) -> LedgerError {
    LedgerError {
        operation,
        key: key.clone(),
        cause,
    }
}
