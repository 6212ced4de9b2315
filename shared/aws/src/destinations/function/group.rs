//! The hints of one destination: what its gate lets through, and when the others come back.

use std::time::Duration;

use acuse_core::clock::Timestamp;
use acuse_core::destination::delivery::Change;
use acuse_core::destination::gate::{Effect, Gate, Permit, Wait};
use acuse_core::destination::retry::hidden_for;
use acuse_core::destination::{Destination, DestinationName};
use acuse_core::metric;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tracing::{info, warn};

use super::{End, Hint, RESERVE, Worker};
use crate::destinations::TableError;

impl Worker {
    /// Delivers what these hints point at, as far as the destination takes it now. Returns the ids of the messages that
    /// must not be deleted.
    pub(super) async fn deliver_group(
        &self,
        name: &DestinationName,
        hints: Vec<Hint>,
        deadline: Timestamp,
    ) -> Vec<String> {
        let mut ends = Vec::with_capacity(hints.len());
        self.deliver_all(name, hints, deadline, &mut ends).await;
        let now = self.clock.now();
        let (mut kept, mut hidden) = (Vec::new(), Vec::new());
        for (hint, end) in ends {
            if let End::Return(at) = end {
                let age = self.age(&hint);
                metric::destination_oldest(name.as_str(), age);
                // However often it is received, the queue does not give it up before we do.
                let at = at.max(now.plus(self.wait_policy.share(hint.message.receives, Some(age))));
                hidden.push((hint.message.receipt, hidden_for(at, now)));
                kept.push(hint.message.message_id);
            }
        }
        self.queue.hide(&hidden).await;
        kept
    }

    async fn deliver_all(
        &self,
        name: &DestinationName,
        hints: Vec<Hint>,
        deadline: Timestamp,
        ends: &mut Vec<(Hint, End)>,
    ) {
        let destinations = match self.configuration.get().await {
            // It may have been added a moment ago.
            Ok(found) if found.get(name.as_str()).is_none() => self.configuration.newest().await,
            found => found,
        };
        let destinations = match destinations {
            Ok(destinations) => destinations,
            Err(error) => {
                for hint in hints {
                    let end = self.wait(&hint, "reading the destinations", &error);
                    ends.push((hint, end));
                }
                return;
            }
        };
        match destinations.get(name.as_str()) {
            Some(Ok(destination)) if destination.paused => self.hold(hints, Wait::Paused, ends).await,
            Some(Ok(destination)) => {
                let (token, now) = (format!("{:032x}", self.random.bits()), self.clock.now());
                let wanted = u32::try_from(hints.len()).unwrap_or(u32::MAX);
                let (limit, random) = (destination.parallel, &*self.random);
                let lease = |gate: &mut Gate| match gate.is_crowded(self.invocations, now) && gate.shut(now).is_none() {
                    // Invocations that wait for one destination can't deliver to another.
                    true => Err(Wait::Busy { recovering: false }),
                    false => gate.lease(&token, wanted, deadline, limit, now, random),
                };
                match self.gates.change(name, random, lease).await {
                    Ok((gate, Ok(permit))) => {
                        self.call(destination, gate, permit, &token, hints, deadline, ends)
                            .await;
                    }
                    Ok((_, Err(wait))) => self.hold(hints, wait, ends).await,
                    Err(error) => {
                        for hint in hints {
                            let end = self.wait(&hint, "reading the gate", &error);
                            ends.push((hint, end));
                        }
                    }
                }
            }
            Some(Err(mistake)) => {
                for hint in hints {
                    let end = self.wait(&hint, "reading the destination", mistake);
                    ends.push((hint, end));
                }
            }
            None => {
                for hint in hints {
                    let end = self.skip(&hint).await;
                    ends.push((hint, end));
                }
            }
        }
    }

    /// Makes requests while the gate lets them through and the invocation lasts.
    #[expect(clippy::too_many_arguments, reason = "one caller")]
    async fn call(
        &self,
        destination: &Destination,
        mut gate: Gate,
        permit: Permit,
        token: &str,
        hints: Vec<Hint>,
        deadline: Timestamp,
        ends: &mut Vec<(Hint, End)>,
    ) {
        let (limit, random) = (destination.parallel, &*self.random);
        let at_a_time = usize::try_from(permit.requests).unwrap_or(usize::MAX);
        // What is recorded has the gate as it was when this function got its permit.
        let leased = gate.clone();
        let (mut effects, mut running) = (Vec::new(), FuturesUnordered::new());
        let mut longest = Duration::ZERO;
        let mut waiting = hints.into_iter();
        let last_start = deadline.minus(RESERVE).minus(destination.timeout);
        loop {
            while running.len() < at_a_time && gate.may_call(permit) && self.clock.now() <= last_start {
                let Some(hint) = waiting.next() else { break };
                running.push(async move {
                    let started = self.clock.now();
                    let tried = self.deliver(destination, &hint).await;
                    (hint, tried, self.clock.now().since(started))
                });
            }
            let Some((hint, (end, effect), took)) = running.next().await else {
                break;
            };
            if let Some(effect) = effect {
                longest = longest.max(took);
                gate.note(permit, &effect, limit, self.clock.now(), random);
                effects.push(effect);
            }
            ends.push((hint, end));
        }
        drop(running);
        let left: Vec<_> = waiting.collect();
        let wait = gate.shut(self.clock.now()).unwrap_or(Wait::Busy { recovering: false });
        if !left.is_empty() {
            self.hold(left, wait, ends).await;
        }
        if let Err(error) = self.give_back(destination, leased, token, &effects, longest).await {
            // The lease ends by itself, as if the function had died.
            warn!(destination = %destination.name, error = acuse_core::error::chain(&error), "permit not given back");
            // Nobody knows that it is paused, and nobody will resume it: what it is owed still needs its messages.
            if effects.iter().any(|effect| matches!(effect, Effect::Gone(_))) {
                let now = self.clock.now();
                ends.iter_mut().for_each(|(_, end)| *end = end.kept(now));
            }
        }
    }

