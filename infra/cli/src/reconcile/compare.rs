//! One resource at the provider against its events in the ledger.

use std::collections::BTreeSet;

use acuse_aws::ledger::record::Record;
use acuse_core::clock::Timestamp;
use acuse_core::event::Amount;
use acuse_core::ledger::Status;

use super::Resource;
use super::onepay::{Means, means};

/// How a resource and its events relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Finding {
    /// The ledger has no event of it, and should.
    Missing,
    /// The ledger has events of it, but not the one that its status should have brought.
    Behind,
    /// The event is there, with another amount or currency.
    Differs,
    /// The event is there, and no hook has had it: it was rejected, or it is an open conflict.
    NotProcessed,
    /// The ledger has no event of it, and may have had one: it is older than the ledger remembers.
    Forgotten,
    /// What is at the provider can't be judged: its status is one that the provider does not document.
    Unclear,
    /// Neither the provider nor the ledger has it.
    Unknown,
    /// Its webhook may still be on its way.
    InFlight,
    /// The registered webhooks don't post such events.
    NotPosted,
    /// Nothing has come of it yet at the provider.
    Open,
    /// All is there.
    There,
}

impl Finding {
    /// All, the worst first.
    pub const ALL: [Self; 11] = [
        Self::Missing,
        Self::Behind,
        Self::Differs,
        Self::NotProcessed,
        Self::Forgotten,
        Self::Unclear,
        Self::Unknown,
        Self::InFlight,
        Self::NotPosted,
        Self::Open,
        Self::There,
    ];

    /// Its name in `--json`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Behind => "behind",
            Self::Differs => "differs",
            Self::NotProcessed => "not_processed",
            Self::Forgotten => "forgotten",
            Self::Unclear => "unclear",
            Self::Unknown => "unknown",
            Self::InFlight => "in_flight",
            Self::NotPosted => "not_posted",
            Self::Open => "open",
            Self::There => "there",
        }
    }

    /// How people read it, after a count.
    pub fn words(self) -> String {
        match self {
            Self::NotPosted => "of types that no registered webhook posts".to_owned(),
            other => other.name().replace('_', " "),
        }
    }

    /// Whether somebody has to do something.
    pub const fn is_problem(self) -> bool {
        matches!(self, Self::Missing | Self::Behind | Self::Differs | Self::NotProcessed)
    }

    /// Whether it could not be found out.
    pub const fn is_unclear(self) -> bool {
        matches!(self, Self::Forgotten | Self::Unclear | Self::Unknown)
    }
}

/// A resource and what came of comparing it.
#[derive(Debug, Clone)]
pub struct Compared {
    /// What it was asked for by, if that was a line of a file.
    pub asked: Option<String>,
    /// As the provider has it; `None` if only the ledger was asked, or the provider does not know it.
    pub resource: Option<Resource>,
    /// How it is.
    pub finding: Finding,
    /// The types of which one should have come.
    pub expected: Vec<String>,
    /// The event in the ledger that counts.
    pub record: Option<Box<Record>>,
    /// What is wrong, in words.
    pub detail: String,
}

/// What a comparison needs beside the resource and its events.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The types that the registered webhooks post; `None` if that is not known.
    pub posted: Option<BTreeSet<String>>,
    /// What is younger may still be on its way.
    pub young: Timestamp,
    /// What is older may have been in the ledger, and be forgotten.
    pub remembered: Timestamp,
}

/// Compares `resource` with `records`, which are all events of it.
pub fn compare(resource: Resource, records: &[Record], terms: &Terms) -> Compared {
    let events: Vec<&Record> = records.iter().filter(|record| !record.confirmation).collect();
    let mut compared = Compared {
        asked: None,
        finding: Finding::There,
        expected: Vec::new(),
        record: last(&events).map(|record| Box::new(record.clone())),
        detail: String::new(),
        resource: None,
    };
    let at_provider = format!("`{}` at the provider", resource.status);
    let (finding, detail) = match means(resource.kind, &resource.status) {
        Means::Unknown => (
            Finding::Unclear,
            format!("{at_provider}, which is no status that it documents"),
        ),
        Means::Open => (Finding::Open, String::new()),
        Means::Sent(types) => {
            compared.expected = types.iter().map(|&name| name.to_owned()).collect();
            match best(&events, types) {
                Some(record) => {
                    compared.record = Some(Box::new(record.clone()));
                    of_record(&resource, record)
                }
                None => absent(&resource, &events, types, terms, &at_provider),
            }
        }
    };
    Compared {
        finding,
        detail,
        resource: Some(resource),
        ..compared
    }
}

/// The newest event.
fn last<'r>(events: &[&'r Record]) -> Option<&'r Record> {
    events.iter().copied().max_by(|a, b| a.received_at.cmp(&b.received_at))
}

/// The event of one of these types that has come furthest.
fn best<'r>(events: &[&'r Record], types: &[&str]) -> Option<&'r Record> {
    let of_type = events
        .iter()
        .copied()
        .filter(|record| types.contains(&record.type_name.as_str()));
    of_type.min_by_key(|record| match Status::from_name(record.status) {
        Some(Status::Completed) => 0,
        Some(Status::InProgress | Status::Released) => 1,
        Some(Status::Conflict) => 2,
        _ => 3,
    })
}

fn of_record(resource: &Resource, record: &Record) -> (Finding, String) {
    let status = record.status;
    if status == Status::Rejected.name() || status == Status::Conflict.name() {
        let why = record.error.as_deref().unwrap_or("no reason is recorded");
        return (Finding::NotProcessed, format!("its event is {status}: {why}"));
    }
    let differs = |name: &str, own: &str, other: &str| {
        let detail = format!("{name} {own} at the provider, {other} in the event");
        (Finding::Differs, detail)
    };
    match (&resource.amount, &record.amount) {
        (Some(own), Some(other)) if !Amount::from(own.as_str()).is_worth(other) => differs("amount", own, other),
        _ => match (&resource.currency, &record.currency) {
            (Some(own), Some(other)) if !own.eq_ignore_ascii_case(other) => differs("currency", own, other),
            _ => (Finding::There, String::new()),
        },
    }
}

fn absent(
    resource: &Resource,
    events: &[&Record],
    types: &[&str],
    terms: &Terms,
    at_provider: &str,
) -> (Finding, String) {
    let is_posted = |posted: &BTreeSet<String>| types.iter().any(|name| posted.contains(*name));
    if terms.posted.as_ref().is_some_and(|posted| !is_posted(posted)) {
        let detail = format!("no registered webhook posts {}", types.join(" or "));
        return (Finding::NotPosted, detail);
    }
    if resource.at.is_some_and(|at| at > terms.young) {
        return (Finding::InFlight, String::new());
    }
    if let Some(at) = resource.at.filter(|at| *at < terms.remembered) {
        let detail = format!("{at_provider}; at {at}, it is older than the ledger remembers");
        return (Finding::Forgotten, detail);
    }
    match last(events) {
        None => (
            Finding::Missing,
            format!("{at_provider}; the ledger has no event of it"),
        ),
        Some(record) => (
            Finding::Behind,
            format!("{at_provider}; the ledger's last event of it is {}", record.type_name),
        ),
    }
}

#[cfg(test)]
mod tests;
