//! Reads a scenario's file, and checks every entry.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use acuse_core::clock::Timestamp;
use acuse_core::provider::{Provider, Providers};
use jiff::{Span, SpanRelativeTo};
use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::value::RawValue;
use thiserror::Error;

use super::{Entry, Scenario};
use crate::fields;
use crate::payload::payload;

/// A file that is not a scenario. The text names the file, the field (with its entry, counted from 0), and what is wrong.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{file}: {problem}")]
pub struct ScenarioError {
    file: String,
    problem: String,
}

impl ScenarioError {
    fn of_file(file: &str, problem: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            problem: problem.into(),
        }
    }

    pub(super) fn of_entry(file: &str, index: usize, field: &str, problem: impl fmt::Display) -> Self {
        Self::of_file(file, format!("`events[{index}].{field}`: {problem}"))
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    about: String,
    provider: Option<String>,
    #[serde(default)]
    ends: BTreeMap<String, String>,
    events: Vec<FileEntry>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct FileEntry {
    #[serde(rename = "type")]
    type_name: String,
    provider: Option<String>,
    #[serde(default, deserialize_with = "length")]
    at: Option<Duration>,
    #[serde(default, deserialize_with = "length")]
    delay: Option<Duration>,
    #[serde(default)]
    twice: bool,
    resource: Option<String>,
    #[serde(default)]
    new_ids: Vec<String>,
    #[serde(default)]
    set: BTreeMap<String, Box<RawValue>>,
    #[serde(default)]
    unset: Vec<String>,
}

impl Scenario {
    /// Reads the scenario called `name`, of events of `providers`.
    ///
    /// # Errors
    /// [`ScenarioError`]: it is not JSON, has a field that does not exist, a type of no guide, a path that its payload
    /// does not have, …
    pub fn parse(providers: Providers, name: &str, text: &str) -> Result<Self, ScenarioError> {
        let mut json = serde_json::Deserializer::from_str(text);
        let file: File = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let problem = match error.path().to_string().as_str() {
                "." => error.inner().to_string(),
                path => format!("`{path}`: {}", error.inner()),
            };
            ScenarioError::of_file(name, problem)
        })?;
        json.end()
            .map_err(|error| ScenarioError::of_file(name, error.to_string()))?;
        if file.events.is_empty() {
            return Err(ScenarioError::of_file(name, "`events` has no entries"));
        }
        let mut entries: Vec<Entry> = Vec::new();
        for (index, entry) in file.events.into_iter().enumerate() {
            let entry = entry.check(providers, name, index, file.provider.as_deref(), entries.last())?;
            entries.push(entry);
        }
        if let Some(unknown) = (file.ends.keys()).find(|name| entries.iter().all(|entry| entry.resource != **name)) {
            let names: Vec<_> = entries.iter().map(|entry| entry.resource.as_str()).collect();
            let problem = format!("`ends`: no event happens to `{unknown}`, only to {}", names.join(", "));
            return Err(ScenarioError::of_file(name, problem));
        }
        let scenario = Self {
            name: name.to_owned(),
            about: file.about,
            ends: file.ends,
            entries,
        };
        // Finds out whether the changes fit.
        scenario.play(Timestamp::from_seconds(0), str::to_owned)?;
        Ok(scenario)
    }
}

impl FileEntry {
    fn check(
        self,
        providers: Providers,
        file: &str,
        index: usize,
        provider: Option<&str>,
        before: Option<&Entry>,
    ) -> Result<Entry, ScenarioError> {
        let wrong = |field: &str, problem: String| ScenarioError::of_entry(file, index, field, problem);
        let name = self.provider.as_deref().or(provider);
        let provider = known(providers, name).map_err(|problem| wrong("provider", problem))?;
        let payload = payload(provider, &self.type_name).map_err(|unknown| wrong("type", unknown.to_string()))?;
        let at = self
            .at
            .unwrap_or_else(|| before.map_or(Duration::ZERO, |before| before.at));
        if let Some(before) = before.filter(|before| before.at > at) {
            let problem = format!(
                "it happens before the entry above ({} s after the start); entries are in the order of their times, and `--shuffle` sends them in another one",
                before.at.as_secs()
            );
            return Err(wrong("at", problem));
        }
        let kind = fields::read(provider, payload).and_then(|reading| Some(reading.resource?.kind));
        Ok(Entry {
            provider,
            type_name: self.type_name,
            at,
            delay: self.delay.unwrap_or_default(),
            twice: self.twice,
            is_named: self.resource.is_some(),
            resource: self.resource.or(kind).unwrap_or_default(),
            new_ids: self.new_ids,
            set: self.set,
            unset: self.unset,
        })
    }
}

fn known(providers: Providers, name: Option<&str>) -> Result<&'static Provider, String> {
    let names: Vec<_> = providers.names().collect();
    let names = names.join(", ");
    let name = name.ok_or_else(|| format!("neither the entry nor the file has it; it should be one of {names}"))?;
    providers
        .by_name(name)
        .ok_or_else(|| format!("no provider is called `{name}`; there are {names}"))
}

/// A length of time, such as `90s`, `5m` or `30d`.
fn length<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let span = text.parse::<Span>().ok();
    let length = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    let length = length.and_then(|length| Duration::try_from(length).ok());
    let wrong = || D::Error::custom(format_args!("`{text}` is no length of time, such as 90s, 5m or 30d"));
    length.map(Some).ok_or_else(wrong)
}