    async fn give_back(
        &self,
        destination: &Destination,
        leased: Gate,
        token: &str,
        effects: &[Effect],
        longest: Duration,
    ) -> Result<(), TableError> {
        let (limit, random, now) = (destination.parallel, &*self.random, self.clock.now());
        let give_back = |gate: &mut Gate| {
            if !effects.is_empty() {
                gate.took(longest);
            }
            gate.give_back(token, effects, limit, now, random);
        };
        let changed = self.gates.change_from(&destination.name, leased, random, give_back);
        changed.await.map(drop)
    }

    /// Nobody may call now.
    async fn hold(&self, hints: Vec<Hint>, wait: Wait, ends: &mut Vec<(Hint, End)>) {
        for hint in hints {
            let now = self.clock.now();
            let back = wait.comes_back(now, &*self.random);
            let end = match back.map(|at| in_backlog(at, wait, hint.message.receives, now)) {
                // Its commit may be under way, or not in the index yet: whoever resumes the destination now would not
                // find it.
                None if self.age(&hint) < SETTLED => End::Return(now.plus(SETTLED)),
                // What is owed stays owed; whoever resumes the destination queues it again.
                None => End::Delete,
                Some(at) if self.patience.give_up_after <= self.age(&hint) => self.give_up(&hint, at).await,
                Some(at) => End::Return(at),
            };
            ends.push((hint, end));
        }
    }

    /// Gives up what was owed for too long. What was requeued since the message was sent was not, and comes back `at`.
    async fn give_up(&self, hint: &Hint, at: Timestamp) -> End {
        match self.deliveries.get(&hint.key).await {
            Ok(Some(delivery)) if !self.patience.is_over(delivery.owed_since, self.clock.now()) => {
                return End::Return(at);
            }
            Ok(_) => {}
            Err(error) => return self.wait(hint, "reading the delivery", &error),
        }
        let reason = "it was owed for too long, and its destination was down".to_owned();
        self.end(hint, Change::GiveUp { reason }, "given_up").await
    }

    /// The destination does not want it, or is not there any more.
    pub(super) async fn skip(&self, hint: &Hint) -> End {
        self.end(hint, Change::Skip, "skipped").await
    }

    /// Ends a delivery without a request.
    pub(super) async fn end(&self, hint: &Hint, change: Change, outcome: &'static str) -> End {
        let changed = self.deliveries.change(&hint.key, &change, self.clock.now()).await;
        match changed {
            Ok(_) => {
                metric::destination_delivery(hint.key.destination.as_str(), outcome);
                let (destination, key) = (&hint.key.destination, &hint.key.event);
                info!(%destination, %key, outcome, "delivery ended without a request");
                End::Delete
            }
            Err(error) => self.wait(hint, "writing the delivery", &error),
        }
    }
}

/// After this time, what a hint announces is committed, and in the index.
const SETTLED: Duration = Duration::from_secs(60);

/// The longest wait for a turn.
const LONGEST_TURN: Duration = Duration::from_secs(60);

/// When a message comes back for its turn. The more often it has come in vain, the longer the backlog is, and the longer
/// it waits: a queue counts how often a message is received.
fn in_backlog(at: Timestamp, wait: Wait, receives: u32, now: Timestamp) -> Timestamp {
    match wait {
        Wait::Busy { .. } => {
            let turn = at.since(now);
            now.plus(turn.saturating_mul(1 + receives / 4).min(LONGEST_TURN.max(turn)))
        }
        Wait::Paused | Wait::Closed { .. } => at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_backlog_does_not_use_up_the_receives_of_a_message() {
        let start = Timestamp::from_seconds(1_800_000_000);
        let busy = Wait::Busy { recovering: false };
        let (mut now, mut receives) = (start, 0);
        while now.since(start) < Duration::from_secs(3600) {
            receives += 1;
            now = in_backlog(now.plus(Duration::from_secs(1)), busy, receives, now);
        }
        // A quarter of the 1,000 that the queue allows.
        assert!(
            receives < 250,
            "{receives} in an hour, even if each wait is the shortest"
        );
        let closed = Wait::Closed { until: start };
        assert_eq!(in_backlog(start, closed, 900, start), start);
    }
}
