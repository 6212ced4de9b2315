//! What a hook writes, collected while it runs and committed when it is recorded as done.

mod item;

use acuse_core::clock::Timestamp;
use acuse_core::destination::DestinationName;
use acuse_core::hook::{Attempt, Effects, HookError};
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use serde::Serialize;

use super::condition::Condition;
use super::table::{Key, Table};
use super::value;
use item::{Action, Clause, Pending};

/// The writes of one hook for one event: all of them are made, or none, together with the record that the hook is done.
///
/// If a condition is false, **none of the hook's writes are made and the hook is done**: there was nothing left to do.
/// That includes a condition on an item that does not exist. If it may be true later, such as for an order that is
/// still to be created, call [`retry_if_refused`](Self::retry_if_refused); if there is something else to write, use
/// [`otherwise`](Self::otherwise).
///
/// ```
/// # use acuse_aws::prelude::*;
/// # fn hook(orders: &Table, writes: &mut Writes) {
/// writes
///     .update(orders, key("pk", "ORD-1"))
///     .set("status", "paid")
///     .add("payments", 1)
///     .only_if(attr("status").is("open"));
/// writes.otherwise().update(orders, key("pk", "ORD-1")).add("late_payments", 1);
/// # }
/// ```
///
/// DynamoDB accepts 99 writes of all hooks in one transaction, no two of them to the same item.
#[derive(Debug)]
pub struct Writes {
    attempt: Attempt,
    writes: Vec<Pending>,
    /// The newest, which its builder may still change.
    newest: Option<Pending>,
    retry_if_refused: bool,
    otherwise: Option<Box<Self>>,
    destinations: Vec<String>,
}

/// The write of a whole item, or its deletion. It may get a condition.
#[derive(Debug)]
pub struct Write<'w>(&'w mut Pending);

/// A change to some attributes of an item. An item that does not exist is created.
#[derive(Debug)]
pub struct Update<'w>(&'w mut Pending);

impl Writes {
    /// No writes yet. For tests of a hook.
    pub fn new(attempt: Attempt) -> Self {
        Self {
            attempt,
            writes: Vec::new(),
            newest: None,
            retry_if_refused: false,
            otherwise: None,
            destinations: Vec::new(),
        }
    }

    /// When this attempt began.
    pub fn now(&self) -> Timestamp {
        self.attempt.started_at
    }

    /// Whether a later event of the same resource is completed already. Always false for a hook that does not ask for
    /// the [order](super::TransactionalHook::order).
    pub fn is_late(&self) -> bool {
        self.attempt.late
    }

