//! One state for all states that differ only in names or dates, and a measure that falls with every step.

use std::cmp::Reverse;

use acuse_core::ledger::Status;

use crate::bounds::Bounds;
use crate::state::{Consumer, Doing, Hooks, Place, Request, State, Token, Write, at, ticks};

/// The oldest moment; older ones become this one. The order of moments stays, but `<` may become `=`, so that a lease may
/// seem over when it is not: the model does more than the world does, never less.
const LONG_AGO: i8 = -1;

impl State {
    /// A tick passes.
    pub(crate) fn tick(&mut self) {
        let age = |ticks: i8| (ticks - 1).max(LONG_AGO);
        for message in &mut self.messages {
            if let Place::Queue(hidden) = &mut message.place {
                *hidden = (*hidden - 1).max(0);
            }
        }
        let age_write = |write: &mut Write| {
            if let Write::Release(Some(retry_at)) = write {
                *retry_at = age(*retry_at);
            }
        };
        for consumer in &mut self.consumers {
            consumer.deadline = age(consumer.deadline);
            if let Doing::Write(_, _, _, write) = &mut consumer.doing {
                age_write(write);
            }
        }
        if let Some(record) = &mut self.record
            && record.status == Status::Released
        {
            let retry_at = &mut record.retry_at;
            *retry_at = at(age(ticks(*retry_at)));
        }
        if let Some(record) = &mut self.record
            && record.status == Status::InProgress
        {
            let expires = &mut record.lease_expires_at;
            *expires = at(age(ticks(*expires)));
        }
        for request in &mut self.network {
            match request {
                Request::Claim { now, expires, .. } | Request::CommitNew { now, expires, .. } => {
                    (*now, *expires) = (age(*now), age(*expires));
                }
                Request::Write(_, write) => age_write(write),
                Request::Keep { .. } => {}
            }
        }
    }

    /// The same state with its names in order.
    pub(crate) fn canonical(mut self, bounds: &Bounds) -> Self {
        // The number of attempts matters only if the event may be given up.
        let used = self.used();
        if let Some(record) = &mut self.record {
            record.attempts = if bounds.counts() { used.into() } else { 1 };
            record.forgiven = 0;
            // Only a released event has one, and once it is due, it does not matter since when.
            let due = ticks(record.retry_at) <= 0;
            if due || record.status != Status::Released {
                record.retry_at = at(LONG_AGO);
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
                || matches!(consumer.doing, Doing::CommitNew(..) | Doing::Claim(..));
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
        if let Some(record) = &mut self.record
            && let Ok(mut token) = record.lease_token.parse()
        {
            rename(&mut token);
            record.lease_token = token.to_string();
        }
        for consumer in &mut self.consumers {
            match &mut consumer.doing {
                Doing::CommitNew(_, token)
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
                Request::Claim { token, .. } | Request::CommitNew { token, .. } | Request::Write(token, _) => {
                    rename(token);
                }
                Request::Keep { .. } => {}
            }
        }
    }

    /// A token that nobody has.
    pub(crate) fn fresh_token(&self) -> Token {
        let consumers = self.consumers.iter().filter_map(|consumer| match consumer.doing {
            Doing::CommitNew(_, token) | Doing::Claim(_, token) => Some(token),
            doing => doing.token(),
        });
        let sent = self.network.iter().filter_map(|request| match request {
            Request::Claim { token, .. } | Request::CommitNew { token, .. } | Request::Write(token, _) => Some(*token),
            Request::Keep { .. } => None,
        });
        self.holder()
            .into_iter()
            .chain(consumers)
            .chain(sent)
            .max()
            .unwrap_or(0)
            + 1
    }

    /// Falls with every action, so every behaviour ends in a state without actions.
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

/// Orders consumers independently of the numbers of their tokens.
fn nameless(consumer: &Consumer) -> (i8, i8, u8, Doing, Reverse<Token>) {
    let mut doing = consumer.doing;
    let mut own = 0;
    match &mut doing {
        Doing::CommitNew(_, token)
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

/// At most how many more steps this takes.
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
        Doing::CommitNew(..) => 21,
    }
}
