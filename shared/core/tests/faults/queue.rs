//! SQS, as far as it matters: visibility, receive counts, and the dead-letter queue.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use acuse_core::clock::Timestamp;
use acuse_core::consume::{Inbox, InboxError, Received};

use crate::fault::{Fault, Faults};
use crate::simulation::Simulation;

/// As in template.yaml.
const VISIBILITY: Duration = Duration::from_secs(180);
const MAX_RECEIVES: u32 = 12;

/// The event queue with its dead-letter queue.
#[derive(Clone)]
pub(crate) struct Queue {
    simulation: Simulation,
    faults: Faults,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    messages: Vec<Stored>,
    dead: Vec<Received>,
}

struct Stored {
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

    pub(crate) fn send(&self, message: Received) {
        let visible_at = self.simulation.now();
        self.state.lock().unwrap().messages.push(Stored {
            message,
            visible_at,
            receives: 0,
        });
    }

    /// A batch, in any order. What was received too often moves to the dead-letter queue.
    pub(crate) fn receive(&self, most: usize) -> Vec<Received> {
        let now = self.simulation.now();
        let mut state = self.state.lock().unwrap();
        let State { messages, dead } = &mut *state;
        messages.retain(|stored| {
            let worn_out = stored.receives >= MAX_RECEIVES && stored.visible_at <= now;
            if worn_out {
                dead.push(stored.message.clone());
            }
            !worn_out
        });
        self.simulation.draw(|random| random.shuffle(messages));
        let visible = messages.iter_mut().filter(|stored| stored.visible_at <= now);
        visible
            .take(most)
            .map(|stored| {
                stored.visible_at = now.plus(VISIBILITY);
                stored.receives += 1;
                stored.message.receives = stored.receives;
                // A receipt of an earlier receive does nothing any more.
                stored.message.receipt = format!("{}/{}", stored.message.message_id, stored.receives);
                stored.message.clone()
            })
            .collect()
    }

    pub(crate) fn delete(&self, batch: &[Received], failed: &[String]) {
        let gone = |stored: &Stored| {
            let mut done = batch.iter().filter(|message| !failed.contains(&message.message_id));
            done.any(|message| message.receipt == stored.message.receipt)
        };
        self.state.lock().unwrap().messages.retain(|stored| !gone(stored));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.state.lock().unwrap().messages.is_empty()
    }

    pub(crate) fn dead(&self) -> Vec<Received> {
        self.state.lock().unwrap().dead.clone()
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

    async fn dead_letter(&self, message: &Received, _reason: &str) -> Result<(), InboxError> {
        self.faulty("dead-lettering", message, |state| state.dead.push(message.clone()))
            .await
    }
}
