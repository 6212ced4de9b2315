//! Wrong rules, to show that the checker notices them.

/// One rule that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// Completing needs no lease: whoever comes last overwrites.
    UnconditionalCompletion,
    /// Releasing needs no lease.
    UncheckedRelease,
    /// Rejecting needs no lease.
    UncheckedRejection,
    /// A write that is sent twice records a hook and its effects again.
    HookRecordedTwice,
    /// A duplicate is dropped while somebody works on the event.
    DropInProgress,
    /// A hook's effects are written before its record, not with it.
    EffectsApart,
    /// A rejection is recorded without a copy on the dead-letter queue.
    RejectionWithoutCopy,
    /// A single-call commit overwrites a record.
    UnconditionalCommit,
    /// A single-call commit takes whatever a claim may take, even an event whose hooks are done in part.
    CommitsWhatMayBeClaimed,
    /// An event in progress is never taken over: the lease has no end.
    EndlessLease,
    /// An outage of the ledger counts as an attempt.
    OutageIsAnAttempt,
    /// A replayed event has only the attempts that were left.
    AttemptsAreNotForgiven,
    /// A released event is claimed by any delivery at any time: each retries on its own clock.
    EachDeliveryRetriesOnItsOwn,
    /// Other bytes under a known key are counted and dropped.
    ConflictIsADuplicate,
    /// Other bytes claim an event, whose record keeps its own bytes.
    OtherBytesAreClaimed,
    /// A replay overrides a rejection each time its message is received.
    ReplayOverridesAgain,
    /// A read before the first write takes a rejected event for finished for good, as it takes a completed one.
    RejectionIsFinal,
    /// That read does not compare bytes.
    ReadIgnoresBytes,
}
