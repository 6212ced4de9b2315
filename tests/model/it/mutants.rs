//! With one wrong rule, or one wrong assumption, the checker finds how things go wrong.

use acuse_model::{ALWAYS, Bounds, HookKind, Mutant};

use crate::breaks;

const ONCE: &str = ALWAYS[0];
const FENCED: &str = ALWAYS[1];
const FINISHED: &str = ALWAYS[2];
const ONE: &str = ALWAYS[3];
const COMPLETE: &str = ALWAYS[4];
const COPIED: &str = ALWAYS[5];
const KEPT: &str = ALWAYS[6];
const ALONE: &str = ALWAYS[8];
const COMPLETED: &str = ALWAYS[9];
const PATIENT: &str = ALWAYS[10];
const SPACED: &str = ALWAYS[11];
const NO_BYTES_LOST: &str = ALWAYS[12];

const EXTERNAL_FIRST: [HookKind; 2] = [HookKind::External, HookKind::Transactional];

const TRANSACTIONAL: [HookKind; 2] = [HookKind::Transactional, HookKind::Transactional];

fn small() -> Bounds {
    Bounds {
        receives: 2,
        losses: 0,
        ..Bounds::default()
    }
}

#[test]
fn completion_without_a_lease_applies_effects_twice() {
    let bounds = || Bounds {
        hooks: EXTERNAL_FIRST,
        ..small()
    };
    breaks(Some(Mutant::UnconditionalCompletion), bounds(), ONCE);
    breaks(Some(Mutant::UnconditionalCompletion), bounds(), FENCED);
}

#[test]
fn release_without_a_lease_undoes_anothers_work() {
    breaks(Some(Mutant::UncheckedRelease), small(), FENCED);
}

#[test]
fn rejection_without_a_lease_undoes_anothers_work() {
    breaks(Some(Mutant::UncheckedRejection), small(), FENCED);
}

/// The lease token does not prevent this: it is the owner's own write, sent again because the first answer was lost.
#[test]
fn a_hook_that_may_be_recorded_again_applies_its_effects_twice() {
    let bounds = || Bounds { losses: 1, ..small() };
    breaks(Some(Mutant::HookRecordedTwice), bounds(), ONCE);
    breaks(Some(Mutant::HookRecordedTwice), bounds(), ONE);
}

/// A single-call commit requires that there is no record, which is more than a claim requires.
#[test]
fn a_single_call_commit_that_overlooks_a_record_applies_effects_twice() {
    for hooks in [TRANSACTIONAL, Bounds::default().hooks] {
        let bounds = || Bounds { hooks, ..small() };
        for mutant in [Mutant::UnconditionalCommit, Mutant::CommitsWhatMayBeClaimed] {
            breaks(Some(mutant), bounds(), ONCE);
            breaks(Some(mutant), bounds(), FENCED);
        }
    }
}

#[test]
fn a_duplicate_dropped_too_early_is_missing_when_the_owner_dies() {
    breaks(Some(Mutant::DropInProgress), small(), FINISHED);
    // The delivery comes again while its own dead consumer's lease runs.
    let hasty = Bounds {
        visibility: 1,
        ..small()
    };
    breaks(Some(Mutant::DropInProgress), hasty, KEPT);
}

#[test]
fn effects_apart_from_their_record_are_applied_twice() {
    breaks(Some(Mutant::EffectsApart), small(), ONCE);
    breaks(Some(Mutant::EffectsApart), small(), ONE);
    breaks(Some(Mutant::EffectsApart), small(), COMPLETE);
}

#[test]
fn a_rejection_without_a_copy_leaves_nothing_to_redrive() {
    breaks(Some(Mutant::RejectionWithoutCopy), small(), COPIED);
}

#[test]
fn a_lease_that_never_ends_leaves_the_event_stuck() {
    let bounds = Bounds {
        receives: 12,
        crashes: 1,
        losses: 0,
        pauses: 0,
        failures: false,
        ..Bounds::default()
    };
    breaks(Some(Mutant::EndlessLease), bounds, COMPLETED);
}

/// No mutant: this is what the slack is for. Transactional effects are applied once nevertheless.
#[test]
fn clocks_further_apart_than_the_slack_let_two_consumers_call_hooks_at_once() {
    let bounds = Bounds {
        cut: true,
        skews: &[0, 2],
        ..small()
    };
    breaks(None, bounds, ALONE);
}

#[test]
fn outages_that_count_as_attempts_give_events_up_early() {
    let bounds = Bounds {
        attempts: 2,
        losses: 1,
        ..small()
    };
    breaks(Some(Mutant::OutageIsAnAttempt), bounds, PATIENT);
}

#[test]
fn attempts_that_are_not_forgiven_give_up_a_replayed_event_early() {
    let bounds = Bounds {
        attempts: 2,
        replay: true,
        receives: 3,
        pauses: 0,
        skews: &[0],
        ..small()
    };
    breaks(Some(Mutant::AttemptsAreNotForgiven), bounds, PATIENT);
}

#[test]
fn deliveries_that_retry_each_on_its_own_clock_use_up_attempts_early() {
    let bounds = Bounds { skews: &[0], ..small() };
    breaks(Some(Mutant::EachDeliveryRetriesOnItsOwn), bounds, SPACED);
}

#[test]
fn a_conflict_that_is_dropped_or_claims_the_event_loses_its_bytes() {
    for hooks in [TRANSACTIONAL, Bounds::default().hooks] {
        for mutant in [Mutant::ConflictIsADuplicate, Mutant::OtherBytesAreClaimed] {
            let bounds = Bounds {
                hooks,
                conflict: true,
                ..small()
            };
            breaks(Some(mutant), bounds, NO_BYTES_LOST);
        }
    }
}

/// Its message is received again, because the consumer that rejected the event has not deleted it yet. Then it is
/// deleted while the event is in progress once more, whose owner may die.
#[test]
fn a_replay_that_overrides_each_time_it_is_received_loses_its_event() {
    let bounds = Bounds {
        replay: true,
        ..small()
    };
    breaks(Some(Mutant::ReplayOverridesAgain), bounds, KEPT);
}

/// The first delivery is rejected, the replay claims the event and dies, and its message is taken for a duplicate by a
/// read from before.
#[test]
fn a_read_that_believes_a_rejection_swallows_a_replay() {
    let bounds = Bounds {
        replay: true,
        ..small()
    };
    breaks(Some(Mutant::RejectionIsFinal), bounds, FINISHED);
}

#[test]
fn a_read_that_compares_no_bytes_loses_them() {
    let bounds = Bounds {
        conflict: true,
        ..small()
    };
    breaks(Some(Mutant::ReadIgnoresBytes), bounds, NO_BYTES_LOST);
}
