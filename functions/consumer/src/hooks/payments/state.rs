//! The states of a payment, a payout and a subscription, and which follows which.

use acuse_core::event::Kind;

/// Where an event takes what it is about. Of all events of a resource, whatever their order of arrival, the
/// row keeps the greatest by level, then time, then stage.
#[derive(Debug)]
pub(super) struct State {
    pub(super) of: Of,
    pub(super) status: &'static str,
    /// It follows every state of a lower level, and none of a higher one, whatever the times say.
    pub(super) level: i64,
    /// Of two states of one level the later one counts; of two at the same moment (OnePay counts whole
    /// seconds) the one of the higher stage.
    pub(super) stage: i64,
    /// The events that say so.
    pub(super) kinds: &'static [Kind],
}

/// What has states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Of {
    Payment,
    Payout,
    Subscription,
}

use Of::{Payment, Payout, Subscription};

/// In the order of their stages. What is written here is in the tables of deployed stacks: a state may get
/// another level or stage, and rows that were written before keep their own until their next event.
/// `docs/hooks.md` has the same as a table, which a test compares.
pub(super) const STATES: [State; 18] = [
    state(Payment, "created", 0, 0, &[Kind::PaymentCreated]),
    state(Payment, "processing", 1, 2, &[Kind::PaymentProcessing]),
    // A payment that failed or expired may be tried again.
    state(Payment, "failed", 1, 3, &[Kind::PaymentFailed]),
    state(Payment, "expired", 1, 4, &[Kind::PaymentExpired]),
    state(Payment, "cancelled", 1, 5, &[Kind::PaymentCancelled]),
    state(Payment, "partially_paid", 1, 6, &[Kind::PaymentPartiallyPaid]),
    state(Payment, "succeeded", 2, 7, &[Kind::PaymentSucceeded]),
    state(Payment, "refunded", 3, 8, &[Kind::PaymentRefunded]),
    state(Payment, "disputed", 3, 9, &[Kind::PaymentDisputed]),
    state(Payout, "created", 0, 0, &[Kind::PayoutCreated]),
    state(Payout, "approved", 1, 1, &[Kind::PayoutApproved]),
    state(Payout, "processing", 1, 2, &[Kind::PayoutProcessing]),
    state(Payout, "failed", 1, 3, &[Kind::PayoutFailed]),
    state(Payout, "cancelled", 1, 5, &[Kind::PayoutCancelled]),
    state(Payout, "completed", 2, 7, &[Kind::PayoutCompleted]),
    state(Subscription, "created", 0, 0, &[Kind::SubscriptionCreated]),
    state(
        Subscription,
        "active",
        1,
        1,
        &[Kind::SubscriptionActivated, Kind::SubscriptionCharged],
    ),
    state(Subscription, "cancelled", 2, 5, &[Kind::SubscriptionCancelled]),
];

const fn state(of: Of, status: &'static str, level: i64, stage: i64, kinds: &'static [Kind]) -> State {
    State {
        of,
        status,
        level,
        stage,
        kinds,
    }
}

impl State {
    /// `None` where an event of this kind says nothing of a payment, a payout or a subscription.
    pub(super) fn told_by(kind: Kind) -> Option<&'static Self> {
        STATES.iter().find(|state| state.kinds.contains(&kind))
    }

    /// The state that a row of a version before has by this status.
    pub(super) fn of_status(of: Of, status: &str) -> Option<&'static Self> {
        let status = match (of, status) {
            // So a charge was called then.
            (Subscription, "succeeded") => "active",
            _ => status,
        };
        STATES.iter().find(|state| state.of == of && state.status == status)
    }
}
