//! One write as an item of a DynamoDB transaction.

use acuse_core::hook::HookError;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update};

use crate::hook::condition::{Condition, Placeholders};
use crate::hook::table::Key;
use crate::hook::value::Item;
use crate::ledger::expression::update_expression;

/// A write as a hook asks for it.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) table: String,
    pub(super) action: Action,
    pub(super) condition: Option<Condition>,
}

#[derive(Debug)]
pub(super) enum Action {
    Put(Result<Item, String>),
    Update { key: Key, clauses: Vec<Clause> },
    Delete(Key),
    Check(Key),
    Raw(Box<TransactWriteItem>),
}

#[derive(Debug)]
pub(super) enum Clause {
    Set(String, Result<AttributeValue, String>),
    SetIfAbsent(String, Result<AttributeValue, String>),
    Add(String, Result<AttributeValue, String>),
    Remove(String),
}

impl Pending {
    pub(super) fn into_item(self) -> Result<TransactWriteItem, HookError> {
        let table = self.table.clone();
        self.built()
            .map_err(|problem| HookError::reject(format!("a write to the table `{table}`: {problem}")))
    }

    fn built(self) -> Result<TransactWriteItem, String> {
        let mut used = Placeholders::default();
        let condition = self.condition.map(|condition| condition.expression(&mut used));
        let condition = condition.transpose()?;
        let changes = match &self.action {
            Action::Update { clauses, .. } if clauses.is_empty() => {
                return Err("an update without `set`, `add` or `remove`".to_owned());
            }
            Action::Update { clauses, .. } => Some(expression(clauses, &mut used)?),
            _ => None,
        };
        let (names, values) = used.into_maps();
        let item = TransactWriteItem::builder();
        // The four kinds of write have these setters, and no trait that names them.
        macro_rules! conditional {
            ($builder:expr) => {
                $builder
                    .table_name(self.table)
                    .set_condition_expression(condition)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .build()
            };
        }
        let built = match self.action {
            Action::Raw(raw) => return Ok(*raw),
            Action::Put(new) => conditional!(Put::builder().set_item(Some(new?))).map(|put| item.put(put)),
            Action::Delete(key) => {
                conditional!(Delete::builder().set_key(Some(key.into_item()?))).map(|delete| item.delete(delete))
            }
            Action::Check(key) => conditional!(ConditionCheck::builder().set_key(Some(key.into_item()?)))
                .map(|check| item.condition_check(check)),
            Action::Update { key, .. } => {
                let update = Update::builder().set_key(Some(key.into_item()?));
                conditional!(update.set_update_expression(changes)).map(|update| item.update(update))
            }
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
            Clause::SetIfAbsent(name, value) => {
                let name = used.name(name);
                let value = used.value(value.clone()?);
                set.push(format!("{name} = if_not_exists({name}, {value})"));
            }
            Clause::Add(name, value) => {
                let value = number(name, value.clone()?)?;
                add.push(format!("{} {}", used.name(name), used.value(value)));
            }
            Clause::Remove(name) => remove.push(used.name(name)),
        }
    }
    Ok(update_expression(&set, &add, &remove))
}

/// What DynamoDB can add: a number, or the text of a plain decimal one, whose digits stay as they are.
fn number(name: &str, value: AttributeValue) -> Result<AttributeValue, String> {
    match value {
        AttributeValue::N(_) => Ok(value),
        AttributeValue::S(text) if is_decimal(&text) => Ok(AttributeValue::N(text)),
        _ => Err(format!("what is added to `{name}` is not a decimal number")),
    }
}

/// DynamoDB refuses a number that needs more digits.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html>
const MOST_DIGITS: usize = 38;

fn is_decimal(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(fraction) && whole.len().saturating_add(fraction.len()) <= MOST_DIGITS
}
