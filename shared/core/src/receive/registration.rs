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
use crate::account::AccountName;
use crate::clock::Timestamp;
use crate::error::chain;

/// A window that would end later than this from now is treated as closed: `acuse register` did not open it.
pub const LONGEST: Duration = Duration::from_secs(60 * 60);

/// The staging label of the secret version that holds the window. It is a version of its own, so opening and closing
/// the window moves neither `AWSCURRENT` nor `AWSPREVIOUS`, and a rotation is not disturbed.
pub const STAGE: &str = "REGISTRATION";

const UNTIL: &str = "registration_until";
const ACCOUNT: &str = "account";

/// A window as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The account whose deliveries are answered 200. It may have no secret yet.
    pub account: AccountName,
    /// When the window ends.
    pub until: Timestamp,
}

impl Window {
    /// Whether it is open for deliveries to `account`.
    pub fn is_open(&self, account: &str, now: Timestamp) -> bool {
        let until = self.until;
        self.account.as_str() == account && now < until && until.since(now) <= LONGEST
    }

    /// The JSON to store.
    pub fn to_json(&self) -> String {
        json!({ UNTIL: self.until.to_string(), ACCOUNT: self.account }).to_string()
    }

    /// The JSON to store for no window.
    pub fn closed() -> String {
        json!({ UNTIL: null }).to_string()
    }

    /// Reads [`to_json`](Self::to_json)'s output. Anything else is `None`, which opens nothing.
    pub fn from_json(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let account = match value.get(ACCOUNT) {
            None => AccountName::DEFAULT,
            Some(name) => AccountName::parse(name.as_str()?)?,
        };
        let until = Timestamp::from_rfc3339(value.get(UNTIL)?.as_str()?)?;
        Some(Self { account, until })
    }
}

/// What this instance knows about the window. Only deliveries that fail verification ask, and the store is asked at
/// most once per [`RELOAD_EVERY`], so that forged deliveries can't run up a bill.
#[derive(Debug, Default)]
pub(super) struct Registration {
    /// When the store was asked, and its answer.
    known: Mutex<Option<(Timestamp, Option<Window>)>>,
}

impl Registration {
    /// Whether the window is open for deliveries to `account`. It is closed if the store fails.
    pub(super) async fn is_open(&self, store: &impl SecretStore, account: &str, now: Timestamp) -> bool {
        let known = self.known().clone();
        let window = match known.filter(|(at, _)| now.since(*at) < RELOAD_EVERY) {
            Some((_, window)) => window,
            None => {
                // Noted first, so that the next delivery does not ask a store that hangs again.
                *self.known() = Some((now, None));
                let window = store.registration().await.unwrap_or_else(|error| {
                    let error = chain(&error);
                    warn!(error, "registration window not read: it counts as closed");
                    None
                });
                *self.known() = Some((now, window.clone()));
                window
            }
        };
        window.is_some_and(|window| window.is_open(account, now))
    }

    fn known(&self) -> MutexGuard<'_, Option<(Timestamp, Option<Window>)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_795_705_445);

    fn until(until: Timestamp) -> Window {
        let account = AccountName::DEFAULT;
        Window { account, until }
    }

    #[test]
    fn a_window_is_open_until_its_end_and_never_for_more_than_an_hour() {
        let millisecond = Duration::from_millis(1);
        for (end, open) in [
            (NOW.minus(LONGEST), false),
            (NOW.minus(millisecond), false),
            (NOW, false),
            (NOW.plus(millisecond), true),
            (NOW.plus(LONGEST), true),
            (NOW.plus(LONGEST + millisecond), false),
            (Timestamp::from_millis(i64::MAX), false),
        ] {
            assert_eq!(until(end).is_open("default", NOW), open, "{end:?}");
        }
    }

    #[test]
    fn a_window_is_open_for_its_own_account() {
        let account = AccountName::parse("test").unwrap();
        let window = Window {
            account,
            ..until(NOW.plus(LONGEST))
        };
        let open = ["test", "default", "tes", "Test", ""].map(|account| window.is_open(account, NOW));
        assert_eq!(open, [true, false, false, false, false]);
    }

    #[test]
    fn the_stored_window_reads_back() {
        let window = until(NOW);
        assert_eq!(
            window.to_json(),
            r#"{"account":"default","registration_until":"2026-11-26T15:04:05.000Z"}"#
        );
        let account = AccountName::parse("test").unwrap();
        let other = Window {
            account,
            ..window.clone()
        };
        for window in [window, other] {
            assert_eq!(Window::from_json(&window.to_json()), Some(window));
        }
        assert_eq!(Window::from_json(&Window::closed()), None);
        // As it was written before there were accounts.
        let first = Window::from_json(r#"{"registration_until":"2026-11-26T15:04:05.000Z"}"#);
        assert_eq!(first, Some(until(NOW)));
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
            r#"{"registration_until":"2026-11-26T15:04:05Z","account":"Test"}"#,
            r#"{"registration_until":"2026-11-26T15:04:05Z","account":null}"#,
            r#"{"signing_secrets":["a"],"token":"b"}"#,
        ] {
            assert_eq!(Window::from_json(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_keeps_it_open_for_more_than_an_hour(end in any::<i64>(), now in any::<i64>()) {
            let (window, now) = (until(Timestamp::from_millis(end)), Timestamp::from_millis(now));
            if window.is_open("default", now) {
                prop_assert!(!window.is_open("default", now.plus(LONGEST)));
            }
        }
    }
}
