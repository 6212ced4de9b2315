//! What must be true in every state, and what must be reached for that to mean something.

use acuse_core::ledger::{RecordAs, Status};
use stateright::{Model, Property};

use crate::bounds::HookKind;
use crate::ledger::{body, done};
use crate::protocol::Protocol;
use crate::state::{Delivery, Doing, Hooks, Place, State, Why, Write};

/// What must be true in every state.
pub const ALWAYS: [&str; 13] = [
    "a transactional effect is applied at most once",
    "only the lease's holder changes the record",
    "a delivery is deleted only once its event is finished",
    "an effect and the record of its hook are one",
    "a completed event has had all its effects",
    "a rejected event is on the dead-letter queue",
    "nothing vanishes",
    "each delivery ends deleted or on the dead-letter queue",
    "hooks are called by one consumer at a time",
    "if little goes wrong, the event is completed",
    "an event is given up only after its last attempt",
    "no delivery claims a released event before it is due",
    "no bytes are lost",
];

/// What must be reached.
pub const SOMETIMES: [&str; 16] = [
    "a lease is taken over while its owner lives",
    "a late owner tries to complete",
    "a late owner tries to release",
    "a late owner tries to reject",
    "a late owner tries to record a hook",
    "a duplicate is dropped",
    "a delivery waits for a lease",
    "an external side effect happens twice",
    "an unfinished event is dead-lettered",
    "all is done and nothing was dead-lettered",
    "a new event is completed in a single call",
    "a single-call commit meets an event in progress",
    "a single-call commit meets an event whose hooks are done in part",
    "an event is given up",
    "a conflict is kept",
    "a duplicate is recognized by a read",
];

/// All of them. A property that the bounds don't promise is true by its condition.
pub(crate) fn all() -> Vec<Property<Protocol>> {
    let [
        once,
        fenced,
        given_up,
        one,
        complete,
        copied,
        kept,
        ends,
        alone,
        completed,
        patient,
        spaced,
        no_bytes_lost,
    ] = ALWAYS;
    let [
        taken,
        completes,
        releases,
        rejects,
        records,
        duplicate,
        waits,
        twice,
        dead,
        calm,
        committed,
        busy,
        in_part,
        gives_up,
        keeps,
        recognized,
    ] = SOMETIMES;
    vec![
        Property::always(once, |_, state: &State| {
            state.applied.iter().all(|applied| *applied <= 1)
        }),
        Property::always(fenced, |_, state: &State| !state.intruded),
        Property::always(given_up, |_, state: &State| !state.dropped),
        Property::always(one, effect_and_record_are_one),
        Property::always(complete, |model: &Protocol, state: &State| {
            !state.is(Status::Completed) || all_effects(model, state)
        }),
        Property::always(copied, |_, state: &State| !state.is(Status::Rejected) || state.copied),
        Property::always(kept, |_, state: &State| {
            let kept = state.messages.iter().any(|m| m.place != Place::Deleted);
            kept || state.finished()
        }),
        Property::always(ends, |model: &Protocol, state: &State| {
            let queued = state.messages.iter().any(|m| matches!(m.place, Place::Queue(_)));
            !queued || !over(model, state)
        }),
        Property::always(alone, |model: &Protocol, state: &State| {
            let calls = |doing: Doing| matches!(doing, Doing::Call(..));
            !model.bounds.cut || state.consumers.iter().filter(|c| calls(c.doing)).count() <= 1
        }),
        Property::always(completed, |model: &Protocol, state: &State| {
            !model.bounds.calm() || state.is(Status::Completed) || !over(model, state)
        }),
        Property::always(patient, |_, state: &State| !state.early),
        Property::always(spaced, |_, state: &State| !state.hasty),
        Property::always(no_bytes_lost, |model: &Protocol, state: &State| {
            (0..state.messages.len()).all(|delivery| bytes_are_kept(model, state, delivery))
        }),
        Property::sometimes(taken, |_, state: &State| {
            late(state, |doing| matches!(doing, Doing::Call(..)))
        }),
        Property::sometimes(completes, |_, state: &State| {
            late(state, |doing| {
                matches!(doing, Doing::Write(_, _, _, Write::Complete(_)))
            })
        }),
        Property::sometimes(releases, |_, state: &State| {
            late(state, |doing| matches!(doing, Doing::Write(_, _, _, Write::Release(_))))
        }),
        Property::sometimes(rejects, |_, state: &State| {
            late(state, |doing| matches!(doing, Doing::Write(_, _, _, Write::Reject)))
        }),
        Property::sometimes(records, |_, state: &State| {
            late(state, |doing| matches!(doing, Doing::Write(_, _, _, Write::Record(_))))
        }),
        Property::sometimes(duplicate, |_, state: &State| {
            state
                .consumers
                .iter()
                .any(|c| matches!(c.doing, Doing::Delete(_, Why::Duplicate)))
        }),
        Property::sometimes(waits, |_, state: &State| {
            let waits = |doing: Doing| matches!(doing, Doing::Return(_, 1..));
            let works = state
                .consumers
                .iter()
                .any(|c| c.doing.token() == state.holder() && c.doing.token().is_some());
            works && state.consumers.iter().any(|c| waits(c.doing))
        }),
        Property::sometimes(twice, |model: &Protocol, state: &State| {
            model.bounds.single_call() == Some(RecordAs::Completed) || state.called >= 2
        }),
        Property::sometimes(dead, |_, state: &State| {
            !state.finished() && state.messages.iter().any(|m| m.place == Place::DeadLetters)
        }),
        Property::sometimes(calm, |model: &Protocol, state: &State| {
            let deleted = state.messages.iter().all(|m| m.place == Place::Deleted);
            deleted && state.is(Status::Completed) && over(model, state)
        }),
        Property::sometimes(committed, |model: &Protocol, state: &State| {
            let committed = |doing: Doing| matches!(doing, Doing::Delete(_, Why::CommittedNew));
            let any = || state.consumers.iter().any(|c| committed(c.doing));
            model.bounds.single_call() != Some(RecordAs::Completed) || any()
        }),
        Property::sometimes(busy, |model: &Protocol, state: &State| {
            let works = state.consumers.iter().any(|c| c.doing.token() == state.holder());
            model.bounds.single_call().is_none() || works && state.holder().is_some() && commits(state)
        }),
        Property::sometimes(in_part, |model: &Protocol, state: &State| {
            let in_part = !state.finished() && done(state) != Hooks::default();
            model.bounds.single_call().is_none() || in_part && commits(state)
        }),
        Property::sometimes(gives_up, |model: &Protocol, state: &State| {
            !model.bounds.counts() || state.given_up
        }),
        Property::sometimes(keeps, |model: &Protocol, state: &State| {
            !model.bounds.conflict || state.conflicts.contains(&true)
        }),
        Property::sometimes(recognized, |_, state: &State| {
            let recognized = |doing: Doing| matches!(doing, Doing::Delete(_, Why::Repeat));
            state.consumers.iter().any(|consumer| recognized(consumer.doing))
        }),
    ]
}

