//! Which limits were met, when first and how often.

use std::collections::BTreeMap;
use std::fmt;

use crate::time::Tick;

/// A limit that can delay deliveries or events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the texts below say it")]
pub enum Limit {
    ThrottleRate,
    ApiQuota,
    Concurrency,
    RequestRate,
    LambdaScaling,
    MappingScaling,
    MaxConcurrency,
    Pollers,
    InFlight,
    IndexShard,
    IndexWarm,
    TableWarm,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::ThrottleRate => "`ThrottleRate`",
            Self::ApiQuota => "API Gateway's quota",
            Self::Concurrency => "Lambda's concurrency",
            Self::RequestRate => "Lambda's requests a second",
            Self::LambdaScaling => "1,000 environments in 10 s",
            Self::MappingScaling => "the mapping's scaling",
            Self::MaxConcurrency => "`ConsumerMaxConcurrency`",
            Self::Pollers => "the pollers",
            Self::InFlight => "120,000 in flight",
            Self::IndexShard => "`LedgerDayShards`",
            Self::IndexWarm => "the index's write units",
            Self::TableWarm => "the ledger's write units",
        })
    }
}

/// What was met.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    met: BTreeMap<Limit, Met>,
}

#[derive(Debug, Clone, Copy)]
struct Met {
    first: Tick,
    steps: u32,
    last: Tick,
    held: u64,
}

impl Limits {
    /// `limit` held back so many, in this step.
    pub fn met(&mut self, limit: Limit, held: u32, now: Tick) {
        let new = Met {
            first: now,
            steps: 1,
            last: now,
            held: 0,
        };
        let met = self.met.entry(limit).or_insert(new);
        met.steps += u32::from(met.last != now);
        met.last = now;
        met.held += u64::from(held);
    }

    /// Steps in which `limit` held back.
    pub fn steps(&self, limit: Limit) -> u32 {
        self.met.get(&limit).map_or(0, |met| met.steps)
    }

    /// All, in the order in which they were met first, with when that was and in how many steps they held back.
    pub fn in_order(&self) -> Vec<(Limit, Tick, u32)> {
        let mut all: Vec<_> = self
            .met
            .iter()
            .map(|(limit, met)| (*limit, met.first, met.steps))
            .collect();
        all.sort_by_key(|(_, first, _)| *first);
        all
    }
}
