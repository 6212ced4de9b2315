//! `application/x-www-form-urlencoded` as JSON.

use std::collections::HashMap;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::charset;
use crate::json;
use crate::provider::{Provider, Unreadable};
use crate::wire::form;

/// The field that may contain a whole JSON document.
const PAYLOAD: &str = "payload";

/// The JSON of a form's event: the only field, `payload`, if it contains JSON, or else the fields as an object, if
/// `provider` finds an event type in them. `None` if `bytes` are not a form.
pub(super) fn json(bytes: &[u8], charset: Option<&str>, provider: &Provider) -> Option<Result<String, Unreadable>> {
    if !form::is_form(bytes) {
        return None;
    }
    let refused = |why: &str| Some(Err(Unreadable::Content(why.to_owned())));
    let Some(form) = Form::read(bytes, charset) else {
        return refused("it is a form whose bytes are neither UTF-8 nor in a supported charset");
    };
    if let Some(document) = form.document()
        && let Ok(json::Value::Object(_) | json::Value::Array(_)) = json::parse(document.as_bytes())
    {
        return Some(Ok(document.to_owned()));
    }
    // `data[is_test]=1`: reading only the flat names would miss the nested flag.
    if form.0.iter().any(|(name, _)| name.contains('[')) {
        return refused("it is a form with nested fields, which are not supported");
    }
    let object = serde_json::to_string(&form).unwrap_or_default();
    let value = json::parse(object.as_bytes());
    match value.map(|value| (provider.read)(&value)) {
        Ok(Ok(_) | Err(Unreadable::Environment(_))) => Some(Ok(object)),
        _ => refused("it is neither JSON, nor a form with an event type or with JSON in its only field `payload`"),
    }
}

/// Names and their values, in their order.
struct Form(Vec<(String, Vec<String>)>);

impl Form {
    /// `None` if a field is not text.
    fn read(bytes: &[u8], charset: Option<&str>) -> Option<Self> {
        let (mut form, mut places) = (Self(Vec::new()), HashMap::new());
        for (name, value) in form::fields(bytes) {
            let text = |bytes: Vec<u8>| charset::in_charset(&bytes, charset).ok();
            let (name, value) = (text(name)?, text(value)?);
            let place = *places.entry(name.clone()).or_insert(form.0.len());
            match form.0.get_mut(place) {
                Some((_, values)) => values.push(value),
                None => form.0.push((name, vec![value])),
            }
        }
        Some(form)
    }

    /// The value of `payload`, if that is the only field.
    fn document(&self) -> Option<&str> {
        let [(name, values)] = self.0.as_slice() else {
            return None;
        };
        let [document] = values.as_slice() else {
            return None;
        };
        (name == PAYLOAD).then_some(document)
    }
}

/// A field becomes a string, and a repeated field an array of strings, since nothing says which one counts.
///
/// This text is hashed and stored: if it changed, known events would be new.
impl Serialize for Form {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, values)| match values.as_slice() {
            [value] => (name, Value::from(value.as_str())),
            values => (name, Value::from(values)),
        }))
    }
}
