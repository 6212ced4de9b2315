//! `application/x-www-form-urlencoded`, as JSON.

use std::collections::HashMap;

use percent_encoding::percent_decode;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::charset;
use crate::json;
use crate::provider::{Provider, Unreadable};

/// The field that carries a whole JSON document.
const PAYLOAD: &str = "payload";

/// A form's event: the JSON in its only field, `payload`, or its fields as an object, where `provider` finds
/// a type in them. `None` where `bytes` are no form.
pub(super) fn json(bytes: &[u8], charset: Option<&str>, provider: &Provider) -> Option<Result<String, Unreadable>> {
    if !bytes.contains(&b'=') || !bytes.iter().all(|byte| is_of_form(*byte)) {
        return None;
    }
    let refused = |why: &str| Some(Err(Unreadable::Content(why.to_owned())));
    let Some(form) = Form::read(bytes, charset) else {
        return refused("it is a form with bytes that are not UTF-8, and of no charset that is read");
    };
    if let Some(document) = form.document()
        && let Ok(json::Value::Object(_) | json::Value::Array(_)) = json::parse(document.as_bytes())
    {
        return Some(Ok(document.to_owned()));
    }
    // `data[is_test]=1`: who reads the flat names alone overlooks what is in it.
    if form.0.iter().any(|(name, _)| name.contains('[')) {
        return refused("it is a form whose fields lie in one another, which is not read");
    }
    let object = serde_json::to_string(&form).unwrap_or_default();
    let value = json::parse(object.as_bytes());
    match value.map(|value| (provider.read)(&value)) {
        Ok(Ok(_) | Err(Unreadable::Environment(_))) => Some(Ok(object)),
        _ => refused(
            "it is not JSON, nor a form whose fields name an event type, or whose only one is JSON in `payload`",
        ),
    }
}

/// Names and their values, in their order.
struct Form(Vec<(String, Vec<String>)>);

impl Form {
    /// `None` where a field is no text.
    fn read(bytes: &[u8], charset: Option<&str>) -> Option<Self> {
        let (mut form, mut places) = (Self(Vec::new()), HashMap::new());
        let fields = bytes.split(|byte| *byte == b'&').filter(|field| !field.is_empty());
        for field in fields {
            let mut halves = field.splitn(2, |byte| *byte == b'=');
            let mut half = || decode(halves.next().unwrap_or_default(), charset);
            let (name, value) = (half()?, half()?);
            let place = *places.entry(name.clone()).or_insert(form.0.len());
            match form.0.get_mut(place) {
                Some((_, values)) => values.push(value),
                None => form.0.push((name, vec![value])),
            }
        }
        Some(form)
    }

    /// What may be a whole document.
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

/// A string for a field, and for one that came more than once an array of them: which one counts is not said.
///
/// This text is hashed and kept. Written in any other way, events that are known were new.
impl Serialize for Form {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, values)| match values.as_slice() {
            [value] => (name, Value::from(value.as_str())),
            values => (name, Value::from(values)),
        }))
    }
}

/// The characters of a URI (RFC 3986, 2): no document in JSON, whose strings have quotes, is made of them.
fn is_of_form(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
}

fn decode(text: &[u8], charset: Option<&str>) -> Option<String> {
    let spaced: Vec<u8> = text
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    let bytes: Vec<u8> = percent_decode(&spaced).collect();
    charset::in_charset(&bytes, charset).ok()
}
