//! What a hook writes, collected while it runs and committed when it is recorded as done.

use std::collections::HashMap;

use acuse_core::clock::Timestamp;
use acuse_core::hook::{Attempt, Effects, HookError};
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put as PutItem, TransactWriteItem, Update as UpdateItem,
};
use serde::Serialize;

use super::condition::{Condition, Placeholders};
use super::table::{Key, Table, attribute_value};

type Item = HashMap<String, AttributeValue>;

/// The writes of one hook for one event: all of them are made, or none, together with the record that the hook is done.
///
/// If a condition ([`only_if`](Update::only_if)) is false, none of the hook's writes are made, and the hook is done: there
/// was nothing to do. [`otherwise`](Self::otherwise) and [`retry_if_refused`](Self::retry_if_refused) change that.
///
/// DynamoDB accepts 99 writes of all hooks in one transaction, no two of them to the same item.
#[derive(Debug)]
pub struct Writes {
    attempt: Attempt,
    writes: Vec<Write>,
    /// The newest, which its builder may still change.
    newest: Option<Write>,
    retry_if_refused: bool,
    otherwise: Option<Box<Self>>,
}

#[derive(Debug)]
struct Write {
    table: String,
    action: Action,
    condition: Option<Condition>,
}

#[derive(Debug)]
enum Action {
    Put(Result<Item, String>),
    Update { key: Key, clauses: Vec<Clause> },
    Delete(Key),
    Check(Key),
    Raw(Box<TransactWriteItem>),
}

#[derive(Debug)]
enum Clause {
    Set(String, Result<AttributeValue, String>),
    SetFirst(String, Result<AttributeValue, String>),
    Add(String, Result<AttributeValue, String>),
    Remove(String),
}

/// A write of a whole item, or a delete, or a check: it may have a condition.
#[derive(Debug)]
pub struct Put<'w>(&'w mut Write);

/// A change to some attributes of an item. An item that does not exist is created.
#[derive(Debug)]
pub struct Update<'w>(&'w mut Write);

impl Writes {
    /// No writes yet. For tests of a hook.
    pub fn new(attempt: Attempt) -> Self {
        Self {
            attempt,
            writes: Vec::new(),
            newest: None,
            retry_if_refused: false,
            otherwise: None,
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

    /// Writes `item`, which serializes as an object, in place of the one with its key.
    pub fn put(&mut self, table: &Table, item: impl Serialize) -> Put<'_> {
        let item = serde_dynamo::to_item(item).map_err(|error| error.to_string());
        Put(self.push(table.name(), Action::Put(item)))
    }

    /// Changes attributes of the item with this key.
    pub fn update(&mut self, table: &Table, key: Key) -> Update<'_> {
        let clauses = Vec::new();
        Update(self.push(table.name(), Action::Update { key, clauses }))
    }

    /// Deletes the item with this key, if there is one.
    pub fn delete(&mut self, table: &Table, key: Key) -> Put<'_> {
        Put(self.push(table.name(), Action::Delete(key)))
    }

    /// Writes nothing to the item with this key, but the other writes are only made if its condition is true.
    pub fn check(&mut self, table: &Table, key: Key) -> Put<'_> {
        Put(self.push(table.name(), Action::Check(key)))
    }

    /// Any item of a DynamoDB transaction. If a condition of its own is false, the event is retried, unless
    /// [`otherwise`](Self::otherwise) says what to do.
    pub fn raw(&mut self, write: TransactWriteItem) {
        self.push("", Action::Raw(Box::new(write)));
    }

    /// The writes to make instead if a condition is false.
    pub fn otherwise(&mut self) -> &mut Self {
        let attempt = self.attempt;
        self.otherwise.insert(Box::new(Self::new(attempt)))
    }

    /// If a condition is false, the event is retried later, as if the hook had failed.
    pub fn retry_if_refused(&mut self) {
        self.retry_if_refused = true;
    }

    fn push(&mut self, table: &str, action: Action) -> &mut Write {
        self.writes.extend(self.newest.take());
        self.newest.insert(Write {
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
            Some(otherwise) => Some(otherwise.into_effects()?),
            None => (has_condition && !self.retry_if_refused).then(Effects::none),
        };
        let items: Result<Vec<_>, _> = self.writes.into_iter().map(Write::into_item).collect();
        let effects = Effects::writes(items?);
        Ok(match otherwise {
            Some(otherwise) => effects.or(otherwise),
            None => effects,
        })
    }
}

