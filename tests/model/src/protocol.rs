//! What may happen next.

use stateright::{Model, Property};

use crate::bounds::{Bounds, HookKind};
use crate::ledger::Answer;
use crate::mutant::Mutant;
use crate::properties;
use crate::state::{Consumer, Delivery, Doing, Hooks, Message, Place, Request, State, Token, Why, Write};

/// The model: a world of these bounds with at most one wrong rule.
#[derive(Debug, Clone, Default)]
pub struct Protocol {
    /// The size of the world.
    pub bounds: Bounds,
    /// The wrong rule.
    pub mutant: Option<Mutant>,
}

/// One thing that happens. Consumers are numbered as they are ordered in the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Time passes.
    Tick,
    /// A consumer receives a delivery.
    Receive(usize, usize),
    /// A delivery was received too often.
    DeadLetter(usize),
    /// A consumer does what it is about to do, and succeeds.
    Go(usize),
    /// A consumer reads before its first write, and finds that the event was finished for good with its bytes. A read
    /// that finds anything else, though that may be old, changes nothing, so it is no action.
    Recognize(usize),
    /// A consumer that could commit in a single call claims instead.
    Lease(usize),
    /// The hook that a consumer calls asks for a retry.
    Retry(usize),
    /// The hook that a consumer calls rejects.
    Reject(usize),
    /// A consumer's request gets no answer, and the consumer gives up.
    Lose(usize),
    /// A consumer's request gets no answer and is sent again.
    Resend(usize),
    /// A consumer dies.
    Crash(usize),
    /// A request without answer arrives after all.
    Arrive(usize),
    /// A request without answer never arrives.
    Vanish(usize),
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let mut clocks: Vec<Vec<i8>> = vec![Vec::new()];
        for _ in 0..self.bounds.consumers {
            clocks = clocks
                .iter()
                .flat_map(|some| self.bounds.skews.iter().map(|skew| [&some[..], &[*skew]].concat()))
                .filter(|skews| skews.is_sorted())
                .collect();
        }
        clocks.into_iter().map(|skews| self.beginning(&skews)).collect()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (consumer, Consumer { doing, .. }) in state.consumers.iter().enumerate() {
            if *doing == Doing::Idle {
                let visible = |delivery: &usize| self.visible(state, *delivery);
                let all = 0..state.messages.len();
                actions.extend(all.filter(visible).map(|delivery| Action::Receive(consumer, delivery)));
                continue;
            }
            actions.push(Action::Go(consumer));
            if state.crashes > 0 {
                actions.push(Action::Crash(consumer));
            }
            if matches!(doing, Doing::Call(..)) && self.bounds.failures {
                actions.extend([Action::Retry(consumer), Action::Reject(consumer)]);
            }
            if let Doing::CommitNew(delivery, _) = doing {
                actions.push(Action::Lease(consumer));
                actions.extend(self.reads(state, *delivery).then_some(Action::Recognize(consumer)));
            }
            if let Doing::Claim(delivery, _) = doing {
                actions.extend(self.reads(state, *delivery).then_some(Action::Recognize(consumer)));
            }
            if matches!(
                doing,
                Doing::CommitNew(..) | Doing::Claim(..) | Doing::Write(..) | Doing::Keep(_)
            ) && state.losses > 0
            {
                actions.extend([Action::Lose(consumer), Action::Resend(consumer)]);
            }
        }
        for (delivery, message) in state.messages.iter().enumerate() {
            if message.place == Place::Queue(0) && message.receives >= self.bounds.receives {
                actions.push(Action::DeadLetter(delivery));
            }
        }
        for request in 0..state.network.len() {
            actions.extend([Action::Arrive(request), Action::Vanish(request)]);
        }
        if self.may_tick(state) {
            actions.push(Action::Tick);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut next = last.clone();
        match action {
            Action::Tick => {
                if next.busy() || !next.network.is_empty() {
                    next.pauses -= 1;
                }
                next.tick();
                if self.bounds.cut {
                    next.consumers.iter_mut().for_each(Consumer::cut);
                }
            }
            Action::Receive(consumer, delivery) => {
                let message = next.message(delivery)?;
                message.place = Place::Queue(self.bounds.visibility);
                message.receives += 1;
                let token = next.fresh_token();
                let consumer = next.consumers.get_mut(consumer)?;
                consumer.deadline = consumer.skew + self.bounds.invocation;
                consumer.doing = match self.bounds.single_call() {
                    Some(_) => Doing::CommitNew(delivery, token),
                    None => Doing::Claim(delivery, token),
                };
            }
            Action::Recognize(place) => {
                let (Doing::CommitNew(delivery, _) | Doing::Claim(delivery, _)) = next.consumers.get(place)?.doing
                else {
                    return None;
                };
                let doing = self.finish(&mut next, delivery, Why::Repeat);
                next.consumers.get_mut(place)?.doing = doing;
            }
            Action::Lease(place) => {
                let consumer = next.consumers.get_mut(place)?;
                let Doing::CommitNew(delivery, token) = consumer.doing else {
                    return None;
                };
                consumer.doing = Doing::Claim(delivery, token);
            }
            Action::DeadLetter(delivery) => next.message(delivery)?.place = Place::DeadLetters,
            Action::Go(place) => {
                let before = *last.consumers.get(place)?;
                let doing = self.go(&mut next, before)?;
                let used = next.used();
                let consumer = next.consumers.get_mut(place)?;
                consumer.doing = doing;
                if matches!(before.doing, Doing::CommitNew(..) | Doing::Claim(..)) {
                    consumer.attempt = used;
                }
            }
            Action::Retry(place) | Action::Reject(place) => {
                let Consumer {
                    doing, attempt, skew, ..
                } = *next.consumers.get(place)?;
                let Doing::Call(delivery, token, hooks) = doing else {
                    return None;
                };
                let retries = matches!(action, Action::Retry(_));
                // A late owner's failure was counted when its lease was taken over.
                next.failures += u8::from(retries && next.holder() == Some(token));
                let gives_up = retries && attempt >= self.bounds.attempts;
                if gives_up {
                    self.give_up(&mut next, token);
                }
                next.consumers.get_mut(place)?.doing = match action {
                    Action::Retry(_) if !gives_up => {
                        Doing::Write(delivery, token, hooks, Write::Release(Some(skew + BACK_OFF)))
                    }
                    _ if self.mutant == Some(Mutant::RejectionWithoutCopy) => {
                        Doing::Write(delivery, token, hooks, Write::Reject)
                    }
                    _ => Doing::Copy(delivery, token),
                };
                // It may have had its effect before it failed.
                self.call(&mut next, first_open(hooks));
            }
            Action::Lose(place) | Action::Resend(place) => {
                let consumer = next.consumers.get_mut(place)?;
                next.losses -= 1;
                next.network.push(self.request(consumer)?);
                if let Action::Lose(_) = action {
                    consumer.doing = match consumer.doing {
                        Doing::Write(delivery, token, hooks, Write::Record(_) | Write::Complete(_)) => {
                            let retry_at = match self.mutant {
                                Some(Mutant::OutageIsAnAttempt) => Some(consumer.skew + BACK_OFF),
                                _ => None,
                            };
                            Doing::Write(delivery, token, hooks, Write::Release(retry_at))
                        }
                        Doing::CommitNew(delivery, token) => Doing::Claim(delivery, token),
                        Doing::Claim(delivery, _) | Doing::Write(delivery, ..) | Doing::Keep(delivery) => {
                            Doing::Return(delivery, BACK_OFF)
                        }
                        _ => return None,
                    };
                }
            }
            Action::Crash(place) => {
                if next.crashes != Bounds::ANY {
                    next.crashes -= 1;
                }
                next.consumers.get_mut(place)?.doing = Doing::Idle;
            }
            Action::Arrive(place) => {
                let request = next.network.remove(place);
                self.ask(&mut next, request);
            }
            Action::Vanish(place) => {
                next.network.remove(place);
            }
        }
        self.may_be_read(&mut next);
        let next = next.canonical(&self.bounds);
        let (before, after) = (last.measure(self.bounds.receives), next.measure(self.bounds.receives));
        debug_assert!(after < before, "{action:?} may go on for ever: {last:#?}");
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}

