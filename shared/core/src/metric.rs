//! What is counted and timed, with few dimensions. The composition root installs a recorder; without one the numbers
//! go nowhere.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};

use crate::account::AccountName;

/// The target of a unit of work's span, and of the log line with which the unit ends well. A unit is one delivery at a
/// verify function, or one event at the consumer. What is counted in it and that line are written as one, when the span
/// closes. It begins like those of the crate's modules, so that the same level lets it pass.
pub const WORK: &str = "acuse_core";

/// Deliveries at the verify functions, by `Provider` and `Outcome`, and perhaps [by account](count_by_account):
/// - `queued`; `test`: queued, a test delivery of `acuse doctor`
/// - `token`, `signature`: the proof that failed
/// - `account`: it has a token or signature, but the URL names an account that is not stored
/// - `registration`: failed, but answered 200 in a registration window
/// - `too_long`, `unavailable`
pub const DELIVERIES: &str = "Deliveries";

/// Deliveries kept in quarantine, by `Provider`.
pub const QUARANTINED: &str = "Quarantined";

/// Deliveries that failed verification but were answered 200 in a registration window. Without a dimension, since
/// the alarm needs one number.
pub const REGISTRATIONS: &str = "Registrations";

/// Deliveries of events at the consumer, by `Provider` and `Outcome`, and perhaps [by account](count_by_account):
/// - `completed`
/// - `retried`: a hook failed or asked for a retry
/// - `rejected`: a hook rejected it, or its writes can't be made
/// - `dead_lettered`: given up after too many attempts, too old, not an envelope of ours, or it kills the function
/// - `unreadable`, `expired`, `wrong_environment`, `duplicate`
/// - `account_environment`: the payload names another environment than the account is bound to
/// - `conflict`: other bytes under a known key
/// - `waiting`: in progress elsewhere, or not due yet
/// - `test_delivery`: a test delivery of `acuse doctor`
/// - `failed`: the ledger or a queue could not be reached
pub const EVENTS: &str = "Events";

/// Events whose payload names another environment than their account is bound to. Without a dimension, since the alarm
/// needs one number.
pub const ACCOUNT_MISMATCHES: &str = "AccountMismatches";

/// From receipt at the verify function to the first claim, by `Provider`.
pub const QUEUE_LATENCY: &str = "QueueLatency";

/// From receipt at the verify function to completion, by `Provider`.
pub const END_TO_END_LATENCY: &str = "EndToEndLatency";

/// The age of a message that is returned to the event queue, in seconds since it was sent there, so that a redriven
/// event starts at zero. Without a dimension, since the alarm needs one number.
pub const OPEN_EVENT_AGE: &str = "OpenEventAge";

/// How long a hook's call took, by `Hook`.
pub const HOOK_DURATION: &str = "HookDuration";

/// Events that the hook `eventbridge` published without a part of them, by `Omitted`: `payload`, the text; `data`, the
/// parsed payload; or `both`.
pub const EVENT_BRIDGE_OMISSIONS: &str = "EventBridgeOmissions";

/// What the function `destinations` does with what is owed, by `Outcome`, and once more by `Destination` and `Outcome`:
/// - `delivered`
/// - `retried`: it is down, overloaded, or did not answer in time
/// - `fault`: it is up and refuses, which is a mistake in it or in its configuration
/// - `paused`: it answered 410
/// - `given_up`: it was owed for too long
/// - `skipped`: the destination does not want it any more
/// - `failed`: the ledger could not be read or written
pub const DESTINATION_DELIVERIES: &str = "DestinationDeliveries";

/// The age of a message that goes back to the destination queue, in seconds since it was sent there: without a dimension
/// for the alarm, and by `Destination`.
pub const DESTINATION_OLDEST: &str = "DestinationOldest";

/// From the receipt of an event to its delivery, by `Destination`.
pub const DESTINATION_LATENCY: &str = "DestinationLatency";

/// Checks of webhooks at providers, by `Provider`, `Account` and `Outcome`:
/// - `well`
/// - `wrong`: it is missing, off, posts elsewhere or lacks events
/// - `unknown`: the provider's API did not tell
pub const ENDPOINTS: &str = "Endpoints";

