//! The registration window: for some minutes, a provider's deliveries that fail verification are answered 200.
//!
//! Some provider panels require a 200 for a test delivery before they accept a URL, and sign that delivery with another
//! secret or not at all. A delivery that is answered 200 here only goes to quarantine; it never becomes an event.
//! `acuse register` stores the end of the window beside the provider's secret, so the window closes by itself and no
//! parameter or deployment can leave it open.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tracing::warn;

use super::{RELOAD_EVERY, SecretStore};
use crate::clock::Timestamp;
use crate::error::chain;

/// A window that would end later than this from now is treated as closed: `acuse register` did not open it.
pub const LONGEST: Duration = Duration::from_secs(60 * 60);

/// The staging label of the secret version that holds the window. It is a version of its own, so opening and closing
/// the window moves neither `AWSCURRENT` nor `AWSPREVIOUS`, and a rotation is not disturbed.
pub const STAGE: &str = "REGISTRATION";

const UNTIL: &str = "registration_until";

/// Whether a window that ends at `until` is open.
pub fn is_open(until: Option<Timestamp>, now: Timestamp) -> bool {
    until.is_some_and(|until| now < until && until.since(now) <= LONGEST)
}

/// The JSON to store for a window that ends at `until`; `None` closes it.
pub fn to_json(until: Option<Timestamp>) -> String {
    json!({ UNTIL: until.map(|until| until.to_string()) }).to_string()
}

/// Reads [`to_json`]'s output. Anything else is `None`, which opens nothing.
pub fn from_json(text: &str) -> Option<Timestamp> {
    let value: Value = serde_json::from_str(text).ok()?;
    Timestamp::from_rfc3339(value.get(UNTIL)?.as_str()?)
}

/// What this instance knows about the window. Only deliveries that fail verification ask, and the store is asked at
/// most once per [`RELOAD_EVERY`], so that forged deliveries can't run up a bill.
#[derive(Debug, Default)]
pub(super) struct Registration {
    /// When the store was asked, and the end of the window.
    known: Mutex<Option<(Timestamp, Option<Timestamp>)>>,
}

impl Registration {
    /// Whether the window is open. It is closed if the store fails.
    pub(super) async fn is_open(&self, store: &impl SecretStore, now: Timestamp) -> bool {
        let known = *self.known();
        let until = match known.filter(|(at, _)| now.since(*at) < RELOAD_EVERY) {
            Some((_, until)) => until,
            None => {
                // Noted first, so that the next delivery does not ask a store that hangs again.
                *self.known() = Some((now, None));
                let until = store.registration_until().await.unwrap_or_else(|error| {
                    let error = chain(&error);
                    warn!(error, "registration window not read: it counts as closed");
                    None
                });
                *self.known() = Some((now, until));
                until
            }
        };
        is_open(until, now)
    }

    fn known(&self) -> MutexGuard<'_, Option<(Timestamp, Option<Timestamp>)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_795_705_445);

    #[test]
    fn a_window_is_open_until_its_end_and_never_for_more_than_an_hour() {
        let millisecond = Duration::from_millis(1);
        for (until, open) in [
            (None, false),
            (Some(NOW.minus(LONGEST)), false),
            (Some(NOW.minus(millisecond)), false),
            (Some(NOW), false),
            (Some(NOW.plus(millisecond)), true),
            (Some(NOW.plus(LONGEST)), true),
            (Some(NOW.plus(LONGEST + millisecond)), false),
            (Some(Timestamp::from_millis(i64::MAX)), false),
        ] {
            assert_eq!(is_open(until, NOW), open, "{until:?}");
        }
    }

    #[test]
    fn the_stored_window_reads_back() {
        assert_eq!(
            to_json(Some(NOW)),
            r#"{"registration_until":"2026-11-26T15:04:05.000Z"}"#
        );
        for until in [None, Some(NOW)] {
            assert_eq!(from_json(&to_json(until)), until);
        }
    }

    #[test]
    fn malformed_values_open_nothing() {
        for text in [
            "",
            "null",
            "{}",
            "[]",
            r#""2026-11-26T15:04:05Z""#,
            r#"{"registration_until":1795705445}"#,
            r#"{"registration_until":true}"#,
            r#"{"registration_until":""}"#,
            r#"{"registration_until":"forever"}"#,
            r#"{"registration_until":"2026-11-26"}"#,
            r#"{"registration_until":"2026-11-26T15:04:05"}"#,
            r#"{"registration_until":["2026-11-26T15:04:05Z"]}"#,
            r#"{"until":"2026-11-26T15:04:05Z"}"#,
            r#"{"signing_secrets":["a"],"token":"b"}"#,
        ] {
            assert_eq!(from_json(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_keeps_it_open_for_more_than_an_hour(until in any::<i64>(), now in any::<i64>()) {
            let (until, now) = (Timestamp::from_millis(until), Timestamp::from_millis(now));
            if is_open(Some(until), now) {
                prop_assert!(!is_open(Some(until), now.plus(LONGEST)));
            }
        }
    }
}
