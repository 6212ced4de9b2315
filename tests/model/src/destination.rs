//! What a destination is owed, as a finite model: the consumer that owes it, hints, and functions that deliver.
//!
//! ```text
//! event's message ─▶ consumer ── hint ── commit ─▶ OWED ─┐
//!                       ✝           ✝                    ▼
//!                       destination queue ─▶ function ── request ── write ─▶ DELIVERED
//!                               ▲               ✝           ✝         ✝
//!                               └── back, when the message is visible again
//! ```
//!
//! What a write does to the record is not restated: it is [`Delivery::changed`].

use acuse_core::clock::Timestamp;
use acuse_core::destination::delivery::{Answer, Change, Delivery, Status};
use stateright::{Model, Property};

/// The world, and a rule of it that is wrong.
#[derive(Debug, Clone, Copy, Default)]
pub struct Destination {
    /// How many processes die.
    pub deaths: u8,
    /// How many requests fail.
    pub failures: u8,
    /// How many hints become visible again while somebody works on them.
    pub repeats: u8,
    /// One rule that is wrong.
    pub wrong: Option<Wrong>,
}

/// A rule that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// The consumer commits first, and hints afterwards.
    CommitBeforeHint,
    /// The hint is deleted before the outcome is written.
    DeleteBeforeWrite,
    /// The outcome is written before the request is made.
    WriteBeforeRequest,
    /// A hint that comes before its commit is dropped.
    EarlyHintIsDropped,
}

/// What somebody is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// Nothing.
    Idle,
    /// It has read what is owed: how often it was tried.
    Read(u8),
    /// It has an answer that it has not written.
    Answered(u8, bool),
}

/// All there is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Owing {
    /// The event's message waits.
    message: bool,
    /// The consumer has done the first of its two steps.
    consuming: bool,
    /// What the ledger says, and how often it was tried; nothing before the commit.
    item: Option<(Status, u8)>,
    /// Hints that wait.
    hints: u8,
    functions: [Function; 2],
    /// How often the destination took it.
    taken: u8,
    deaths: u8,
    failures: u8,
    repeats: u8,
}

/// What happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Step {
    Begin,
    Commit,
    ConsumerDies,
    Receive(usize),
    /// The destination takes it, and whether its answer arrives.
    Take(usize, bool),
    Fail(usize),
    Write(usize),
    Die(usize),
    Repeat,
}

const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

impl Model for Destination {
    type State = Owing;
    type Action = Step;

    fn init_states(&self) -> Vec<Owing> {
        vec![Owing {
            message: true,
            consuming: false,
            item: None,
            hints: 0,
            functions: [Function::Idle; 2],
            taken: 0,
            deaths: self.deaths,
            failures: self.failures,
            repeats: self.repeats,
        }]
    }

    fn actions(&self, state: &Owing, actions: &mut Vec<Step>) {
        match (state.message, state.consuming) {
            (true, _) => actions.push(Step::Begin),
            (false, true) => actions.push(Step::Commit),
            (false, false) => {}
        }
        if state.consuming && state.deaths > 0 {
            actions.push(Step::ConsumerDies);
        }
        let drops_early = self.wrong == Some(Wrong::EarlyHintIsDropped);
        for (place, function) in state.functions.iter().enumerate() {
            match function {
                // A hint without its record comes back until there is one.
                Function::Idle if state.hints > 0 && (state.item.is_some() || drops_early) => {
                    actions.push(Step::Receive(place));
                }
                Function::Idle => {}
                Function::Read(_) => {
                    actions.push(Step::Take(place, true));
                    if state.failures > 0 {
                        actions.extend([Step::Take(place, false), Step::Fail(place)]);
                    }
                }
                Function::Answered(..) => actions.push(Step::Write(place)),
            }
            if *function != Function::Idle {
                if state.deaths > 0 {
                    actions.push(Step::Die(place));
                }
                if state.repeats > 0 {
                    actions.push(Step::Repeat);
                }
            }
        }
    }