/// Checks that found a webhook wrong. Without a dimension, since the alarm needs one number.
pub const ENDPOINTS_WRONG: &str = "EndpointsWrong";

/// Checks without a result. Without a dimension, since the alarm needs one number.
pub const ENDPOINTS_UNKNOWN: &str = "EndpointsUnknown";

/// Describes all metrics, with their units. Call it once, after a recorder is installed.
pub fn describe() {
    describe_counter!(DELIVERIES, Unit::Count, "deliveries at a verify function");
    describe_counter!(QUARANTINED, Unit::Count, "deliveries kept in quarantine");
    describe_counter!(
        REGISTRATIONS,
        Unit::Count,
        "failed verification, answered 200 in a registration window"
    );
    describe_counter!(
        ACCOUNT_MISMATCHES,
        Unit::Count,
        "of another environment than the account is bound to"
    );
    describe_counter!(EVENTS, Unit::Count, "deliveries of events at the consumer");
    describe_counter!(
        EVENT_BRIDGE_OMISSIONS,
        Unit::Count,
        "events published without a part of them"
    );
    describe_counter!(ENDPOINTS, Unit::Count, "checks of webhooks at providers");
    describe_counter!(ENDPOINTS_WRONG, Unit::Count, "webhooks that are not as they should be");
    describe_counter!(ENDPOINTS_UNKNOWN, Unit::Count, "webhooks that could not be checked");
    describe_counter!(DESTINATION_DELIVERIES, Unit::Count, "deliveries to destinations");
    describe_histogram!(
        DESTINATION_OLDEST,
        Unit::Seconds,
        "age of what goes back to the destination queue"
    );
    describe_histogram!(DESTINATION_LATENCY, Unit::Milliseconds, "receipt to delivery");
    describe_histogram!(QUEUE_LATENCY, Unit::Milliseconds, "receipt to first claim");
    describe_histogram!(END_TO_END_LATENCY, Unit::Milliseconds, "receipt to completion");
    describe_histogram!(
        OPEN_EVENT_AGE,
        Unit::Seconds,
        "age of a message that is returned to the queue"
    );
    describe_histogram!(HOOK_DURATION, Unit::Milliseconds, "duration of a hook's call");
}

/// Whether deliveries and events of other accounts than the default one have a series of their own.
static BY_ACCOUNT: AtomicBool = AtomicBool::new(false);

/// Counts deliveries and events of other accounts than the default one once more, with the dimension `Account`. Their
/// provider's series stay as they are, so alarms see the same numbers. Each account costs as much as a provider.
pub fn count_by_account() {
    BY_ACCOUNT.store(true, Ordering::Relaxed);
}

fn count(name: &'static str, provider: &'static str, account: &AccountName, outcome: &'static str, by_account: bool) {
    counter!(name, "Provider" => provider, "Outcome" => outcome).increment(1);
    if by_account && !account.is_default() {
        let account = account.to_string();
        counter!(name, "Provider" => provider, "Account" => account, "Outcome" => outcome).increment(1);
    }
}

