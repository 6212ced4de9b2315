//! Fields that providers put in different places. Where they are is asked of the provider's own reader.

use acuse_core::event::Environment;
use acuse_core::json::{self, Value};
use acuse_core::provider::{Provider, Reading};
use serde_json::value::to_raw_value;

use crate::change;

/// The names under which readers look for the merchant's order number.
const REFERENCES: [&str; 2] = ["reference", "external_id"];

/// What `provider` reads in `payload`; `None` if it can't read it.
pub fn read(provider: &Provider, payload: &str) -> Option<Reading> {
    (provider.read)(&json::parse(payload.as_bytes()).ok()?).ok()
}

/// An order number that belongs to a resource: the same for each of its events, and another for another resource.
pub fn reference_of(resource_id: &str) -> String {
    let own = resource_id.split_once('_').map_or(resource_id, |(_, own)| own);
    let letters = own.chars().filter(char::is_ascii_alphanumeric);
    format!("ORD-{}", letters.take(12).collect::<String>())
}

/// `payload` with another order number, where it has one or could have one. `None` if `provider` sends none in payloads
/// of this type.
pub fn with_reference(provider: &Provider, payload: &str, reference: &str) -> Option<String> {
    let value = json::parse(payload.as_bytes()).ok()?;
    let current = (provider.read)(&value).ok()?.reference;
    let objects = value.as_object()?.iter();
    let objects = objects.filter(|(_, value)| value.as_object().is_some());
    let objects = objects.filter_map(|(name, object)| Some((format!("/{}", escaped(name.as_str()?)), object)));
    let places: Vec<(String, Option<String>)> = objects
        .chain([(String::new(), &value)])
        .flat_map(|(path, object)| {
            let place = move |name| (format!("{path}/{name}"), object.get(name).and_then(Value::scalar_text));
            REFERENCES.map(place)
        })
        .collect();
    // Where it is now, or else anywhere that the reader finds it.
    let now = places.iter().filter(|(_, text)| text.is_some() && *text == current);
    now.chain(&places).find_map(|(path, _)| {
        let changed = change::set(payload, path, to_raw_value(reference).ok()?).ok()?;
        let found = read(provider, &changed)?.reference;
        (found.as_deref() == Some(reference)).then_some(changed)
    })
}

/// `payload` with another environment; `None` if it names none.
pub fn with_environment(provider: &Provider, payload: &str, environment: Environment) -> Option<String> {
    let value = json::parse(payload.as_bytes()).ok()?;
    (provider.read)(&value).ok()?.environment?;
    let path = path_to("environment", &value)?;
    change::set(payload, &path, to_raw_value(environment.name()).ok()?).ok()
}

/// The JSON pointer to the first member called `wanted`.
fn path_to(wanted: &str, value: &Value<'_>) -> Option<String> {
    value.as_object()?.iter().find_map(|(name, value)| {
        let name = name.as_str()?;
        let path = format!("/{}", escaped(name));
        let below = || path_to(wanted, value).map(|below| format!("{path}{below}"));
        (name == wanted).then(|| path.clone()).or_else(below)
    })
}

/// A name in a JSON pointer (RFC 6901).
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests;