impl Put<'_> {
    /// Makes all the hook's writes only if `condition` is true of the item as it is then.
    pub fn only_if(self, condition: Condition) {
        self.0.condition = Some(condition);
    }
}

impl Update<'_> {
    /// Sets an attribute, whatever it was.
    pub fn set(self, name: &str, value: impl Serialize) -> Self {
        self.with(Clause::Set(name.to_owned(), attribute_value(value)))
    }

    /// Sets an attribute unless the item has it.
    pub fn set_first(self, name: &str, value: impl Serialize) -> Self {
        self.with(Clause::SetFirst(name.to_owned(), attribute_value(value)))
    }

    /// Adds to a number, which is 0 if the item does not have it.
    pub fn add(self, name: &str, value: impl Serialize) -> Self {
        self.with(Clause::Add(name.to_owned(), attribute_value(value)))
    }

    /// Removes an attribute.
    pub fn remove(self, name: &str) -> Self {
        self.with(Clause::Remove(name.to_owned()))
    }

    /// Makes all the hook's writes only if `condition` is true of the item as it is then.
    pub fn only_if(self, condition: Condition) {
        self.0.condition = Some(condition);
    }

    fn with(self, clause: Clause) -> Self {
        if let Action::Update { clauses, .. } = &mut self.0.action {
            clauses.push(clause);
        }
        self
    }
}

impl Write {
    fn into_item(self) -> Result<TransactWriteItem, HookError> {
        let table = self.table.clone();
        self.built()
            .map_err(|problem| HookError::reject(format!("a write to the table `{table}`: {problem}")))
    }

    fn built(self) -> Result<TransactWriteItem, String> {
        let mut used = Placeholders::default();
        let condition = self
            .condition
            .map(|condition| condition.expression(&mut used))
            .transpose()?;
        let changes = match &self.action {
            Action::Update { clauses, .. } => Some(expression(clauses, &mut used)?),
            _ => None,
        };
        let (names, values) = used.into_maps();
        let item = TransactWriteItem::builder();
        let built = match self.action {
            Action::Raw(raw) => return Ok(*raw),
            Action::Put(new) => PutItem::builder()
                .table_name(self.table)
                .set_item(Some(new?))
                .set_condition_expression(condition)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .build()
                .map(|put| item.put(put)),
            Action::Delete(key) => Delete::builder()
                .table_name(self.table)
                .set_key(Some(key.0?))
                .set_condition_expression(condition)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .build()
                .map(|delete| item.delete(delete)),
            Action::Check(key) => ConditionCheck::builder()
                .table_name(self.table)
                .set_key(Some(key.0?))
                .set_condition_expression(condition)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .build()
                .map(|check| item.condition_check(check)),
            Action::Update { key, .. } => UpdateItem::builder()
                .table_name(self.table)
                .set_key(Some(key.0?))
                .set_update_expression(changes)
                .set_condition_expression(condition)
                .set_expression_attribute_names(names)
                .set_expression_attribute_values(values)
                .build()
                .map(|update| item.update(update)),
        };
        built
            .map(|item| item.build())
            .map_err(|error: BuildError| error.to_string())
    }
}

/// An update expression: `SET … ADD … REMOVE …`.
fn expression(clauses: &[Clause], used: &mut Placeholders) -> Result<String, String> {
    let (mut set, mut add, mut remove) = (Vec::new(), Vec::new(), Vec::new());
    for clause in clauses {
        match clause {
            Clause::Set(name, value) => set.push(format!("{} = {}", used.name(name), used.value(value.clone()?))),
            Clause::SetFirst(name, value) => {
                let name = used.name(name);
                set.push(format!(
                    "{name} = if_not_exists({name}, {})",
                    used.value(value.clone()?)
                ));
            }
            Clause::Add(name, value) => add.push(format!("{} {}", used.name(name), used.value(value.clone()?))),
            Clause::Remove(name) => remove.push(used.name(name)),
        }
    }
    let clauses = [("SET", set), ("ADD", add), ("REMOVE", remove)].into_iter();
    let clauses = clauses.filter(|(_, clauses)| !clauses.is_empty());
    let clauses: Vec<_> = clauses
        .map(|(verb, clauses)| format!("{verb} {}", clauses.join(", ")))
        .collect();
    Ok(clauses.join(" "))
}
