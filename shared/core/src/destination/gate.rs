//! How many requests a destination gets at a time.
//!
//! ```text
//!          failures in a row, or a 429 or 503 with `retry-after`
//!   open ─────────────────────────────────────────────────▶ closed: no request
//!    ▲                                                        │    ▲
//!    │ the allowance reaches the limit            the time is over │ a failure at an allowance of 1,
//!    │                                                        ▼    │ or failures in a row
//!    └──────────────────────────── recovering: 1 request at a time, and one more with each success;
//!                                               half as many after a failure
//! ```
//!
//! There is one gate for each destination, and none knows of another. It is one item in the ledger's table, which
//! functions read, change by these rules, and write on condition that nobody has written it in between:
//!
//! ```text
//! function A  read v1 ── lease(3) ── write v2 ── 3 requests at a time ── read v4 ── give_back ── write v5
//! function B     read v1 ── lease(4) ── write v2 ✗ ── read v2 ── lease(4) ── write v3 ── …
//! ```
//!
//! A function that dies gives nothing back. Its lease ends by itself, and counts as a failure.

mod effect;
mod share;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::answer::LONGEST_RETRY_AFTER;
use crate::clock::{Random, Timestamp};
use crate::consume::Backoff;
pub use effect::{Effect, SPREAD, Wait};
pub use share::SLOW;

/// So many failures in a row close an open gate.
pub const FAILURES: u32 = 5;

/// How long a gate is closed: twice as long after each probe that fails.
pub const CLOSED: Backoff = Backoff {
    base: Duration::from_secs(10),
    max: Duration::from_secs(10 * 60),
};

/// What is known of a destination's health, and who calls it now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Gate {
    /// How often it was written. A write is made on condition that this is still what was read, and adds one.
    pub version: u64,
    /// How often it has closed. What requests from before bring changes nothing any more.
    epoch: u32,
    /// Requests at a time while it recovers; `None` if it is open.
    allowance: Option<u32>,
    /// Failures since the last success.
    failures: u32,
    #[serde(with = "millis", skip_serializing_if = "Option::is_none")]
    closed_until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    paused: Option<Pause>,
    /// Whether a request of the last function that called it took [`SLOW`] or longer.
    slow: bool,
    leases: Vec<Lease>,
}

/// Why a destination is paused until an operator [resumes](Gate::resume) it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// What it answered.
    pub reason: String,
    /// When, in milliseconds since the Unix epoch.
    pub since_ms: i64,
}

/// The right to so many requests at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Lease {
    token: String,
    requests: u32,
    #[serde(default)]
    since_ms: i64,
    until_ms: i64,
    epoch: u32,
}

/// A right that a gate gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit {
    /// How many requests may run at a time until the lease ends. All must have ended by then.
    pub requests: u32,
    epoch: u32,
}

/// What a list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum State {
    Open,
    Recovering { allowance: u32 },
    Closed { until: Timestamp, failures: u32 },
    Paused(Pause),
}

