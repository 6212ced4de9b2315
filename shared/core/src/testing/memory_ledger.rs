//! A ledger in memory: what a transaction is, is a mutex. It follows the rules by calling them.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::Timestamp;
use crate::event::Event;
use crate::event::key::{IdempotencyKey, Recorded};
use crate::hook::Effects;
use crate::ledger::{
    Blame, CONFLICT, Change, Claim, Claimed, Decision, Extent, Kept, Lease, Ledger, LedgerError, RecordState, Replay,
    Settlement, Status, Taken, decide,
};
use crate::provider::id::bounded;

/// A ledger whose writes are names that are counted.
#[derive(Debug, Default)]
pub struct MemoryLedger {
    state: Mutex<State>,
    failing: Mutex<Option<(&'static [&'static str], Failure)>>,
}

/// What a failing call answers, by its name and the event's key.
type Failure = fn(&'static str, IdempotencyKey) -> LedgerError;

#[derive(Debug, Default)]
struct State {
    records: BTreeMap<IdempotencyKey, Stored>,
    effects: BTreeMap<String, u32>,
    /// How often work on a message has begun, and not ended.
    begun: BTreeMap<String, u32>,
}

/// One record.
#[derive(Debug, Clone)]
pub struct Stored {
    /// What `decide` looks at.
    pub standing: RecordState,
    /// The fence.
    pub lease_token: String,
    /// Finished events' further deliveries.
    pub duplicates: u32,
    /// Why it was released or rejected.
    pub error: Option<String>,
    /// The event's type.
    pub type_name: String,
    /// When it happened.
    pub at: Timestamp,
    /// The message that claimed it last.
    pub message_id: String,
}

impl Stored {
    fn new(event: &Event, standing: RecordState, lease: &Lease) -> Self {
        Self {
            lease_token: lease.token.clone(),
            ..Self::of(event, standing, &lease.message_id)
        }
    }

    fn of(event: &Event, standing: RecordState, message_id: &str) -> Self {
        Self {
            standing,
            lease_token: String::new(),
            duplicates: 0,
            error: None,
            type_name: bounded(&event.type_name).into_owned(),
            at: event.at(),
            message_id: message_id.to_owned(),
        }
    }
}

impl State {
    fn apply(&mut self, effects: impl IntoIterator<Item = &'static str>) {
        for write in effects {
            *self.effects.entry(write.to_owned()).or_default() += 1;
        }
    }
}

impl MemoryLedger {
    /// From now on these calls fail, by their names; nothing is done by them.
    pub fn fail(&self, operations: &'static [&'static str]) {
        self.fail_with(operations, |operation, key| LedgerError::Service {
            operation,
            key,
            source: "the ledger is down".into(),
        });
    }

    /// The same, with this answer.
    pub fn fail_with(&self, operations: &'static [&'static str], failure: Failure) {
        *self.failing.lock().unwrap_or_else(PoisonError::into_inner) = Some((operations, failure));
    }

    fn up(&self, operation: &'static str, of: &str) -> Result<(), LedgerError> {
        let failing = *self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((_, failure)) = failing.filter(|(operations, _)| operations.contains(&operation)) else {
            return Ok(());
        };
        let (partition, sort) = of.split_once('|').unwrap_or((of, ""));
        let key = IdempotencyKey {
            partition: partition.to_owned(),
            sort: sort.to_owned(),
        };
        Err(failure(operation, key))
    }

    /// What an operator makes of a conflict: free to be claimed, or dismissed. False where it is none.
    pub fn decide_conflict(&self, key: &IdempotencyKey, status: Status) -> bool {
        let mut state = self.state();
        let stored = state.records.get_mut(key);
        let open = stored.filter(|stored| stored.standing.status == Status::Conflict);
        open.map(|stored| stored.standing.status = status).is_some()
    }

    /// The record of `key`.
    pub fn record(&self, key: &IdempotencyKey) -> Option<Stored> {
        self.state().records.get(key).cloned()
    }

    /// All records, by key.
    pub fn records(&self) -> BTreeMap<IdempotencyKey, Stored> {
        self.state().records.clone()
    }

    /// How often the write of this name was applied.
    pub fn applied(&self, write: &str) -> u32 {
        self.state().effects.get(write).copied().unwrap_or_default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One transaction of the lease's holder. `error`: why it releases or rejects.
    fn own(
        &self,
        claimed: &Claimed,
        change: Change<'_>,
        error: Option<&str>,
        effects: Vec<&'static str>,
    ) -> Result<(), LedgerError> {
        let operation = match change {
            Change::Record(..) => "record_hook",
            Change::Complete(_) => "complete",
            Change::Release(_) => "release",
            Change::Reject => "reject",
        };
        self.up(operation, &claimed.key.to_string())?;
        let mut state = self.state();
        let changed = state.records.get_mut(&claimed.key).and_then(|stored| {
            let (holder, token) = (&stored.lease_token, &claimed.lease_token);
            let standing = stored.standing.changed(holder, token, change)?;
            Some((stored, standing))
        });
        let Some((stored, standing)) = changed else {
            return Err(LedgerError::LeaseLost {
                operation,
                key: claimed.key.clone(),
            });
        };
        stored.standing = standing;
        if !matches!(change, Change::Record(..)) {
            stored.error = error.map(str::to_owned);
        }
        state.apply(effects);
        Ok(())
    }
}

impl Ledger for &MemoryLedger {
    type Write = &'static str;

