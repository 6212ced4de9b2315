//! One conditional update, built clause by clause; plain or as an item of a transaction.

use std::collections::HashMap;

use acuse_core::clock::Timestamp;
use acuse_core::event::key::IdempotencyKey;
use acuse_core::ledger::Status;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure::AllOld;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};

/// One conditional update of one item, which comes back if the condition is false. Attribute names are always
/// placeholders (`#name`), since DynamoDB reserves several of ours.
#[derive(Clone)]
pub(crate) struct Step {
    table: String,
    key: HashMap<String, AttributeValue>,
    set: Vec<String>,
    add: Vec<String>,
    remove: Vec<String>,
    condition: String,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Step {
    pub(crate) fn of(table: &str, key: &IdempotencyKey) -> Self {
        Self {
            table: table.to_owned(),
            key: HashMap::from([("pk".to_owned(), s(&key.partition)), ("sk".to_owned(), s(&key.sort))]),
            set: Vec::new(),
            add: Vec::new(),
            remove: Vec::new(),
            condition: String::new(),
            names: HashMap::new(),
            values: HashMap::new(),
        }
    }

    pub(crate) fn condition(mut self, condition: &str) -> Self {
        condition.clone_into(&mut self.condition);
        self
    }

    pub(crate) fn name(mut self, placeholder: &str, name: &str) -> Self {
        self.names.insert(placeholder.to_owned(), name.to_owned());
        self
    }

    pub(crate) fn value(mut self, placeholder: &str, value: AttributeValue) -> Self {
        self.values.insert(placeholder.to_owned(), value);
        self
    }

    /// Sets the attribute `name`, whatever it was.
    pub(crate) fn set(mut self, name: &str, value: AttributeValue) -> Self {
        self.set.push(format!("#{name} = :set_{name}"));
        self.name(&format!("#{name}"), name)
            .value(&format!(":set_{name}"), value)
    }

    /// Sets the attribute `name` unless the item has it: what the first delivery brought stays.
    pub(crate) fn set_first(mut self, name: &str, value: AttributeValue) -> Self {
        self.set.push(format!("#{name} = if_not_exists(#{name}, :set_{name})"));
        self.name(&format!("#{name}"), name)
            .value(&format!(":set_{name}"), value)
    }

    pub(crate) fn copy(mut self, from: &str, to: &str) -> Self {
        self.set.push(format!("#{to} = #{from}"));
        self.name(&format!("#{from}"), from).name(&format!("#{to}"), to)
    }

    pub(crate) fn set_hook(mut self, hook: &str, at: Timestamp) -> Self {
        self.set.push("#hooks.#hook = :hook_at".to_owned());
        self.name("#hooks", "hooks")
            .name("#hook", hook)
            .value(":hook_at", n(at.as_millis()))
    }

    /// Adds to a number, which is 0 if absent.
    pub(crate) fn add(mut self, name: &str, value: AttributeValue) -> Self {
        self.add.push(format!("#{name} :add_{name}"));
        self.name(&format!("#{name}"), name)
            .value(&format!(":add_{name}"), value)
    }

    pub(crate) fn remove(mut self, name: &str) -> Self {
        self.remove.push(format!("#{name}"));
        self.name(&format!("#{name}"), name)
    }

    pub(crate) fn end_lease(self, status: Status) -> Self {
        self.set("status", s(status.name()))
            .remove("lease_token")
            .remove("lease_expires_at")
    }

    fn expression(&self) -> String {
        update_expression(&self.set, &self.add, &self.remove)
    }

    pub(crate) fn into_update(self, client: &Client) -> UpdateItemFluentBuilder {
        let expression = self.expression();
        let condition = Some(self.condition).filter(|condition| !condition.is_empty());
        client
            .update_item()
            .table_name(self.table)
            .set_key(Some(self.key))
            .update_expression(expression)
            .set_return_values_on_condition_check_failure(condition.as_ref().map(|_| AllOld))
            .set_condition_expression(condition)
            .set_expression_attribute_names(none_if_empty(self.names))
            .set_expression_attribute_values(none_if_empty(self.values))
    }

    pub(crate) fn into_transaction_item(self) -> Result<TransactWriteItem, BuildError> {
        let update = Update::builder()
            .update_expression(self.expression())
            .table_name(self.table)
            .set_key(Some(self.key))
            .condition_expression(self.condition)
            .set_expression_attribute_names(none_if_empty(self.names))
            .set_expression_attribute_values(none_if_empty(self.values))
            .return_values_on_condition_check_failure(AllOld)
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

/// `SET … ADD … REMOVE …`, of these clauses.
pub(crate) fn update_expression(set: &[String], add: &[String], remove: &[String]) -> String {
    let verbs = [("SET", set), ("ADD", add), ("REMOVE", remove)].into_iter();
    let verbs = verbs.filter(|(_, clauses)| !clauses.is_empty());
    let parts: Vec<_> = verbs.map(|(verb, own)| format!("{verb} {}", own.join(", "))).collect();
    parts.join(" ")
}

/// DynamoDB refuses empty maps.
pub(crate) fn none_if_empty<V>(map: HashMap<String, V>) -> Option<HashMap<String, V>> {
    (!map.is_empty()).then_some(map)
}

pub(crate) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(crate) fn n(number: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(number.to_string())
}
