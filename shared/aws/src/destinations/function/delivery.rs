//! One hint whose destination may be called: what is owed, the request, and what is recorded of it.

use std::time::Duration;

use acuse_core::destination::Destination;
use acuse_core::destination::answer::Verdict;
use acuse_core::destination::delivery::{Change, Delivery, Status};
use acuse_core::destination::gate::Effect;
use acuse_core::destination::retry::Next;
use acuse_core::event::Event;
use acuse_core::ledger::Status as EventStatus;
use acuse_core::metric;
use tracing::info;

use super::{End, Hint, Worker};
use crate::destinations::TableError;
use crate::destinations::events::{self, EventError};
use crate::destinations::items::Changed;
use crate::destinations::send::Sent;

/// A hint may come before the commit that it announces: a moment later there is what it points at.
const COMMIT: Duration = Duration::from_millis(150);

impl Worker {
    /// Sends what the hint points at, if it is still owed and due. With the effect on the gate if there was a request.
    pub(super) async fn deliver(&self, destination: &Destination, hint: &Hint) -> (End, Option<Effect>) {
        let delivery = match self.owed(hint).await {
            Ok(Some(delivery)) => delivery,
            Ok(None) => return (self.without_delivery(hint).await, None),
            Err(error) => return (self.wait(hint, "reading the delivery", &error), None),
        };
        if delivery.status != Status::Owed {
            return (End::Delete, None);
        }
        if let Some(at) = delivery.retry_at.filter(|at| *at > self.clock.now()) {
            return (End::Return(at), None);
        }
        let record = match self.ledger.event(&hint.key.event).await {
            Ok(Some(record)) => record,
            Ok(None) => {
                let reason = "the ledger has forgotten its event".to_owned();
                return (self.end(hint, Change::GiveUp { reason }, "given_up").await, None);
            }
            Err(error) => return (self.wait(hint, "reading the event", &error), None),
        };
        let event = match events::event(&self.ledger, &record, self.providers).await {
            Ok(event) => event,
            // There is nothing to send any more, and an operator owed it again.
            Err(error @ EventError::Erased { .. }) => {
                let reason = error.to_string();
                return (self.end(hint, Change::GiveUp { reason }, "given_up").await, None);
            }
            Err(error) => return (self.wait(hint, "reading the event", &error), None),
        };
        if !destination.filters.matches(&event) {
            return (self.unwanted(hint, &event).await, None);
        }
        let sent = self.sender.send(destination, &event).await;
        let effect = Effect::of(&sent.outcome, self.clock.now());
        (self.record(hint, &event, &delivery, sent).await, Some(effect))
    }

    /// The filters leave the event out. It is skipped for good, so newer ones are asked first: whoever owed it may have
    /// read them already.
    async fn unwanted(&self, hint: &Hint, event: &Event) -> End {
        let newest = match self.configuration.newest().await {
            Ok(newest) => newest,
            Err(error) => return self.wait(hint, "reading the destinations", &error),
        };
        match newest.get(hint.key.destination.as_str()) {
            Some(Ok(destination)) if !destination.filters.matches(event) => self.skip(hint).await,
            None => self.skip(hint).await,
            // It is sent as the newest has it.
            Some(_) => self.after(Duration::from_secs(1)),
        }
    }

    async fn owed(&self, hint: &Hint) -> Result<Option<Delivery>, TableError> {
        let found = self.deliveries.get(&hint.key).await?;
        if found.is_some() || hint.message.receives > 1 {
            return Ok(found);
        }
        self.clock.sleep(COMMIT).await;
        self.deliveries.get(&hint.key).await
    }

    /// The hint came before the commit, or there was none.
    async fn without_delivery(&self, hint: &Hint) -> End {
        let record = match self.ledger.event(&hint.key.event).await {
            Ok(record) => record,
            Err(error) => return self.wait(hint, "reading the event", &error),
        };
        let status = record.as_ref().and_then(|record| EventStatus::from_name(record.status));
        let listed = record.is_some_and(|record| record.destinations.contains(&hint.key.destination));
        match status {
            // It was committed in between.
            _ if listed => self.after(Duration::from_secs(1)),
            Some(EventStatus::Completed | EventStatus::Rejected | EventStatus::Conflict) => End::Delete,
            // Whoever works on the event sends another hint, so this one need not outlast an outage.
            None | Some(EventStatus::InProgress | EventStatus::Released)
                if self.age(hint) >= self.patience.give_up_after =>
            {
                End::Delete
            }
            None | Some(EventStatus::InProgress | EventStatus::Released) => {
                self.after(self.wait_policy.wait.delay(hint.message.receives.max(1), &*self.random))
            }
        }
    }

    /// Records what came of a try.
    async fn record(&self, hint: &Hint, event: &Event, before: &Delivery, sent: Sent) -> End {
        let now = self.clock.now();
        let (attempt, verdict) = (before.attempts.saturating_add(1), sent.outcome.verdict());
        let (after, fault) = match verdict {
            Verdict::Delivered | Verdict::Pause | Verdict::GiveUp => (None, false),
            Verdict::Retry { after } => (after, false),
            Verdict::Fault { after } => (after, true),
        };
        let (outcome, retry_at) = match verdict {
            Verdict::Delivered => ("delivered", None),
            Verdict::GiveUp => ("given_up", None),
            // What it is owed stays owed.
            Verdict::Pause => ("paused", Some(now)),
            Verdict::Retry { .. } | Verdict::Fault { .. } => {
                match self
                    .patience
                    .next(attempt, before.owed_since, after, now, &*self.random)
                {
                    Next::GiveUp => ("given_up", None),
                    Next::At(at) => (if fault { "fault" } else { "retried" }, Some(at)),
                }
            }
        };
        let error = match &sent.detail {
            Some(detail) => format!("{}: {detail}", sent.outcome),
            None => sent.outcome.to_string(),
        };
        let destination = &hint.key.destination;
        metric::destination_delivery(destination.as_str(), outcome);
        let (key, id, took_ms) = (&event.key, event.idempotency_key(), took(&sent));
        let status = sent.answer.as_ref().map(|answer| answer.status);
        match outcome {
            "delivered" => {
                metric::destination_latency(destination.as_str(), now.since(event.received_at));
                info!(%destination, %key, id, attempt, status, took_ms, outcome, "delivery ended");
            }
            _ => info!(%destination, %key, id, attempt, status, took_ms, outcome, error, "delivery failed"),
        }
        let change = match (verdict, sent.answer) {
            (Verdict::Delivered, Some(answer)) => Change::Delivered(answer),
            (_, answer) => Change::Failed {
                attempts: before.attempts,
                error,
                fault,
                answer,
                retry_at,
            },
        };
        let changed = match self.deliveries.change(&hint.key, &change, now).await {
            Ok(Changed::Written(delivery)) => Some(delivery),
            Ok(Changed::Refused(delivery)) => delivery,
            Err(error) => return self.wait(hint, "writing the delivery", &error),
        };
        match changed.filter(|delivery| delivery.status == Status::Owed) {
            // Its message is dropped until somebody resumes it.
            Some(_) if verdict == Verdict::Pause => End::Delete,
            Some(delivery) => End::Return(delivery.retry_at.unwrap_or(now)),
            None => End::Delete,
        }
    }
}

fn took(sent: &Sent) -> Option<u64> {
    sent.answer.as_ref().map(|answer| answer.took_ms)
}