/// Nothing more can happen.
fn over(model: &Protocol, state: &State) -> bool {
    if state.busy() || !state.network.is_empty() {
        return false;
    }
    let mut actions = Vec::new();
    model.actions(state, &mut actions);
    actions.is_empty()
}

/// A delivery's bytes are the event's or a conflict's, or its message is still there.
fn bytes_are_kept(model: &Protocol, state: &State, delivery: Delivery) -> bool {
    let other = model.is_other(delivery);
    let message = state.messages.get(delivery);
    let queued = message.is_some_and(|message| message.place != Place::Deleted);
    let recorded = || {
        let record = state.record.as_ref();
        record.is_some_and(|record| record.body_sha256 == body(other))
    };
    let kept = || state.conflicts.get(usize::from(other)) == Some(&true);
    queued || recorded() || kept()
}

/// Somebody is about to do this although its lease went to another, who is at work.
fn late(state: &State, does: impl Fn(Doing) -> bool) -> bool {
    let Some(holder) = state.holder() else {
        return false;
    };
    let tokens = || state.consumers.iter().filter_map(|consumer| consumer.doing.token());
    let late = |doing: Doing| doing.token().is_some_and(|token| token != holder);
    tokens().any(|token| token == holder) && state.consumers.iter().any(|c| late(c.doing) && does(c.doing))
}

/// Somebody is about to commit in a single call.
fn commits(state: &State) -> bool {
    let commits = |doing: Doing| matches!(doing, Doing::CommitNew(..));
    state.consumers.iter().any(|consumer| commits(consumer.doing))
}

fn all_effects(model: &Protocol, state: &State) -> bool {
    let mut hooks = model.bounds.hooks.iter().zip(state.applied);
    hooks.all(|(hook, applied)| match hook {
        HookKind::Transactional => applied == 1,
        HookKind::External => state.called >= 1,
    })
}

fn effect_and_record_are_one(model: &Protocol, state: &State) -> bool {
    let recorded = done(state);
    let hooks = model.bounds.hooks.iter().zip(state.applied).enumerate();
    let mut transactional = hooks.filter(|(_, (hook, _))| **hook == HookKind::Transactional);
    transactional.all(|(place, (_, applied))| applied == u8::from(recorded.has(place)))
}