    /// Writes `item`, a struct or a map, in place of the one with its key. To write it only if it is new, add
    /// `.only_if(attr("pk").is_absent())`.
    pub fn put(&mut self, table: &Table, item: impl Serialize) -> Write<'_> {
        Write(self.push(table.name(), Action::Put(value::item(&item))))
    }

    /// Changes attributes of the item with this key. An item that does not exist is created, unless a condition says
    /// otherwise: `.only_if(attr("pk").exists())`.
    pub fn update(&mut self, table: &Table, key: Key) -> Update<'_> {
        let clauses = Vec::new();
        Update(self.push(table.name(), Action::Update { key, clauses }))
    }

    /// Deletes the item with this key, if there is one.
    pub fn delete(&mut self, table: &Table, key: Key) -> Write<'_> {
        Write(self.push(table.name(), Action::Delete(key)))
    }

    /// Leaves the item with this key as it is, but makes the other writes only if `condition` is true of it.
    pub fn check(&mut self, table: &Table, key: Key, condition: Condition) {
        self.push(table.name(), Action::Check(key)).condition = Some(condition);
    }

    /// Any item of a DynamoDB transaction. If a condition of its own is false, the event is retried, unless
    /// [`otherwise`](Self::otherwise) says what to do.
    pub fn raw(&mut self, write: TransactWriteItem) {
        self.push("", Action::Raw(Box::new(write)));
    }

    /// Makes the event owed to `destination` by `write`, and lists the destination in the event's record.
    pub fn owe(&mut self, destination: &DestinationName, write: TransactWriteItem) {
        self.raw(write);
        self.destinations.push(destination.to_string());
    }

    /// The writes to make instead if a condition is false. If one of theirs is false as well, the event is retried.
    pub fn otherwise(&mut self) -> &mut Self {
        let attempt = self.attempt;
        self.otherwise.get_or_insert_with(|| Box::new(Self::new(attempt)))
    }

    /// If a condition is false, the event is retried later, as if the hook had failed.
    pub fn retry_if_refused(&mut self) {
        self.retry_if_refused = true;
    }

    fn push(&mut self, table: &str, action: Action) -> &mut Pending {
        self.writes.extend(self.newest.take());
        self.newest.insert(Pending {
            table: table.to_owned(),
            action,
            condition: None,
        })
    }

    /// The writes as the ledger commits them.
    ///
    /// # Errors
    /// A rejection if a value can't be stored in DynamoDB: it would be the same another time.
    pub fn into_effects(mut self) -> Result<Effects<TransactWriteItem>, HookError> {
        self.writes.extend(self.newest);
        let has_condition = self.writes.iter().any(|write| write.condition.is_some());
        let otherwise = match self.otherwise {
            Some(otherwise) if otherwise.otherwise.is_some() || otherwise.retry_if_refused || self.retry_if_refused => {
                return Err(HookError::reject(
                    "`otherwise` is used with `retry_if_refused`, or has an `otherwise` of its own: only one is possible",
                ));
            }
            Some(otherwise) => Some(otherwise.into_effects()?),
            None => (has_condition && !self.retry_if_refused).then(Effects::none),
        };
        let items: Result<Vec<_>, _> = self.writes.into_iter().map(Pending::into_item).collect();
        let effects = Effects::writes(items?).owed_to(self.destinations);
        Ok(match otherwise {
            Some(otherwise) => effects.or(otherwise),
            None => effects,
        })
    }
}

impl Write<'_> {
    /// Makes all the hook's writes only if `condition` is true of the item as it is then. If it is false, the hook is
    /// done: see [`Writes`].
    pub fn only_if(self, condition: Condition) {
        self.0.condition = Some(condition);
    }
}

impl Update<'_> {
    /// Sets an attribute to anything that serializes, whatever it was. `None` is stored as `NULL`.
    pub fn set(self, name: &str, value: impl Serialize) -> Self {
        self.with(name, value, Clause::Set)
    }

    /// Sets an attribute unless the item has it.
    pub fn set_if_absent(self, name: &str, value: impl Serialize) -> Self {
        self.with(name, value, Clause::SetIfAbsent)
    }

    /// Adds to a number, which is 0 if the item does not have it. `value` is a number or the text of one, such as an
    /// [`Amount`](acuse_core::event::Amount), which is added exactly.
    pub fn add(self, name: &str, value: impl Serialize) -> Self {
        self.with(name, value, Clause::Add)
    }

    /// Removes an attribute.
    pub fn remove(self, name: &str) -> Self {
        self.clause(Clause::Remove(name.to_owned()))
    }

    /// Makes all the hook's writes only if `condition` is true of the item as it is then. If it is false, the hook is
    /// done: see [`Writes`].
    pub fn only_if(self, condition: Condition) {
        self.0.condition = Some(condition);
    }

    fn with(
        self,
        name: &str,
        value: impl Serialize,
        clause: fn(String, Result<AttributeValue, String>) -> Clause,
    ) -> Self {
        let value = value::attribute_value(name, &value);
        self.clause(clause(name.to_owned(), value))
    }

    fn clause(self, clause: Clause) -> Self {
        if let Action::Update { clauses, .. } = &mut self.0.action {
            clauses.push(clause);
        }
        self
    }
}

#[cfg(test)]
mod tests;