    fn next_state(&self, state: &Owing, step: Step) -> Option<Owing> {
        let mut next = state.clone();
        let commits_first = self.wrong == Some(Wrong::CommitBeforeHint);
        match step {
            Step::Begin => {
                (next.message, next.consuming) = (false, true);
                next.first(commits_first);
            }
            Step::Commit => {
                next.consuming = false;
                next.first(!commits_first);
            }
            Step::ConsumerDies => {
                (next.message, next.consuming) = (!commits_first, false);
                next.deaths -= 1;
            }
            Step::Receive(place) => {
                next.hints -= 1;
                if let Some((Status::Owed, attempts)) = next.item {
                    *next.functions.get_mut(place)? = Function::Read(attempts);
                }
            }
            Step::Take(place, arrives) => {
                next.taken = next.taken.saturating_add(1);
                next.failures -= u8::from(!arrives);
                next.answered(place, arrives)?;
            }
            Step::Fail(place) => {
                next.failures -= 1;
                next.answered(place, false)?;
            }
            Step::Write(place) => {
                let Function::Answered(attempts, works) = *next.functions.get(place)? else {
                    return None;
                };
                next.write(attempts, works);
                *next.functions.get_mut(place)? = Function::Idle;
                let is_owed = matches!(next.item, Some((Status::Owed, _)));
                next.hints += u8::from(is_owed);
            }
            Step::Die(place) => {
                let function = std::mem::replace(next.functions.get_mut(place)?, Function::Idle);
                let answered = matches!(function, Function::Answered(..));
                let is_gone = self.wrong == Some(Wrong::DeleteBeforeWrite) && answered;
                if self.wrong == Some(Wrong::WriteBeforeRequest) && !answered {
                    next.write(0, true);
                }
                next.hints += u8::from(!is_gone);
                next.deaths -= 1;
            }
            Step::Repeat => {
                next.hints += 1;
                next.repeats -= 1;
            }
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(
                "what is owed has a hint, or somebody who works on it",
                |_, state: &Owing| {
                    let is_owed = matches!(state.item, Some((Status::Owed, _)));
                    let works = |function: &Function| *function != Function::Idle;
                    !is_owed || state.hints > 0 || state.consuming || state.functions.iter().any(works)
                },
            ),
            Property::always("what is delivered was taken", |_, state: &Owing| {
                !matches!(state.item, Some((Status::Delivered, _))) || state.taken > 0
            }),
            Property::always("it ends delivered", |model: &Self, state: &Owing| {
                let mut actions = Vec::new();
                model.actions(state, &mut actions);
                !actions.is_empty() || matches!(state.item, Some((Status::Delivered, _)))
            }),
            Property::sometimes("it is taken twice", |_, state: &Owing| state.taken > 1),
            Property::sometimes("a hint waits for its commit", |_, state: &Owing| {
                state.hints > 0 && state.item.is_none()
            }),
            Property::sometimes("a hint comes after its delivery", |_, state: &Owing| {
                state.hints > 0 && matches!(state.item, Some((Status::Delivered, _)))
            }),
        ]
    }
}

impl Owing {
    /// One of the consumer's two steps: it commits, or it hints.
    fn first(&mut self, commits: bool) {
        match commits {
            // A duplicate's commit is refused, and changes nothing.
            true => self.item = self.item.or(Some((Status::Owed, 0))),
            false => self.hints = self.hints.saturating_add(1),
        }
    }

    fn answered(&mut self, place: usize, works: bool) -> Option<()> {
        let function = self.functions.get_mut(place)?;
        let Function::Read(attempts) = *function else {
            return None;
        };
        *function = Function::Answered(attempts, works);
        Some(())
    }

    fn write(&mut self, attempts: u8, works: bool) {
        let Some((status, recorded)) = self.item else { return };
        let before = Delivery {
            status,
            attempts: recorded.into(),
            ..Delivery::owed(NOW)
        };
        let change = match works {
            true => Change::Delivered(Answer {
                status: 200,
                took_ms: 1,
                body: String::new(),
            }),
            false => Change::Failed {
                attempts: attempts.into(),
                error: String::new(),
                fault: false,
                answer: None,
                retry_at: Some(NOW),
            },
        };
        if let Some(after) = before.changed(&change, NOW) {
            self.item = Some((after.status, u8::try_from(after.attempts).unwrap_or(u8::MAX)));
        }
    }
}
