//! Values between Rust and DynamoDB.

use std::collections::HashMap;

use acuse_core::event::{Mismatch, read_json};
use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::DeserializeOwned;
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;

pub(super) type Item = HashMap<String, AttributeValue>;

/// The value of the attribute `name`; else why it can't be stored.
pub(super) fn attribute_value<T: Serialize>(name: &str, value: &T) -> Result<AttributeValue, String> {
    stored(value).map_err(|(path, problem)| {
        let field = if path.starts_with('[') || path.is_empty() {
            path
        } else {
            format!(".{path}")
        };
        Mismatch::new::<T>("value", Some(format!("{name}{field}")), &problem).to_string()
    })
}

/// The attributes of an item; else why it can't be stored.
pub(super) fn item<T: Serialize>(value: &T) -> Result<Item, String> {
    let mismatch = |field, problem: &str| Mismatch::new::<T>("item", field, problem).to_string();
    match stored(value) {
        Ok(AttributeValue::M(item)) => Ok(item),
        Ok(_) => Err("what is put there is not a struct or a map".to_owned()),
        Err((path, problem)) => Err(mismatch(Some(path).filter(|path| !path.is_empty()), &problem)),
    }
}

/// A value as stored; else the path of the field that can't be, and why.
fn stored<T: Serialize>(value: &T) -> Result<AttributeValue, (String, String)> {
    serde_dynamo::to_attribute_value(value).map_err(|error| {
        // Again to find the field, only if there is an error.
        let found = serde_path_to_error::serialize(value, serde_dynamo::Serializer);
        let path = found.err().map(|error| error.path().to_string());
        (path.filter(|path| path != ".").unwrap_or_default(), error.to_string())
    })
}

/// An item as a type of the hook's own. By way of JSON, which keeps a number's digits and whose errors name the field.
pub(super) fn read<T: DeserializeOwned>(item: Item) -> Result<T, Mismatch> {
    let json = serde_json::to_vec(&AsJson(&AttributeValue::M(item)));
    let json = json.map_err(|error| Mismatch::new::<T>("item", None, &error.to_string()))?;
    read_json("item", &json)
}

/// A value that is written as JSON: a set as an array, and bytes as an array of numbers.
struct AsJson<'a>(&'a AttributeValue);

impl Serialize for AsJson<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let number = |digits: &String| RawValue::from_string(digits.clone()).map_err(S::Error::custom);
        match self.0 {
            AttributeValue::S(text) => to.serialize_str(text),
            AttributeValue::N(digits) => number(digits)?.serialize(to),
            AttributeValue::Bool(value) => to.serialize_bool(*value),
            AttributeValue::B(bytes) => to.collect_seq(bytes.as_ref()),
            AttributeValue::L(values) => to.collect_seq(values.iter().map(AsJson)),
            AttributeValue::Ss(texts) => to.collect_seq(texts),
            AttributeValue::Ns(numbers) => to.collect_seq(numbers.iter().map(number).collect::<Result<Vec<_>, _>>()?),
            AttributeValue::Bs(sets) => to.collect_seq(sets.iter().map(AsRef::<[u8]>::as_ref)),
            AttributeValue::M(members) => to.collect_map(members.iter().map(|(name, value)| (name, AsJson(value)))),
            _ => to.serialize_unit(),
        }
    }
}