/// How long a returned message waits.
const BACK_OFF: i8 = 1;

impl Protocol {
    fn beginning(&self, skews: &[i8]) -> State {
        let message = Message {
            place: Place::Queue(0),
            receives: 0,
        };
        let consumer = |skew: &i8| Consumer {
            skew: *skew,
            deadline: 0,
            attempt: 0,
            doing: Doing::Idle,
        };
        State {
            messages: [message; 2],
            record: None,
            conflicts: [false; 2],
            readable: [false; 2],
            consumers: skews.iter().map(consumer).collect(),
            network: Vec::new(),
            applied: [0; 2],
            called: 0,
            copied: false,
            intruded: false,
            dropped: false,
            failures: 0,
            given_up: false,
            early: false,
            hasty: false,
            pauses: self.bounds.pauses,
            losses: self.bounds.losses,
            crashes: self.bounds.crashes,
        }
    }

    /// Whether a delivery's consumer may learn from a read that it is a duplicate. Nobody reads for a replay.
    fn reads(&self, state: &State, delivery: Delivery) -> bool {
        let replay = self.bounds.replay && delivery == 1 && self.mutant != Some(Mutant::RejectionIsFinal);
        !replay && state.readable.get(usize::from(self.is_other(delivery))) == Some(&true)
    }