    async fn claim(&self, event: &Event, lease: &Lease, now: Timestamp) -> Result<Claim, LedgerError> {
        self.up("claim", &event.key.to_string())?;
        let mut state = self.state();
        let found = state.records.get(&event.key).map(|stored| &stored.standing);
        let known = state.records.get(&event.key);
        let replay = lease.replay(event, known.map(|stored| stored.message_id.as_str()));
        let taken = match decide(found, event.body_sha256(), replay, now) {
            Decision::Wait { until } => return Ok(Claim::Wait { until }),
            Decision::Drop { status } => return Ok(Claim::Duplicate { status }),
            Decision::Conflict => return Ok(Claim::Conflict),
            Decision::Take(taken) => taken,
        };
        let standing = RecordState::claimed(&taken, event.body_sha256(), lease);
        let new = || Stored::new(event, standing.clone(), lease);
        let stored = state.records.entry(event.key.clone()).or_insert_with(new);
        stored.standing = standing;
        stored.lease_token.clone_from(&lease.token);
        stored.message_id.clone_from(&lease.message_id);
        Ok(Claim::Claimed(Claimed::under(lease, event, taken)))
    }

    async fn settle(
        &self,
        event: &Event,
        lease: &Lease,
        hooks: Vec<(&'static str, Effects<Self::Write>)>,
        extent: Extent,
        now: Timestamp,
    ) -> Result<Settlement, LedgerError> {
        self.up("settle", &event.key.to_string())?;
        let mut state = self.state();
        let found = state.records.get(&event.key).map(|stored| &stored.standing);
        let names = hooks.iter().map(|(name, _)| *name);
        let Some(standing) = RecordState::settled(found, names, extent, lease, event.body_sha256(), now) else {
            return Ok(Settlement::Known(decide(found, event.body_sha256(), Replay::No, now)));
        };
        let settlement = match extent {
            Extent::Whole => Settlement::Completed,
            Extent::Begun => Settlement::Claimed(Claimed::under(lease, event, Taken::first(standing.hooks.clone()))),
        };
        let stored = Stored::new(event, standing, lease);
        state.records.insert(event.key.clone(), stored);
        state.apply(hooks.into_iter().flat_map(|(_, effects)| effects.into_parts().0));
        Ok(settlement)
    }

    async fn recorded(&self, key: &IdempotencyKey) -> Result<Option<Recorded>, LedgerError> {
        self.up("recorded", &key.to_string())?;
        Ok(self.state().records.get(key).map(|stored| Recorded {
            type_name: stored.type_name.clone(),
            body_sha256: stored.standing.body_sha256.clone(),
        }))
    }

    async fn overtaken(&self, event: &Event) -> Result<bool, LedgerError> {
        self.up("overtaken", &event.key.to_string())?;
        let state = self.state();
        let mut records = state.records.iter();
        Ok(records.any(|(key, stored)| {
            key.partition == event.key.partition
                && stored.standing.status == Status::Completed
                && stored.at > event.at()
        }))
    }

    async fn count_duplicate(&self, key: &IdempotencyKey, _now: Timestamp) -> Result<(), LedgerError> {
        self.up("count_duplicate", &key.to_string())?;
        if let Some(stored) = self.state().records.get_mut(key) {
            stored.duplicates += 1;
        }
        Ok(())
    }

    async fn keep_conflict(&self, event: &Event, message_id: &str, _now: Timestamp) -> Result<Kept, LedgerError> {
        self.up("keep_conflict", &event.key.to_string())?;
        let key = event.key.conflict(event.body_sha256());
        let mut state = self.state();
        let found = state.records.get(&key);
        let Some(standing) = RecordState::conflict(found.map(|found| &found.standing), event.body_sha256()) else {
            return Ok(match found.is_some_and(|found| found.message_id == message_id) {
                true => Kept::New,
                false => Kept::Known,
            });
        };
        let mut stored = Stored::of(event, standing, message_id);
        stored.error = Some(CONFLICT.to_owned());
        state.records.insert(key, stored);
        Ok(Kept::New)
    }

    async fn record_hook(
        &self,
        claimed: &Claimed,
        hook: &'static str,
        effects: Effects<Self::Write>,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let effects = effects.into_parts().0;
        self.own(claimed, Change::Record(hook, now), None, effects)
    }

    async fn complete(
        &self,
        claimed: &Claimed,
        last: Option<(&'static str, Effects<Self::Write>)>,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let (hook, writes) = last.map_or((None, Vec::new()), |(hook, effects)| {
            (Some((hook, now)), effects.into_parts().0)
        });
        self.own(claimed, Change::Complete(hook), None, writes)
    }

    async fn release(&self, claimed: &Claimed, error: &str, blame: Blame) -> Result<(), LedgerError> {
        self.own(claimed, Change::Release(blame), Some(error), Vec::new())
    }

    async fn reject(&self, claimed: &Claimed, reason: &str, _now: Timestamp) -> Result<(), LedgerError> {
        self.own(claimed, Change::Reject, Some(reason), Vec::new())
    }

    async fn begin(&self, message_id: &str, _now: Timestamp) -> Result<u32, LedgerError> {
        self.up("begin", message_id)?;
        let mut state = self.state();
        let begun = state.begun.entry(message_id.to_owned()).or_default();
        *begun += 1;
        Ok(*begun)
    }

    async fn put_off(&self, message_id: &str, _now: Timestamp) -> Result<(), LedgerError> {
        self.up("put_off", message_id)?;
        let mut state = self.state();
        if let Some(begun) = state.begun.get_mut(message_id) {
            *begun = begun.saturating_sub(1);
        }
        Ok(())
    }

    async fn survive(&self, message_id: &str, _now: Timestamp) -> Result<(), LedgerError> {
        self.up("survive", message_id)?;
        self.state().begun.remove(message_id);
        Ok(())
    }
}
