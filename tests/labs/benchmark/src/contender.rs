//! Who takes part: the functions, and what they are compared with.

use acuse_core::provider::Provider;
use acuse_core::providers::{kuenta, onepay, unopago};

use crate::error::Error;
use crate::prepare::Size;
use crate::process::Program;

/// What is to be done.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Job {
    /// Any answer.
    Hello,
    /// Queue a delivery as it comes, verified or not.
    Send,
    /// Verify a delivery and queue it. The provider's secret has this many accounts.
    Verify(&'static Provider, usize),
    /// Apply a batch, each event once.
    Consume,
}

impl Job {
    /// Whether `answer` is what it should be.
    pub(crate) fn is_done(self, answer: &[u8]) -> bool {
        let answer: serde_json::Value = serde_json::from_slice(answer).unwrap_or_default();
        match self {
            Self::Hello | Self::Send | Self::Verify(..) => answer["statusCode"] == 200,
            Self::Consume => answer["batchItemFailures"].as_array().is_some_and(Vec::is_empty),
        }
    }

    /// How many accounts a provider's secret has.
    pub(crate) fn accounts(self) -> usize {
        match self {
            Self::Verify(_, accounts) => accounts,
            Self::Hello | Self::Send | Self::Consume => 1,
        }
    }
}

/// What a contender is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// Acuse and the Rust programs beside it.
    Rust,
    /// boto3, and Powertools for Python.
    Python,
    /// SDK for JavaScript v3, and Powertools for TypeScript.
    Node,
}

/// A contender's name, what it does, and how it is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) job: Job,
    pub(crate) kind: Kind,
    /// The binary, or the peer's file.
    pub(crate) file: &'static str,
}

const fn entry(name: &'static str, job: Job, kind: Kind, file: &'static str) -> Entry {
    Entry { name, job, kind, file }
}

/// All of them, in the order in which they take turns.
pub(crate) const ALL: &[Entry] = &[
    entry("hello", Job::Hello, Kind::Rust, "hello"),
    entry("sender", Job::Send, Kind::Rust, "sender"),
    entry("floor", Job::Verify(&kuenta::PROVIDER, 1), Kind::Rust, "floor"),
    entry("unopago", Job::Verify(&unopago::PROVIDER, 1), Kind::Rust, "unopago"),
    entry("onepay", Job::Verify(&onepay::PROVIDER, 1), Kind::Rust, "onepay"),
    entry("onepay-10", Job::Verify(&onepay::PROVIDER, 10), Kind::Rust, "onepay"),
    entry("onepay-300", Job::Verify(&onepay::PROVIDER, 300), Kind::Rust, "onepay"),
    entry("kuenta", Job::Verify(&kuenta::PROVIDER, 1), Kind::Rust, "kuenta"),
    entry(
        "python-verify",
        Job::Verify(&kuenta::PROVIDER, 1),
        Kind::Python,
        "verify",
    ),
    entry("node-verify", Job::Verify(&kuenta::PROVIDER, 1), Kind::Node, "verify"),
    entry("consumer", Job::Consume, Kind::Rust, "consumer"),
    entry("python-consume", Job::Consume, Kind::Python, "consume"),
    entry("node-consume", Job::Consume, Kind::Node, "consume"),
];

/// The chosen ones: `only` by name, where any are named, and none of the kinds `without`.
///
/// # Errors
/// [`Error::NoContender`] names those there are.
pub(crate) fn chosen(only: &[String], without: &[Kind]) -> Result<Vec<Entry>, Error> {
    if let Some(name) = only.iter().find(|name| ALL.iter().all(|entry| entry.name != **name)) {
        return Err(Error::NoContender {
            name: name.clone(),
            known: ALL.iter().map(|entry| entry.name).collect::<Vec<_>>().join(", "),
        });
    }
    let is_chosen = |entry: &&Entry| only.is_empty() || only.iter().any(|name| name == entry.name);
    let entries = ALL.iter().filter(is_chosen);
    Ok(entries
        .filter(|entry| !without.contains(&entry.kind))
        .copied()
        .collect())
}

/// A contender that is ready to start.
#[derive(Debug, Clone)]
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) job: Job,
    pub(crate) program: Program,
    pub(crate) size: Size,
}