    fn visible(&self, state: &State, delivery: Delivery) -> bool {
        state
            .messages
            .get(delivery)
            .is_some_and(|message| message.place == Place::Queue(0) && message.receives < self.bounds.receives)
    }

    /// Time passes by itself if nothing else can happen, and otherwise at the cost of a pause.
    fn may_tick(&self, state: &State) -> bool {
        if state.busy() || !state.network.is_empty() {
            return state.pauses > 0;
        }
        let hidden = |message: &Message| matches!(message.place, Place::Queue(1..));
        let ready = |message: &Message| message.place == Place::Queue(0);
        state.messages.iter().any(hidden) && !state.messages.iter().any(ready)
    }

    /// The consumer's next step if nothing goes wrong; returns what it does then.
    fn go(&self, state: &mut State, consumer: Consumer) -> Option<Doing> {
        let doing = match consumer.doing {
            Doing::Idle => return None,
            Doing::CommitNew(delivery, token) => match self.ask(state, self.request(&consumer)?) {
                Answer::Completed => self.finish(state, delivery, Why::CommittedNew),
                Answer::Claimed(done) => self.claimed(state, delivery, token, done),
                Answer::Claimable => Doing::Claim(delivery, token),
                Answer::Wait(until) => Doing::Return(delivery, (until - consumer.skew).max(0)),
                Answer::Duplicate => self.finish(state, delivery, Why::Duplicate),
                Answer::Conflict => Doing::Keep(delivery),
                Answer::Written | Answer::LeaseLost | Answer::Kept => return None,
            },
            Doing::Claim(delivery, token) => match self.ask(state, self.request(&consumer)?) {
                Answer::Claimed(done) => self.claimed(state, delivery, token, done),
                Answer::Wait(until) => Doing::Return(delivery, (until - consumer.skew).max(0)),
                Answer::Duplicate => self.finish(state, delivery, Why::Duplicate),
                Answer::Conflict => Doing::Keep(delivery),
                Answer::Completed | Answer::Claimable | Answer::Written | Answer::LeaseLost | Answer::Kept => {
                    return None;
                }
            },
            Doing::Call(delivery, token, done) => {
                let hook = first_open(done);
                self.call(state, hook);
                let last = done.with(hook) == ALL;
                let write = if last {
                    Write::Complete(hook)
                } else {
                    Write::Record(hook)
                };
                Doing::Write(delivery, token, done, write)
            }
            Doing::Copy(delivery, token) => {
                state.copied = true;
                Doing::Write(delivery, token, Hooks::default(), Write::Reject)
            }
            Doing::Write(delivery, token, done, write) => match (self.ask(state, self.request(&consumer)?), write) {
                (Answer::Written, Write::Record(hook)) => Doing::Call(delivery, token, done.with(hook)),
                (Answer::Written, Write::Complete(_) | Write::Reject) => self.finish(state, delivery, Why::Finished),
                (Answer::Written, Write::Release(_)) | (Answer::LeaseLost, _) => Doing::Return(delivery, BACK_OFF),
                _ => return None,
            },
            Doing::Keep(delivery) => match self.ask(state, self.request(&consumer)?) {
                Answer::Kept => self.finish(state, delivery, Why::Conflict),
                _ => return None,
            },
            Doing::Return(delivery, delay) => {
                let message = state.message(delivery)?;
                // With an old receipt this changes another receive.
                if let Place::Queue(hidden) = &mut message.place {
                    *hidden = delay;
                }
                Doing::Idle
            }
            Doing::Delete(delivery, _) => {
                let message = state.message(delivery)?;
                if let Place::Queue(_) = message.place {
                    message.place = Place::Deleted;
                }
                Doing::Idle
            }
        };
        Some(doing)
    }