impl Gate {
    /// Asks for up to `wanted` requests at a time, at most `limit` altogether, until `until`. `token` is the caller's
    /// own, and it has no use for more than it has messages: what it does not use, others can't. Leases that are over are removed first, which is a change to be written even if there is no permit.
    ///
    /// # Errors
    /// [`Wait`] if there is none for now.
    pub fn lease(
        &mut self,
        token: &str,
        wanted: u32,
        until: Timestamp,
        limit: u32,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Permit, Wait> {
        self.end_leases(limit, now, random);
        if let Some(wait) = self.shut(now) {
            return Err(wait);
        }
        let under_way = self.leases.iter().map(|lease| lease.requests).sum();
        let allowed = self.allowance.unwrap_or(limit).min(limit);
        let requests = allowed.saturating_sub(under_way).min(wanted);
        if requests == 0 {
            let recovering = self.allowance.is_some();
            return Err(Wait::Busy { recovering });
        }
        self.leases.push(Lease {
            token: token.to_owned(),
            requests,
            since_ms: now.as_millis(),
            until_ms: until.as_millis(),
            epoch: self.epoch,
        });
        Ok(Permit {
            requests,
            epoch: self.epoch,
        })
    }

    /// Ends the lease of `token`, with what its requests brought, in their order. Changes nothing if that lease has ended
    /// by itself.
    pub fn give_back(&mut self, token: &str, effects: &[Effect], limit: u32, now: Timestamp, random: &dyn Random) {
        let Some(place) = self.leases.iter().position(|lease| lease.token == token) else {
            return;
        };
        let lease = self.leases.remove(place);
        for effect in effects {
            self.record(lease.epoch, effect, limit, now, random);
        }
    }

    /// Records the effect of one request on the caller's own copy, so that it knows after each whether it may make
    /// another one: see [`may_call`](Self::may_call). [`give_back`](Self::give_back) tells the others.
    pub fn note(&mut self, permit: Permit, effect: &Effect, limit: u32, now: Timestamp, random: &dyn Random) {
        self.record(permit.epoch, effect, limit, now, random);
    }

    /// Whether the holder of `permit` may make another request, as far as its own copy says.
    pub fn may_call(&self, permit: Permit) -> bool {
        self.epoch == permit.epoch && self.paused.is_none()
    }

    /// Why nobody may call at `now`, whoever asks: for the messages that are left over when
    /// [`may_call`](Self::may_call) says no.
    pub fn shut(&self, now: Timestamp) -> Option<Wait> {
        match (&self.paused, self.closed_until) {
            (Some(_), _) => Some(Wait::Paused),
            (None, Some(until)) if until > now => Some(Wait::Closed { until }),
            (None, _) => None,
        }
    }

    /// Lets no request through until somebody [resumes](Self::resume) it. Those that are under way go on.
    pub fn pause(&mut self, pause: Pause) {
        self.paused = Some(pause);
    }

    /// Lets requests through again: one at first, more with each success.
    pub fn resume(&mut self) {
        self.paused = None;
        self.closed_until = None;
        self.failures = 0;
        self.allowance = Some(1);
    }

    /// What a list shows.
    pub fn state(&self, now: Timestamp) -> State {
        match (&self.paused, self.closed_until, self.allowance) {
            (Some(pause), _, _) => State::Paused(pause.clone()),
            (None, Some(until), _) if until > now => State::Closed {
                until,
                failures: self.failures,
            },
            (None, _, Some(allowance)) => State::Recovering { allowance },
            (None, _, None) => State::Open,
        }
    }

    fn record(&mut self, epoch: u32, effect: &Effect, limit: u32, now: Timestamp, random: &dyn Random) {
        if let Effect::Gone(pause) = effect {
            self.paused.get_or_insert_with(|| pause.clone());
        }
        // The outcome of a request from before the gate closed.
        if epoch != self.epoch {
            return;
        }
        match effect {
            Effect::Success => {
                self.failures = 0;
                self.closed_until = None;
                let more = self.allowance.map(|allowance| allowance.saturating_add(1));
                self.allowance = more.filter(|more| *more < limit);
            }
            Effect::Failure { leave_alone } => {
                self.failures = self.failures.saturating_add(1);
                let is_down = self.failures >= FAILURES || self.allowance == Some(1);
                self.allowance = self.allowance.map(|allowance| (allowance / 2).max(1));
                if is_down || leave_alone.is_some() {
                    self.close(*leave_alone, now, random);
                }
            }
            Effect::Fault | Effect::Gone(_) => {}
        }
    }

    fn close(&mut self, leave_alone: Option<Timestamp>, now: Timestamp, random: &dyn Random) {
        let probes = self.failures.saturating_sub(FAILURES);
        let until = now.plus(CLOSED.delay(probes.saturating_add(1), random));
        let asked = leave_alone.map(|until| until.min(now.plus(LONGEST_RETRY_AFTER)));
        self.closed_until = Some(asked.map_or(until, |asked| asked.max(until)));
        self.allowance = Some(1);
        self.epoch = self.epoch.wrapping_add(1);
    }

    /// Removes the leases of functions that have died.
    fn end_leases(&mut self, limit: u32, now: Timestamp, random: &dyn Random) {
        let is_over = |lease: &Lease| Timestamp::from_millis(lease.until_ms) <= now;
        let (over, running) = std::mem::take(&mut self.leases).into_iter().partition(is_over);
        self.leases = running;
        let over: Vec<Lease> = over;
        for lease in over {
            let failure = Effect::Failure { leave_alone: None };
            self.record(lease.epoch, &failure, limit, now, random);
        }
    }
}

/// A moment as a number, in milliseconds since the Unix epoch.
mod millis {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::clock::Timestamp;

    pub(super) fn serialize<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        at.map(Timestamp::as_millis).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        let at = Option::<i64>::deserialize(deserializer)?;
        Ok(at.map(Timestamp::from_millis))
    }
}

#[cfg(test)]
mod tests;
