//! One state for all states that differ in names or dates only, and a measure that sinks with every step.

use std::cmp::Reverse;

use acuse_core::ledger::Status;

use crate::bounds::Bounds;
use crate::state::{Consumer, Doing, Hooks, Place, Request, State, Token, Write, at, ticks};

/// Moments longer ago than this are that long ago. Order between moments is kept, but for `<`, which
/// may become `=`: a lease may seem over where it is not. The model does more than the world does, never less.
const LONG_AGO: i8 = -1;

impl State {
    /// A tick passes.
    pub(crate) fn tick(&mut self) {
        let sink = |ticks: i8| (ticks - 1).max(LONG_AGO);
        for message in &mut self.messages {
            if let Place::Queue(hidden) = &mut message.place {
                *hidden = (*hidden - 1).max(0);
            }
        }
        let sink_write = |write: &mut Write| {
            if let Write::Release(Some(retry_at)) = write {
                *retry_at = sink(*retry_at);
            }
        };
        for consumer in &mut self.consumers {
            consumer.deadline = sink(consumer.deadline);
            if let Doing::Write(_, _, _, write) = &mut consumer.doing {
                sink_write(write);
            }
        }
        if let Some(record) = &mut self.record
            && record.standing.status == Status::Released
        {
            let retry_at = &mut record.standing.retry_at;
            *retry_at = at(sink(ticks(*retry_at)));
        }
        if let Some(record) = &mut self.record
            && record.standing.status == Status::InProgress
        {
            let expires = &mut record.standing.lease_expires_at;
            *expires = at(sink(ticks(*expires)));
        }
        for request in &mut self.network {
            match request {
                Request::Claim { now, expires, .. } | Request::Settle { now, expires, .. } => {
                    (*now, *expires) = (sink(*now), sink(*expires));
                }
                Request::Write(_, write) => sink_write(write),
                Request::Keep { .. } => {}
            }
        }
    }

    /// The same state with its names in order.
    pub(crate) fn canonical(mut self, bounds: &Bounds) -> Self {
        // How often it was tried drives the back-off alone, unless it may be given up.
        let used = self.used();
        if let Some(record) = &mut self.record {
            record.standing.attempts = if bounds.counts() { used.into() } else { 1 };
            record.standing.forgiven = 0;
            // Only a released event has one; and once it has come, it does not matter when.
            let come = ticks(record.standing.retry_at) <= 0;
            if come || record.standing.status != Status::Released {
                record.standing.retry_at = at(LONG_AGO);
            }
        }
        if !bounds.counts() {
            self.failures = 0;
        }
        for consumer in &mut self.consumers {
            if !bounds.counts() || !matches!(consumer.doing, Doing::Call(..) | Doing::Write(..)) {
                consumer.attempt = 0;
            }
            let needed = bounds.cut && consumer.doing != Doing::Idle
                || matches!(consumer.doing, Doing::Settle(..) | Doing::Claim(..));
            if !needed {
                consumer.deadline = 0;
            }
        }
        self.consumers.sort_unstable_by_key(nameless);
        self.network.sort_unstable();
        self.renumber();
        self
    }

    /// Numbers the tokens in the order in which they are met.
    fn renumber(&mut self) {
        let mut names: Vec<Token> = Vec::new();
        let mut rename = |token: &mut Token| {
            let place = names.iter().position(|name| name == token).unwrap_or_else(|| {
                names.push(*token);
                names.len() - 1
            });
            *token = Token::try_from(place + 1).unwrap_or(Token::MAX);
        };
        match &mut self.record {
            Some(record) if record.standing.status == Status::InProgress => rename(&mut record.holder),
            // Nobody's token lets a write through any more.
            Some(record) => record.holder = 0,
            None => {}
        }
        for consumer in &mut self.consumers {
            match &mut consumer.doing {
                Doing::Settle(_, token)
                | Doing::Claim(_, token)
                | Doing::Call(_, token, _)
                | Doing::Copy(_, token)
                | Doing::Write(_, token, ..) => {
                    rename(token);
                }
                Doing::Idle | Doing::Keep(_) | Doing::Return(..) | Doing::Delete(..) => {}
            }
        }
        for request in &mut self.network {
            match request {
                Request::Claim { token, .. } | Request::Settle { token, .. } | Request::Write(token, _) => {
                    rename(token);
                }
                Request::Keep { .. } => {}
            }
        }
    }

    /// A token that nobody has.
    pub(crate) fn fresh_token(&self) -> Token {
        let held = self.record.as_ref().map(|record| record.holder);
        let consumers = self.consumers.iter().filter_map(|consumer| match consumer.doing {
            Doing::Settle(_, token) | Doing::Claim(_, token) => Some(token),
            doing => doing.token(),
        });
        let sent = self.network.iter().filter_map(|request| match request {
            Request::Claim { token, .. } | Request::Settle { token, .. } | Request::Write(token, _) => Some(*token),
            Request::Keep { .. } => None,
        });
        held.into_iter().chain(consumers).chain(sent).max().unwrap_or(0) + 1
    }

    /// Sinks with every action: no behaviour goes on for ever, and each ends in a state with none.
    pub(crate) fn measure(&self, receives: u8) -> impl Ord + use<> {
        let to_receive: u32 = self
            .messages
            .iter()
            .filter(|message| matches!(message.place, Place::Queue(_)))
            .map(|message| u32::from(receives - message.receives) + 1)
            .sum();
        let to_do: u32 = self.consumers.iter().map(|consumer| to_do(consumer.doing)).sum();
        let hidden: u32 = self
            .messages
            .iter()
            .map(|message| match message.place {
                Place::Queue(hidden) => u32::try_from(hidden).unwrap_or(0),
                Place::Deleted | Place::DeadLetters => 0,
            })
            .sum();
        let under_way = self.network.len();
        (to_receive, to_do, self.losses, under_way, self.pauses, hidden)
    }
}

/// The order of consumers must not depend on the numbers of their tokens.
fn nameless(consumer: &Consumer) -> (i8, i8, u8, Doing, Reverse<Token>) {
    let mut doing = consumer.doing;
    let mut own = 0;
    match &mut doing {
        Doing::Settle(_, token)
        | Doing::Claim(_, token)
        | Doing::Call(_, token, _)
        | Doing::Copy(_, token)
        | Doing::Write(_, token, ..) => {
            own = std::mem::take(token);
        }
        Doing::Idle | Doing::Keep(_) | Doing::Return(..) | Doing::Delete(..) => {}
    }
    (consumer.skew, consumer.deadline, consumer.attempt, doing, Reverse(own))
}

/// At most how many steps this takes yet.
fn to_do(doing: Doing) -> u32 {
    let left = |done: Hooks| 2 - done.0.count_ones();
    match doing {
        Doing::Idle => 0,
        Doing::Return(..) | Doing::Delete(..) => 1,
        Doing::Keep(_) | Doing::Write(_, _, _, Write::Release(_) | Write::Reject) => 2,
        Doing::Copy(..) => 3,
        Doing::Write(_, _, _, Write::Complete(_)) => 4,
        Doing::Write(_, _, done, Write::Record(_)) => 4 + 3 * (left(done) - 1) + 1,
        Doing::Call(_, _, done) => 4 + 3 * left(done),
        Doing::Claim(..) => 20,
        Doing::Settle(..) => 21,
    }
}
