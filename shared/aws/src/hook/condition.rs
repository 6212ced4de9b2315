//! Conditions on an item, as methods of its attributes.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use super::value::{Item, attribute_value};
use crate::ledger::expression::none_if_empty;

/// An attribute in a condition, made by [`attr`].
#[derive(Debug, Clone)]
pub struct Attribute(String);

/// A condition on an item as it is when the write is made: `attr("status").is("open")`. An item that does not exist has
/// no attributes.
#[derive(Debug, Clone)]
pub struct Condition(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Compare(String, &'static str, Result<AttributeValue, String>),
    Call(&'static str, String),
    Both(Box<(Kind, &'static str, Kind)>),
}

/// The attribute called `name`, at the top level of an item.
pub fn attr(name: &str) -> Attribute {
    Attribute(name.to_owned())
}

impl Attribute {
    /// The item has this attribute, with this value.
    pub fn is(self, value: impl Serialize) -> Condition {
        self.compare("=", value)
    }

    /// The item has this attribute with another value, or does not have it. So it is true of an item that does not
    /// exist: add `.and(attr("pk").exists())` if it has to.
    pub fn is_not(self, value: impl Serialize) -> Condition {
        // DynamoDB's documentation does not say what `<>` is of an attribute that is missing, so it is said here.
        self.clone().is_absent().or(self.compare("<>", value))
    }

    /// The item has this attribute, with a lower value of the same type. Numbers compare as numbers, texts by their
    /// UTF-8 bytes.
    pub fn less_than(self, value: impl Serialize) -> Condition {
        self.compare("<", value)
    }

    /// The item has this attribute, with a higher value of the same type. Numbers compare as numbers, texts by their
    /// UTF-8 bytes.
    pub fn greater_than(self, value: impl Serialize) -> Condition {
        self.compare(">", value)
    }

    /// The item has this attribute. For a key attribute: there is such an item.
    pub fn exists(self) -> Condition {
        Condition(Kind::Call("attribute_exists", self.0))
    }

    /// The item does not have this attribute. For a key attribute: there is no such item.
    pub fn is_absent(self) -> Condition {
        Condition(Kind::Call("attribute_not_exists", self.0))
    }

    fn compare(self, operator: &'static str, value: impl Serialize) -> Condition {
        let value = attribute_value(&self.0, &value);
        Condition(Kind::Compare(self.0, operator, value))
    }
}

impl Condition {
    /// Both are true.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(Kind::Both(Box::new((self.0, "AND", other.0))))
    }

    /// One of the two is true, or both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(Kind::Both(Box::new((self.0, "OR", other.0))))
    }

    /// The expression, with the names and values that it uses.
    /// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html>
    pub(super) fn expression(self, used: &mut Placeholders) -> Result<String, String> {
        Ok(match self.0 {
            Kind::Compare(attribute, operator, value) => {
                format!("{} {operator} {}", used.name(&attribute), used.value(value?))
            }
            Kind::Call(function, attribute) => format!("{function}({})", used.name(&attribute)),
            Kind::Both(both) => {
                let (left, operator, right) = *both;
                let left = Self(left).expression(used)?;
                format!("({left} {operator} {})", Self(right).expression(used)?)
            }
        })
    }
}

/// The names and values of one write's expressions. Every name has a placeholder, since DynamoDB reserves many words.
#[derive(Debug, Default)]
pub(super) struct Placeholders {
    names: Names,
    values: Item,
}

type Names = HashMap<String, String>;

impl Placeholders {
    pub(super) fn name(&mut self, name: &str) -> String {
        if let Some((placeholder, _)) = self.names.iter().find(|(_, own)| *own == name) {
            return placeholder.clone();
        }
        let placeholder = format!("#n{}", self.names.len());
        self.names.insert(placeholder.clone(), name.to_owned());
        placeholder
    }

    pub(super) fn value(&mut self, value: AttributeValue) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    /// The names and the values.
    pub(super) fn into_maps(self) -> (Option<Names>, Option<Item>) {
        (none_if_empty(self.names), none_if_empty(self.values))
    }
}
