//! Values between Rust and DynamoDB.

use std::collections::HashMap;

use acuse_core::event::{Mismatch, read_json};
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;

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
    let mut json = String::new();
    write(&AttributeValue::M(item), &mut json);
    read_json("item", json.as_bytes())
}

/// Writes the value as JSON: a set as an array, and bytes as an array of numbers.
fn write(value: &AttributeValue, json: &mut String) {
    match value {
        AttributeValue::S(text) => quote(text, json),
        AttributeValue::N(digits) => json.push_str(digits),
        AttributeValue::Bool(true) => json.push_str("true"),
        AttributeValue::Bool(false) => json.push_str("false"),
        AttributeValue::B(bytes) => list(bytes.as_ref(), json, |byte, json| json.push_str(&byte.to_string())),
        AttributeValue::L(values) => list(values, json, write),
        AttributeValue::Ss(texts) => list(texts, json, |text, json| quote(text, json)),
        AttributeValue::Ns(numbers) => list(numbers, json, |digits, json| json.push_str(digits)),
        AttributeValue::Bs(sets) => list(sets, json, |bytes, json| write(&AttributeValue::B(bytes.clone()), json)),
        AttributeValue::M(members) => {
            json.push('{');
            for (place, (name, value)) in members.iter().enumerate() {
                if place > 0 {
                    json.push(',');
                }
                quote(name, json);
                json.push(':');
                write(value, json);
            }
            json.push('}');
        }
        _ => json.push_str("null"),
    }
}

fn list<V>(values: &[V], json: &mut String, write: impl Fn(&V, &mut String)) {
    json.push('[');
    for (place, value) in values.iter().enumerate() {
        if place > 0 {
            json.push(',');
        }
        write(value, json);
    }
    json.push(']');
}

fn quote(text: &str, json: &mut String) {
    json.push_str(&serde_json::Value::from(text).to_string());
}
