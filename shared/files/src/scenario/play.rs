//! A scenario's payloads, for one run.

use std::collections::BTreeMap;
use std::time::Duration;

use acuse_core::clock::Timestamp;
use serde_json::Value;
use serde_json::value::to_raw_value;

use super::{Entry, Scenario, ScenarioError};
use crate::payload::{payload, renewed};
use crate::{change, fields};

/// Under which names payloads have the time at which their resource was created.
const CREATED: [&str; 2] = ["createdAt", "created_at"];

/// An event of one run of a scenario.
#[derive(Debug, Clone)]
pub struct Played<'s> {
    /// What the scenario has about it.
    pub entry: &'s Entry,
    /// When it happens.
    pub at: Timestamp,
    /// Its payload.
    pub payload: String,
}

/// The ids of one run.
struct Ids {
    /// By provider and the scenario's name for the resource.
    named: BTreeMap<(&'static str, String), String>,
    /// By provider and the id in the payload files, for all that mention it.
    in_files: BTreeMap<(&'static str, String), String>,
}

/// A field of an entry, and what is wrong with it.
type Problem = (&'static str, String);

impl Scenario {
    /// The events of a run whose last one happens at `end`. `new_id` makes an id from one of the same kind.
    ///
    /// # Errors
    /// [`ScenarioError`] if a path does not fit its payload. [`parse`](Self::parse) has made sure that all do.
    pub fn play(
        &self,
        end: Timestamp,
        mut new_id: impl FnMut(&str) -> String,
    ) -> Result<Vec<Played<'_>>, ScenarioError> {
        let ids = self.ids(&mut new_id);
        let mut reference = None;
        let start = end.minus(self.entries.last().map_or(Duration::ZERO, |last| last.at));
        let mut played: Vec<Played<'_>> = Vec::new();
        for (index, entry) in self.entries.iter().enumerate() {
            let at = start.plus(entry.at);
            let earlier = played.iter().find(|earlier| earlier.entry.is_about_same(entry));
            let created = earlier.map_or(at, |earlier| earlier.at);
            let payload = entry.payload(at, created, &ids, &mut reference);
            let payload = payload.and_then(|payload| entry.change(payload, &mut new_id));
            let payload =
                payload.map_err(|(field, problem)| ScenarioError::of_entry(&self.name, index, field, problem))?;
            played.push(Played { entry, at, payload });
        }
        Ok(played)
    }

    fn ids(&self, new_id: &mut dyn FnMut(&str) -> String) -> Ids {
        let (mut named, mut in_files) = (BTreeMap::new(), BTreeMap::new());
        for entry in &self.entries {
            let Some(own) = entry.id_in_file() else { continue };
            let id = named.entry((entry.provider.name, entry.resource.clone()));
            let id = id.or_insert_with(|| new_id(&own)).clone();
            if !entry.is_named {
                in_files.insert((entry.provider.name, own), id);
            }
        }
        Ids { named, in_files }
    }
}

impl Entry {
    fn is_about_same(&self, other: &Self) -> bool {
        self.provider.name == other.provider.name && self.resource == other.resource
    }

    fn id_in_file(&self) -> Option<String> {
        let payload = payload(self.provider, &self.type_name).ok()?;
        Some(fields::read(self.provider, &payload)?.resource?.id)
    }

    /// The file's payload with the ids and times of this run, and the order number that its payments share.
    fn payload(
        &self,
        at: Timestamp,
        created: Timestamp,
        ids: &Ids,
        reference: &mut Option<String>,
    ) -> Result<String, Problem> {
        let file = payload(self.provider, &self.type_name).map_err(|error| ("type", error.to_string()))?;
        let own = ids.named.get(&(self.provider.name, self.resource.clone()));
        let own = own.map_or("", String::as_str);
        let mut text = renewed(self.provider, &file, at, |_| own.to_owned());
        for ((provider, id), new) in &ids.in_files {
            if *provider == self.provider.name {
                text = text.replace(&format!("\"{id}\""), &format!("\"{new}\""));
            }
        }
        text = with_creation(text, created);
        let reading = fields::read(self.provider, &text);
        if reading.is_some_and(|reading| reading.reference.is_some()) {
            let reference = reference.get_or_insert_with(|| fields::reference_of(own));
            text = fields::with_reference(self.provider, &text, reference).unwrap_or(text);
        }
        Ok(text)
    }

    /// `payload` with the entry's own changes.
    fn change(&self, mut payload: String, new_id: &mut dyn FnMut(&str) -> String) -> Result<String, Problem> {
        for path in &self.new_ids {
            let missing = || ("new_ids", format!("the payload has no text at `{path}`"));
            let id = text_at(&payload, path).ok_or_else(missing)?;
            let id = to_raw_value(&new_id(&id)).map_err(|_| missing())?;
            payload = change::set(&payload, path, id).map_err(|error| ("new_ids", error.to_string()))?;
        }
        for (path, value) in &self.set {
            payload = change::set(&payload, path, value.clone()).map_err(|error| ("set", error.to_string()))?;
        }
        for path in &self.unset {
            payload = change::unset(&payload, path).map_err(|error| ("unset", error.to_string()))?;
        }
        Ok(payload)
    }
}

/// `payload` whose resource was created then.
fn with_creation(payload: String, created: Timestamp) -> String {
    let value: Value = serde_json::from_str(&payload).unwrap_or_default();
    let objects = value.as_object().into_iter().flatten();
    let paths = objects.flat_map(|(object, value)| {
        let names = CREATED
            .iter()
            .filter(|name| value.get(name).is_some_and(Value::is_string));
        names.map(move |name| format!("/{object}/{name}"))
    });
    let time = to_raw_value(&created.to_string()).ok();
    let changed = |payload: String, path: String| match time.clone() {
        Some(time) => change::set(&payload, &path, time).unwrap_or(payload),
        None => payload,
    };
    paths.fold(payload, changed)
}

fn text_at(payload: &str, path: &str) -> Option<String> {
    let value: Value = serde_json::from_str(payload).ok()?;
    let pointer = match path.starts_with('/') {
        true => path.to_owned(),
        false => format!("/{}", path.replace('.', "/")),
    };
    Some(value.pointer(&pointer)?.as_str()?.to_owned())
}
