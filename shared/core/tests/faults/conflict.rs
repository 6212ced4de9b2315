//! The same events with other bytes, and an operator who decides on some of them.

use acuse_core::consume::Received;
use acuse_core::event::{Environment, Event};
use acuse_core::ledger::{CONFLICT, Status};
use acuse_core::providers::kuenta;
use acuse_core::wire::envelope::{Envelope, Replay};

use crate::{TROUBLE, World};

fn envelope_of(message: &Received) -> Envelope {
    let attribute = |name: &str| message.attributes.get(name).map(String::as_str);
    Envelope::from_message(message.text.clone(), attribute).unwrap()
}

fn event_of(message: &Received) -> Event {
    Event::read(envelope_of(message), &kuenta::PROVIDER, Environment::Live)
}

/// What an operator queues to release the conflict of `message`.
fn released(message: &Received) -> Received {
    let envelope = Envelope {
        replay: Some(Replay::Conflict),
        ..envelope_of(message)
    };
    let attributes = envelope.to_message().unwrap().attributes.into_iter();
    Received {
        message_id: format!("{}-released", message.message_id),
        attributes: attributes.map(|(name, value)| (name.to_owned(), value)).collect(),
        ..message.clone()
    }
}

impl World {
    /// Now and then an operator releases some of the conflicts and dismisses others.
    pub(crate) fn decide(&self) {
        let (queue, simulation) = (self.queue.clone(), self.simulation.clone());
        let (ledger, sent) = (self.ledger.clone(), self.sent.clone());
        self.simulation.spawn(async move {
            for _ in 0..4 {
                simulation.sleep(simulation.duration(TROUBLE / 4)).await;
                let sent = sent.lock().unwrap().clone();
                for message in sent {
                    let key = event_of(&message).into_conflict().key;
                    match simulation.draw(|random| random.u8(0..4)) {
                        0 | 1 if ledger.decide_conflict(&key, Status::Released) => queue.send(released(&message)),
                        2 => drop(ledger.decide_conflict(&key, Status::Rejected)),
                        _ => {}
                    }
                }
            }
        });
    }

    /// How many records of a payment, its conflicts' included, say that `hook` is done.
    pub(crate) fn recorded(&self, hook: &str, id: &str) -> u32 {
        let records = self.ledger.records();
        let of_it = records
            .iter()
            .filter(|(key, _)| key.partition.ends_with(&format!("#{id}")));
        let done = of_it.filter(|(_, stored)| stored.state.hooks.contains_key(hook));
        u32::try_from(done.count()).unwrap()
    }

    /// No bytes are lost: each payload is the event's, a conflict's, or on the dead-letter queue. And every released
    /// conflict is finished.
    pub(crate) fn check_conflicts(&self, dead: &[String]) {
        let records = self.ledger.records();
        for message in self.sent.lock().unwrap().iter() {
            let event = event_of(message);
            let same = |stored: &acuse_core::testing::StoredRecord| stored.state.body_sha256 == event.body_sha256();
            let conflict = event.clone().into_conflict().key;
            let kept = [&event.key, &conflict].map(|key| records.get(key).is_some_and(same));
            let dead_lettered = dead.contains(&message.message_id);
            assert!(
                kept != [false; 2] || dead_lettered,
                "the bytes of {} are lost",
                message.message_id
            );
        }
        for (key, stored) in records.iter().filter(|(key, _)| key.conflict_of().is_some()) {
            let id = key.partition.rsplit('#').next().unwrap();
            let released = |message: &&String| message.starts_with(id) && message.ends_with("-released");
            let hooks = stored.state.hooks.len();
            match stored.state.status {
                Status::Conflict => assert_eq!(hooks, 0, "{key}: nobody has decided"),
                Status::Completed => assert_eq!(hooks, 2, "{key}: completed without all its hooks"),
                Status::Rejected if stored.error.as_deref() == Some(CONFLICT) => {
                    assert_eq!(hooks, 0, "{key}: it was dismissed");
                }
                status => assert!(dead.iter().any(|message| released(&message)), "{key}: {status:?}"),
            }
        }
    }
}
