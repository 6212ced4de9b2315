//! An item of a table, with assertions that read like sentences.

use std::collections::HashMap;

use acuse_core::json;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// An item as it was when it was read, or that there was none.
///
/// [`has`](Self::has), [`is`](Self::is), [`has_no`](Self::has_no) and [`is_absent`](Self::is_absent) are assertions: they
/// panic, with what is there instead.
#[derive(Debug, Clone)]
pub struct Item {
    pub(crate) what: String,
    pub(crate) attributes: Option<HashMap<String, AttributeValue>>,
}

impl Item {
    /// The attribute `name` has this value. Numbers compare as numbers, to the digit; sets as sorted lists.
    #[track_caller]
    pub fn has(&self, name: &str, value: impl Serialize) -> &Self {
        let (found, expected) = (self.attribute(name), expected(&value));
        assert!(
            found.as_ref() == Some(&expected),
            "{}: `{name}` is {}, not {expected}.\n{self}",
            self.what,
            found.as_deref().unwrap_or("absent"),
        );
        self
    }

    /// There is no attribute `name`.
    #[track_caller]
    pub fn has_no(&self, name: &str) -> &Self {
        if let Some(found) = self.attribute(name) {
            panic!("{}: `{name}` is {found}; it should be absent.\n{self}", self.what);
        }
        self
    }

    /// The item has these attributes and no others.
    #[track_caller]
    pub fn is(&self, item: impl Serialize) -> &Self {
        let (found, expected) = (self.to_string(), expected(&item));
        assert!(
            found == expected,
            "{} is\n{found}\nand should be\n{expected}",
            self.what
        );
        self
    }

    /// There is no such item.
    #[track_caller]
    pub fn is_absent(&self) {
        assert!(
            self.attributes.is_none(),
            "{} should be absent; it is\n{self}",
            self.what
        );
    }

    /// The item as a type of yours, or as a `serde_json::Value`.
    #[track_caller]
    pub fn read<T: DeserializeOwned>(&self) -> T {
        let attributes = self.attributes.clone();
        let attributes = attributes.unwrap_or_else(|| panic!("{} is absent", self.what));
        serde_dynamo::from_item(attributes).unwrap_or_else(|error| panic!("{}: {error}\n{self}", self.what))
    }

    /// As DynamoDB has it; `None` if there is none.
    pub fn attributes(&self) -> Option<&HashMap<String, AttributeValue>> {
        self.attributes.as_ref()
    }

    fn attribute(&self, name: &str) -> Option<String> {
        self.attributes.as_ref()?.get(name).map(text_of)
    }
}

/// As JSON with sorted members; `absent` if there is none.
impl std::fmt::Display for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.attributes {
            Some(attributes) => f.write_str(&text(attributes)),
            None => f.write_str("absent"),
        }
    }
}

/// Attributes as JSON with sorted members.
pub(crate) fn text(attributes: &HashMap<String, AttributeValue>) -> String {
    object(attributes.iter().map(|(name, value)| (name.clone(), text_of(value))))
}

fn text_of(value: &AttributeValue) -> String {
    let sorted = |texts: Vec<String>| {
        let mut texts = texts;
        texts.sort_unstable();
        format!("[{}]", texts.join(","))
    };
    match value {
        AttributeValue::S(text) => quoted(text),
        AttributeValue::N(number) => plain(number),
        AttributeValue::Bool(truth) => truth.to_string(),
        AttributeValue::L(items) => format!("[{}]", items.iter().map(text_of).collect::<Vec<_>>().join(",")),
        AttributeValue::M(members) => text(members),
        AttributeValue::Ss(texts) => sorted(texts.iter().map(|text| quoted(text)).collect()),
        AttributeValue::Ns(numbers) => sorted(numbers.iter().map(|number| plain(number)).collect()),
        AttributeValue::B(bytes) => format!("{:?}", bytes.as_ref()),
        AttributeValue::Null(_) => "null".to_owned(),
        other => format!("{other:?}"),
    }
}

#[track_caller]
fn expected(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).expect("the expected value should be JSON");
    text_of_json(&json::parse(text.as_bytes()).unwrap())
}

fn text_of_json(value: &json::Value<'_>) -> String {
    match value {
        json::Value::Null => "null".to_owned(),
        json::Value::Bool(truth) => truth.to_string(),
        json::Value::Number(number) => plain(number),
        json::Value::String(text) => quoted(&text.to_string_lossy()),
        json::Value::Array(items) => format!("[{}]", items.iter().map(text_of_json).collect::<Vec<_>>().join(",")),
        json::Value::Object(members) => object(
            members
                .iter()
                .map(|(name, value)| (name.to_string_lossy().into_owned(), text_of_json(value))),
        ),
    }
}

fn object(members: impl Iterator<Item = (String, String)>) -> String {
    let mut members: Vec<_> = members.collect();
    members.sort_unstable();
    let members: Vec<_> = members
        .iter()
        .map(|(name, value)| format!("{}:{value}", quoted(name)))
        .collect();
    format!("{{{}}}", members.join(","))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// DynamoDB forgets zeros at the end of a fraction.
fn plain(number: &str) -> String {
    match number.contains('.') && !number.contains(['e', 'E']) {
        true => number.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => number.to_owned(),
    }
}

#[cfg(test)]
mod tests;
