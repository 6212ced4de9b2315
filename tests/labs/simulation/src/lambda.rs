//! How Lambda gives functions execution environments.
//!
//! - At most so many at once in an account and region; reserved ones are a function's own.
//! - A function gets at most 1,000 new ones in 10 s, refilled continuously, not saved up:
//!   <https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html>
//! - Ten requests a second for each of them, so ten times the concurrency quota in all:
//!   <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>

use crate::bucket::Bucket;
use crate::limit::{Limit, Limits};
use crate::time::Tick;

/// Concurrency that functions share, or that is reserved for one.
pub struct Pool {
    limit: u32,
    busy: u32,
    requests: Bucket,
}

/// One function's environments.
pub struct Function {
    environments: u32,
    busy: u32,
    new: Bucket,
}

/// Invocations that begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Started {
    /// In environments that were there.
    pub warm: u32,
    /// In new environments: they are initialised first.
    pub cold: u32,
}

impl Pool {
    /// Of so many.
    pub fn new(limit: u32) -> Self {
        let requests = 10.0 * f64::from(limit);
        Self {
            limit,
            busy: 0,
            requests: Bucket::new(requests, requests),
        }
    }
}

impl Default for Function {
    fn default() -> Self {
        Self {
            environments: 0,
            busy: 0,
            new: Bucket::new(100.0, 1000.0),
        }
    }
}

impl Function {
    /// Begins as many of `wanted` invocations as it may.
    pub fn start(&mut self, wanted: u32, pool: &mut Pool, now: Tick, limits: &mut Limits) -> Started {
        let (free, requests) = (pool.limit - pool.busy, pool.requests.available(now));
        if wanted > free {
            limits.met(Limit::Concurrency, wanted - free, now);
        }
        if wanted > requests {
            limits.met(Limit::RequestRate, wanted - requests, now);
        }
        let allowed = wanted.min(free).min(requests);
        let warm = allowed.min(self.environments - self.busy);
        let cold = self.new.take(allowed - warm, now);
        if warm + cold < allowed {
            limits.met(Limit::LambdaScaling, allowed - warm - cold, now);
        }
        pool.requests.take(warm + cold, now);
        pool.busy += warm + cold;
        self.busy += warm + cold;
        self.environments += cold;
        Started { warm, cold }
    }

    /// So many invocations are over.
    pub fn end(&mut self, invocations: u32, pool: &mut Pool) {
        self.busy = self.busy.saturating_sub(invocations);
        pool.busy = pool.busy.saturating_sub(invocations);
    }

    /// Invocations under way.
    pub fn busy(&self) -> u32 {
        self.busy
    }
}
