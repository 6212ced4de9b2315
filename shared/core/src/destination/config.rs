//! The configuration: all destinations, as one secret holds them.
//!
//! ```json
//! {"destinations": {"shop": {"url": "https://…", "signing_secrets": ["whsec_…"], "types": ["payment.*"]}}}
//! ```
//!
//! Unknown and repeated fields are refused: if they were ignored, somebody would believe that a setting is in effect when
//! it is not. A destination that is stored with a mistake does not stop the others, and loses nothing.

mod error;
mod fields;
mod headers;
mod target;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

use super::DestinationName;
use super::filter::Filters;
use super::sign::SigningSecret;
use crate::event::Event;
use crate::json::{self, Value};
pub use error::{ConfigError, Problem};
pub use headers::OwnHeaders;
pub use target::{Queue, Target, Url};

/// The most destinations. What they are owed is written in one transaction, which takes 100 writes.
pub const MOST: usize = 50;

/// A URL or queue that gets events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Its name.
    pub name: DestinationName,
    /// Where requests go.
    pub target: Target,
    /// What requests are signed with, the newest first. Empty only for a queue, which AWS's permissions protect.
    pub signing_secrets: Vec<SigningSecret>,
    /// Which events it gets.
    pub filters: Filters,
    /// How long an answer may take as a whole.
    pub timeout: Duration,
    /// What is sent beside our own headers.
    pub headers: OwnHeaders,
    /// How many requests it gets at a time.
    pub parallel: u32,
    /// Whether it may be in a private network, or on this machine.
    pub allow_private: bool,
    /// An operator has paused it: events are owed to it, and none is sent.
    pub paused: bool,
}

/// All destinations by name.
#[derive(Debug, Clone, Default)]
pub struct Destinations {
    by_name: BTreeMap<DestinationName, Result<Destination, Mistake>>,
    /// Destinations whose name is invalid. They get nothing.
    unnamed: Vec<ConfigError>,
}

/// A destination that can't be used as it is stored.
#[derive(Debug, Clone)]
struct Mistake {
    error: ConfigError,
    /// Which events it gets, if that can be read.
    filters: Option<Filters>,
}

impl Destination {
    /// The seconds that an answer may take.
    pub const TIMEOUT_SECONDS: std::ops::RangeInclusive<u32> = 1..=30;

    /// How many requests at a time may be allowed.
    pub const PARALLEL: std::ops::RangeInclusive<u32> = 1..=1000;

    /// A destination with everything else as it is by default: all events, 10 seconds, 10 requests at a time.
    pub fn new(name: DestinationName, target: Target, signing_secrets: Vec<SigningSecret>) -> Self {
        Self {
            name,
            target,
            signing_secrets,
            filters: Filters::default(),
            timeout: Duration::from_secs(10),
            headers: OwnHeaders::default(),
            parallel: 10,
            allow_private: false,
            paused: false,
        }
    }

    /// Makes `new` the secret, and keeps the newest of the others: until [`end_rotation`](Self::end_rotation), requests
    /// have two signatures.
    pub fn rotate(&mut self, new: SigningSecret) {
        self.signing_secrets.insert(0, new);
        self.signing_secrets.truncate(2);
    }

    /// Keeps the newest secret alone.
    pub fn end_rotation(&mut self) {
        self.signing_secrets.truncate(1);
    }
}

impl Destinations {
    /// Reads the JSON, with or without a byte order mark before it.
    ///
    /// # Errors
    /// [`ConfigError`] if no destination can be read from it. The mistakes of single ones are among
    /// [`errors`](Self::errors).
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let document = json::parse(text.as_bytes()).map_err(|error| Problem::NotJson(error).of_all())?;
        let members = document.as_object().ok_or_else(|| Problem::NotObject.of_all())?;
        let mut stored = None;
        for (place, (name, value)) in (1..).zip(members) {
            match name.as_str() {
                Some("destinations") if stored.is_none() => stored = Some(value),
                Some("destinations") => return Err(Problem::Repeated { field: "destinations" }.of_all()),
                _ => return Err(Problem::beside(&name.to_string_lossy(), place).of_all()),
            }
        }
        let stored = stored
            .and_then(Value::as_object)
            .ok_or_else(|| Problem::NotObject.of_all())?;
        if stored.len() > MOST {
            return Err(Problem::TooMany.of_all());
        }
        let mut destinations = Self::default();
        for (place, (name, value)) in (1..).zip(stored) {
            destinations.read(place, &name.to_string_lossy(), value);
        }
        Ok(destinations)
    }

    fn read(&mut self, place: usize, text: &str, value: &Value<'_>) {
        let Some(name) = DestinationName::parse(text) else {
            self.unnamed.push(Problem::name(text, place).of_all());
            return;
        };
        let mistake = |problem: Problem, filters| Mistake {
            error: problem.of(&name),
            filters,
        };
        match self.by_name.entry(name.clone()) {
            // Which of the two is meant, nobody knows: it gets the events of both, once that is settled.
            Entry::Occupied(mut entry) => drop(entry.insert(Err(mistake(Problem::DuplicateDestination, None)))),
            Entry::Vacant(entry) => {
                let (destination, filters) = fields::read(&name, value);
                entry.insert(destination.map_err(|problem| mistake(problem, filters)));
            }
        }
    }

    /// The destination of this name; `None` if there is none.
    ///
    /// # Errors
    /// [`ConfigError`] if it is stored with a mistake.
    pub fn get(&self, name: &str) -> Option<Result<&Destination, &ConfigError>> {
        let found = self.by_name.get(name)?;
        Some(found.as_ref().map_err(|mistake| &mistake.error))
    }

    /// The destinations that can be used, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Destination> {
        self.by_name
            .values()
            .filter_map(|destination| destination.as_ref().ok())
    }

    /// The mistakes in destinations that can't be used as they are stored.
    pub fn errors(&self) -> impl Iterator<Item = &ConfigError> {
        let mistakes = self
            .by_name
            .values()
            .filter_map(|destination| destination.as_ref().err());
        mistakes.map(|mistake| &mistake.error).chain(&self.unnamed)
    }

    /// The destinations to which `event` is owed: those that want it, paused ones included. So are those whose mistake
    /// leaves unknown what they want; [`Filters::matches`] says so once it is fixed.
    pub fn owed<'a>(&'a self, event: &'a Event) -> impl Iterator<Item = &'a DestinationName> {
        let wants = |destination: &Result<Destination, Mistake>| match destination {
            Ok(destination) => destination.filters.matches(event),
            Err(mistake) => mistake.filters.as_ref().is_none_or(|filters| filters.matches(event)),
        };
        let owed = self.by_name.iter().filter(move |(_, destination)| wants(destination));
        owed.map(|(name, _)| name)
    }

    /// Adds a destination, or replaces the one of its name.
    pub fn put(&mut self, destination: Destination) {
        self.by_name.insert(destination.name.clone(), Ok(destination));
    }

    /// Removes a destination, whether or not it has a mistake. Returns whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        self.by_name.remove(name).is_some()
    }

    /// The JSON.
    ///
    /// # Errors
    /// [`ConfigError`] if a destination has a mistake, since what is stored of it would be lost, or if there are too many.
    pub fn to_json(&self) -> Result<String, ConfigError> {
        if let Some(error) = self.errors().next() {
            return Err(error.clone());
        }
        if self.by_name.len() > MOST {
            return Err(Problem::TooMany.of_all());
        }
        Ok(fields::write(self.iter()))
    }
}

#[cfg(test)]
mod tests;