/// Counts a check of an account's webhook; `None` if it is not known which there are.
pub fn endpoint(of: Option<(&'static str, &AccountName)>, outcome: &'static str) {
    if let Some((provider, account)) = of {
        let account = account.to_string();
        counter!(ENDPOINTS, "Provider" => provider, "Account" => account, "Outcome" => outcome).increment(1);
    }
    match outcome {
        "wrong" => counter!(ENDPOINTS_WRONG).increment(1),
        "unknown" => counter!(ENDPOINTS_UNKNOWN).increment(1),
        _ => {}
    }
}

pub(crate) fn delivery(provider: &'static str, account: &AccountName, outcome: &'static str) {
    count(
        DELIVERIES,
        provider,
        account,
        outcome,
        BY_ACCOUNT.load(Ordering::Relaxed),
    );
}

pub(crate) fn quarantined(provider: &'static str) {
    counter!(QUARANTINED, "Provider" => provider).increment(1);
}

pub(crate) fn registered() {
    counter!(REGISTRATIONS).increment(1);
}

pub(crate) fn account_mismatch() {
    counter!(ACCOUNT_MISMATCHES).increment(1);
}

pub(crate) fn event(provider: &'static str, account: &AccountName, outcome: &'static str) {
    count(EVENTS, provider, account, outcome, BY_ACCOUNT.load(Ordering::Relaxed));
}

pub(crate) fn queue_latency(provider: &'static str, latency: Duration) {
    histogram!(QUEUE_LATENCY, "Provider" => provider).record(millis(latency));
}

pub(crate) fn end_to_end_latency(provider: &'static str, latency: Duration) {
    histogram!(END_TO_END_LATENCY, "Provider" => provider).record(millis(latency));
}

pub(crate) fn open_event_age(age: Duration) {
    histogram!(OPEN_EVENT_AGE).record(age.as_secs_f64());
}

/// Counts an event that was published without a part of it: see [`EVENT_BRIDGE_OMISSIONS`].
pub fn event_bridge_omission(omitted: &'static str) {
    counter!(EVENT_BRIDGE_OMISSIONS, "Omitted" => omitted).increment(1);
}

/// Counts what became of a delivery: see [`DESTINATION_DELIVERIES`].
pub fn destination_delivery(destination: &str, outcome: &'static str) {
    let destination = destination.to_string();
    counter!(DESTINATION_DELIVERIES, "Outcome" => outcome).increment(1);
    counter!(DESTINATION_DELIVERIES, "Destination" => destination, "Outcome" => outcome).increment(1);
}

/// Records the age of a message that goes back: see [`DESTINATION_OLDEST`].
pub fn destination_oldest(destination: &str, age: Duration) {
    let destination = destination.to_string();
    histogram!(DESTINATION_OLDEST).record(age.as_secs_f64());
    histogram!(DESTINATION_OLDEST, "Destination" => destination).record(age.as_secs_f64());
}

/// Records how long after its receipt an event was delivered: see [`DESTINATION_LATENCY`].
pub fn destination_latency(destination: &str, latency: Duration) {
    histogram!(DESTINATION_LATENCY, "Destination" => destination.to_string()).record(millis(latency));
}

pub(crate) fn hook_duration(hook: &'static str, duration: Duration) {
    histogram!(HOOK_DURATION, "Hook" => hook).record(millis(duration));
}

/// Whole ones, which is what the clock counts: `1.515 * 1000.0` would be logged with all its digits.
fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1000.0).round()
}

#[cfg(test)]
mod tests {
    use metrics_util::debugging::DebuggingRecorder;

    use super::*;

    #[test]
    fn only_other_accounts_have_series_of_their_own_and_only_if_asked_for() {
        let provider = [("Provider", "onepay"), ("Outcome", "queued")];
        let account = [("Provider", "onepay"), ("Account", "test"), ("Outcome", "queued")];
        for (name, by_account, expected) in [
            ("default", true, vec![provider.to_vec()]),
            ("test", false, vec![provider.to_vec()]),
            ("test", true, vec![provider.to_vec(), account.to_vec()]),
        ] {
            let recorder = DebuggingRecorder::new();
            let snapshotter = recorder.snapshotter();
            let name = AccountName::parse(name).unwrap();
            metrics::with_local_recorder(&recorder, || count(DELIVERIES, "onepay", &name, "queued", by_account));
            let counted = snapshotter.snapshot().into_vec();
            let labels = |key: &metrics::Key| -> Vec<_> {
                let labels = key.labels();
                labels
                    .map(|label| (label.key().to_owned(), label.value().to_owned()))
                    .collect()
            };
            let counted: Vec<_> = counted.iter().map(|(key, ..)| labels(key.key())).collect();
            let owned = |set: Vec<(&str, &str)>| set.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
            let expected: Vec<Vec<_>> = expected.into_iter().map(owned).collect();
            assert_eq!(counted, expected, "{name}");
        }
    }
}
