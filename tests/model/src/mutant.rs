//! Rules that are wrong, to see that the checker notices.

/// One rule that is not what Acuse does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// Completion asks for no lease: whoever comes last overwrites.
    UnconditionalCompletion,
    /// Release asks for no lease.
    UncheckedRelease,
    /// Rejection asks for no lease.
    UncheckedRejection,
    /// A hook is recorded again, with its effects, by a write that is sent twice.
    HookRecordedTwice,
    /// A duplicate is dropped while somebody works on the event.
    DropInProgress,
    /// A hook's effects are written before its record, not with it.
    EffectsApart,
    /// A rejection is recorded, and no copy of the delivery kept.
    RejectionWithoutCopy,
    /// A settlement overwrites what is known of the event.
    UnconditionalSettlement,
    /// A settlement takes what a claim may take: also an event whose hooks are done in part.
    SettlesWhatMayBeClaimed,
    /// An event in progress is never taken over: the lease has no end.
    EndlessLease,
    /// A ledger that can't be reached is an attempt of the event's.
    OutageIsAnAttempt,
    /// What an operator sends again has the attempts that were left.
    AttemptsAreNotForgiven,
    /// A released event is claimed by whichever delivery comes, whenever: each retries on its own clock.
    EachDeliveryRetriesOnItsOwn,
    /// Other bytes under a known key are counted and dropped.
    ConflictIsADuplicate,
    /// An event that is free is claimed by other bytes as well: the record's own stay.
    OtherBytesAreClaimed,
}
