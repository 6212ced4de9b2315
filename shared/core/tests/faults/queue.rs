//! SQS as far as it matters here: visibility, receive counts, and the dead-letter queue.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use acuse_core::clock::Timestamp;
use acuse_core::consume::{Inbox, InboxError, Received};

use crate::fault::{Fault, Faults};
use crate::simulation::Simulation;

/// As in template.yaml.
const VISIBILITY: Duration = Duration::from_secs(200);
const MAX_RECEIVES: u32 = 1000;
const RETENTION: Duration = Duration::from_secs(13 * 24 * 3600);

/// The event queue with its dead-letter queue.
#[derive(Clone)]
pub(crate) struct Queue {
    simulation: Simulation,
    faults: Faults,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    messages: Vec<Queued>,
    dead: Vec<(Received, String)>,
    /// Messages that outlived the queue's retention.
    forgotten: Vec<Received>,
}

struct Queued {
    message: Received,
    visible_at: Timestamp,
    receives: u32,
}

impl Queue {
    pub(crate) fn new(simulation: &Simulation, faults: &Faults) -> Self {
        Self {
            simulation: simulation.clone(),
            faults: faults.clone(),
            state: Arc::default(),
        }
    }

    pub(crate) fn send(&self, mut message: Received) {
        let visible_at = self.simulation.now();
        message.sent_at = Some(visible_at);
        self.state.lock().unwrap().messages.push(Queued {
            message,
            visible_at,
            receives: 0,
        });
    }

    /// A batch in any order. Messages received too often move to the dead-letter queue.
    pub(crate) fn receive(&self, most: usize) -> Vec<Received> {
        let now = self.simulation.now();
        let mut state = self.state.lock().unwrap();
        let State {
            messages,
            dead,
            forgotten,
        } = &mut *state;
        messages.retain(|stored| {
            let worn_out = stored.receives >= MAX_RECEIVES && stored.visible_at <= now;
            if worn_out {
                dead.push((stored.message.clone(), "received too often".to_owned()));
            }
            let old = stored
                .message
                .sent_at
                .is_some_and(|sent_at| now.since(sent_at) > RETENTION);
            if old && !worn_out {
                forgotten.push(stored.message.clone());
            }
            !worn_out && !old
        });
        self.simulation.draw(|random| random.shuffle(messages));
        let visible = messages.iter_mut().filter(|stored| stored.visible_at <= now);
        visible
            .take(most)
            .map(|stored| {
                stored.visible_at = now.plus(VISIBILITY);
                stored.receives += 1;
                stored.message.receives = stored.receives;
                // An earlier receipt has no effect any more.
                stored.message.receipt = format!("{}/{}", stored.message.message_id, stored.receives);
                stored.message.clone()
            })
            .collect()
    }

    pub(crate) fn delete(&self, batch: &[Received], failed: &[String]) {
        let gone = |stored: &Queued| {
            let mut done = batch.iter().filter(|message| !failed.contains(&message.message_id));
            done.any(|message| message.receipt == stored.message.receipt)
        };
        self.state.lock().unwrap().messages.retain(|stored| !gone(stored));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.state.lock().unwrap().messages.is_empty()
    }

    /// The dead letters, with their reasons.
    pub(crate) fn dead(&self) -> Vec<(Received, String)> {
        self.state.lock().unwrap().dead.clone()
    }

    pub(crate) fn forgotten(&self) -> usize {
        self.state.lock().unwrap().forgotten.len()
    }

    async fn faulty(
        &self,
        operation: &'static str,
        message: &Received,
        work: impl FnOnce(&mut State) + Send,
    ) -> Result<(), InboxError> {
        let failed = || InboxError {
            operation,
            message_id: message.message_id.clone(),
            source: "injected".into(),
        };
        match self.faults.draw() {
            Fault::None => work(&mut self.state.lock().unwrap()),
            Fault::Before => return Err(failed()),
            Fault::After => {
                work(&mut self.state.lock().unwrap());
                return Err(failed());
            }
            Fault::SlowBefore(delay) => {
                self.simulation.sleep(delay).await;
                work(&mut self.state.lock().unwrap());
            }
            Fault::SlowAfter(delay) => {
                work(&mut self.state.lock().unwrap());
                self.simulation.sleep(delay).await;
            }
        }
        Ok(())
    }
}

impl Inbox for Queue {
    async fn return_after(&self, message: &Received, delay: Duration) -> Result<(), InboxError> {
        self.faulty("return", message, |state| {
            let visible_at = self.simulation.now().plus(delay);
            let mut messages = state.messages.iter_mut();
            if let Some(stored) = messages.find(|stored| stored.message.receipt == message.receipt) {
                stored.visible_at = visible_at;
            }
        })
        .await
    }

    async fn delete(&self, messages: &[Received]) -> Result<(), InboxError> {
        let Some(first) = messages.first() else { return Ok(()) };
        self.faulty("deletion", first, |state| {
            let gone = |stored: &Queued| messages.iter().any(|message| message.receipt == stored.message.receipt);
            state.messages.retain(|stored| !gone(stored));
        })
        .await
    }

    async fn dead_letter(&self, message: &Received, reason: &str) -> Result<(), InboxError> {
        let letter = (message.clone(), reason.to_owned());
        self.faulty("dead-lettering", message, |state| state.dead.push(letter))
            .await
    }
}
