//! The registration window: for some minutes a provider's deliveries that fail verification are answered 200.
//!
//! A panel wants 200 for its test delivery before it takes a URL, and some sign that delivery with another secret or
//! not at all. What is answered 200 here is kept in quarantine and nothing else: it never becomes an event. The
//! window is a time that the operator stores beside the provider's secret (`acuse register`), so that it ends by
//! itself, and no parameter and no deployment can leave it open.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tracing::warn;

use super::{RELOAD_EVERY, SecretStore};
use crate::clock::Timestamp;
use crate::error::chain;

/// A window that ends later than this from now is none: it was not opened by `acuse register`.
pub const LONGEST: Duration = Duration::from_secs(60 * 60);

/// The staging label of the version that holds the window. It is another version than the secret's own, so that
/// opening and closing move neither `AWSCURRENT` nor `AWSPREVIOUS`, and a rotation is not disturbed.
pub const STAGE: &str = "REGISTRATION";

const UNTIL: &str = "registration_until";

/// Whether a window that ends at `until` is open.
pub fn is_open(until: Option<Timestamp>, now: Timestamp) -> bool {
    until.is_some_and(|until| now < until && until.since(now) <= LONGEST)
}

/// What is stored for a window that ends at `until`; `None` closes it.
pub fn to_json(until: Option<Timestamp>) -> String {
    json!({ UNTIL: until.map(|until| until.to_string()) }).to_string()
}

/// Reads what [`to_json`] wrote. `None` for anything else: what can't be understood opens nothing.
pub fn from_json(text: &str) -> Option<Timestamp> {
    let value: Value = serde_json::from_str(text).ok()?;
    Timestamp::from_rfc3339(value.get(UNTIL)?.as_str()?)
}

/// What an instance knows of the window. Only a delivery that fails verification asks, and the store is asked at
/// most once in [`RELOAD_EVERY`], so that forged deliveries are no bill.
#[derive(Debug, Default)]
pub(super) struct Registration {
    known: Mutex<Option<Known>>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    until: Option<Timestamp>,
    at: Timestamp,
}

impl Registration {
    /// Whether the window is open. It is not where the store can't say.
    pub(super) async fn is_open(&self, store: &impl SecretStore, now: Timestamp) -> bool {
        let known = self.known().filter(|known| now.since(known.at) < RELOAD_EVERY);
        let until = match known {
            Some(known) => known.until,
            None => {
                // Noted first: a store that hangs is not asked by the next delivery again.
                self.note(Known { until: None, at: now });
                let until = store.registration_until().await.unwrap_or_else(|error| {
                    warn!(
                        error = chain(&error),
                        "registration window not read: it counts as closed"
                    );
                    None
                });
                self.note(Known { until, at: now });
                until
            }
        };
        is_open(until, now)
    }

    fn known(&self) -> Option<Known> {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, known: Known) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
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
    fn what_is_stored_is_read_again() {
        assert_eq!(
            to_json(Some(NOW)),
            r#"{"registration_until":"2026-11-26T15:04:05.000Z"}"#
        );
        for until in [None, Some(NOW)] {
            assert_eq!(from_json(&to_json(until)), until);
        }
    }

    #[test]
    fn what_is_malformed_opens_nothing() {
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