    /// The event is the consumer's. If the owner of its last attempt died, no hook is called any more.
    fn claimed(&self, state: &mut State, delivery: Delivery, token: Token, done: Hooks) -> Doing {
        if state.used() > self.bounds.attempts {
            self.give_up(state, token);
            return Doing::Copy(delivery, token);
        }
        Doing::Call(delivery, token, done)
    }

    /// A late owner's copy does not count: its event is another's, or finished.
    fn give_up(&self, state: &mut State, token: Token) {
        state.given_up = true;
        state.early |= state.holder() == Some(token) && state.failures < self.bounds.attempts;
    }

    fn call(&self, state: &mut State, hook: usize) {
        match self.bounds.hooks.get(hook) {
            Some(HookKind::External) => state.called = (state.called + 1).min(2),
            Some(HookKind::Transactional) if self.mutant == Some(Mutant::EffectsApart) => {
                if let Some(applied) = state.applied.get_mut(hook) {
                    *applied += 1;
                }
            }
            Some(HookKind::Transactional) | None => {}
        }
    }

    /// A delivery may be deleted only once the event is finished, or its bytes are kept as a conflict's.
    fn finish(&self, state: &mut State, delivery: Delivery, why: Why) -> Doing {
        state.dropped |= why != Why::Conflict && !state.finished();
        Doing::Delete(delivery, why)
    }

    /// Whether a delivery brings other bytes.
    pub(crate) fn is_other(&self, delivery: Delivery) -> bool {
        self.bounds.conflict && delivery == 1
    }

    /// What the consumer is about to send.
    fn request(&self, consumer: &Consumer) -> Option<Request> {
        match consumer.doing {
            Doing::CommitNew(delivery, token) => Some(Request::CommitNew {
                token,
                replay: self.bounds.replay && delivery == 1,
                other: self.is_other(delivery),
                now: consumer.skew,
                expires: consumer.deadline + self.bounds.slack,
            }),
            Doing::Claim(delivery, token) => Some(Request::Claim {
                token,
                replay: self.bounds.replay && delivery == 1,
                other: self.is_other(delivery),
                now: consumer.skew,
                expires: consumer.deadline + self.bounds.slack,
            }),
            Doing::Write(_, token, _, write) => Some(Request::Write(token, write)),
            Doing::Keep(delivery) => Some(Request::Keep {
                other: self.is_other(delivery),
            }),
            _ => None,
        }
    }
}

impl Consumer {
    /// Its invocation is over.
    fn cut(&mut self) {
        if self.deadline <= self.skew {
            self.doing = Doing::Idle;
        }
    }
}

/// Both hooks.
const ALL: Hooks = Hooks(0b11);

fn first_open(done: Hooks) -> usize {
    usize::from(done.has(0))
}
