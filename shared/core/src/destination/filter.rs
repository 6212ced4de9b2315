//! Which events a destination gets.

use crate::event::{Environment, Event, Kind};

/// A text in which `*` stands for any characters, also none: `payment.*`, `*.refunded`. Case matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

/// The longest pattern in bytes.
const LONGEST: usize = 128;

impl Pattern {
    /// What a pattern looks like, for messages.
    pub const EXPECTED: &'static str = "1 to 128 visible characters, in which `*` stands for any";

    /// Reads a pattern. `None` if it is empty, too long, or contains white space or control characters.
    pub fn parse(text: &str) -> Option<Self> {
        let is_visible = |c: char| !c.is_whitespace() && !c.is_control();
        let valid = (1..=LONGEST).contains(&text.len()) && text.chars().all(is_visible);
        valid.then(|| Self(text.to_owned()))
    }

    /// The pattern as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `text` as a whole fits. Takes no longer than a pass over `text` for each `*`.
    pub fn matches(&self, text: &str) -> bool {
        let mut parts = self.0.split('*');
        let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
            return false;
        };
        let Some(last) = parts.next_back() else {
            return rest.is_empty();
        };
        // The earliest place for each part leaves the most to the others.
        for part in parts {
            match rest.split_once(part) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

/// What a destination wants. Each list is one condition, and an empty list is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filters {
    /// Providers' names.
    pub providers: Vec<Pattern>,
    /// Accounts' names.
    pub accounts: Vec<Pattern>,
    /// Test money, real money, or both.
    pub environments: Vec<Environment>,
    /// Providers' types. Together with `kinds`, either may fit.
    pub types: Vec<Pattern>,
    /// [Kinds](Kind), by name.
    pub kinds: Vec<Pattern>,
}

impl Filters {
    /// Whether the destination wants `event`.
    pub fn matches(&self, event: &Event) -> bool {
        let about = || {
            let no_condition = self.types.is_empty() && self.kinds.is_empty();
            no_condition || fits(&self.types, &event.type_name) || fits(&self.kinds, event.kind.name())
        };
        (self.providers.is_empty() || fits(&self.providers, event.provider))
            && (self.accounts.is_empty() || fits(&self.accounts, event.account.name.as_str()))
            && (self.environments.is_empty() || self.environments.contains(&event.environment))
            && about()
    }

    /// The patterns for kinds that no kind fits. They may be misspelt, or a later version's.
    pub fn unknown_kinds(&self) -> impl Iterator<Item = &Pattern> {
        let fits_none = |pattern: &&Pattern| !Kind::ALL.iter().any(|kind| pattern.matches(kind.name()));
        self.kinds.iter().filter(fits_none)
    }
}

fn fits(patterns: &[Pattern], text: &str) -> bool {
    patterns.iter().any(|pattern| pattern.matches(text))
}

#[cfg(test)]
mod tests;
