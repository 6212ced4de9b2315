//! The states of payments, payouts and subscriptions, and which state follows which.

use acuse_core::event::Kind;

/// A state that an event leads to. Of all events of a resource, in whatever order they arrive, the row keeps the
/// state that is greatest by level, then time, then stage.
#[derive(Debug)]
pub(super) struct State {
    pub(super) lifecycle: Lifecycle,
    pub(super) status: &'static str,
    /// A state follows every state of a lower level and none of a higher one, regardless of time.
    pub(super) level: i64,
    /// Of two states of the same level the later one counts, and of two at the same moment the one with the higher
    /// stage: OnePay's times are whole seconds.
    pub(super) stage: i64,
    /// The kinds of event that lead to it.
    pub(super) kinds: &'static [Kind],
}

/// A kind of resource that has states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Lifecycle {
    Payment,
    Payout,
    Subscription,
}

use Lifecycle::{Payment, Payout, Subscription};

/// Deployed tables contain these names and numbers. If a state gets another level or stage, existing rows keep the
/// old one until their next event. A test compares this list with the table in `docs/hooks.md`.
pub(super) const STATES: [State; 18] = [
    state(Payment, "created", 0, 0, &[Kind::PaymentCreated]),
    state(Payment, "processing", 1, 2, &[Kind::PaymentProcessing]),
    // A payment that failed or expired may be retried and succeed.
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

const fn state(lifecycle: Lifecycle, status: &'static str, level: i64, stage: i64, kinds: &'static [Kind]) -> State {
    State {
        lifecycle,
        status,
        level,
        stage,
        kinds,
    }
}

impl State {
    /// `None` if events of this kind are not about a payment, a payout or a subscription.
    pub(super) fn of_kind(kind: Kind) -> Option<&'static Self> {
        STATES.iter().find(|state| state.kinds.contains(&kind))
    }

    /// The state that a row of an earlier version has with this status.
    pub(super) fn with_status(lifecycle: Lifecycle, status: &str) -> Option<&'static Self> {
        let status = match (lifecycle, status) {
            // The earlier version's name for the state after a charge.
            (Subscription, "succeeded") => "active",
            _ => status,
        };
        STATES
            .iter()
            .find(|state| state.lifecycle == lifecycle && state.status == status)
    }
}
