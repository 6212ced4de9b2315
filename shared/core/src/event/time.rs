//! When an event happened, according to its provider.

use std::time::Duration;

use crate::clock::Timestamp;

/// An earlier time is not an event's: 0, a date written as a number, a counter. 2015-01-01T00:00:00Z.
const EARLIEST: Timestamp = Timestamp::from_seconds(1_420_070_400);

/// How far a provider's clock may be ahead of ours.
const AHEAD: Duration = Duration::from_secs(24 * 60 * 60);

/// The time of an event that was received at `received_at`; `None` if `text` is not a time, or not a plausible one.
pub(super) fn of_event(text: &str, received_at: Timestamp) -> Option<Timestamp> {
    Timestamp::from_text(text).filter(|at| *at >= EARLIEST && *at <= received_at.plus(AHEAD))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECEIVED_AT: Timestamp = Timestamp::from_seconds(1_795_600_000);

    #[test]
    fn reads_times_in_every_notation() {
        for (text, at) in [
            ("1689262934", "2023-07-13T15:42:14.000Z"),
            ("1689262934.5", "2023-07-13T15:42:14.500Z"),
            ("1689262934123", "2023-07-13T15:42:14.123Z"),
            ("1689262934123456", "2023-07-13T15:42:14.123Z"),
            ("1689262934123456789", "2023-07-13T15:42:14.123Z"),
            ("2023-07-13T15:42:14Z", "2023-07-13T15:42:14.000Z"),
            (" 2023-07-13T15:42:12.000000Z ", "2023-07-13T15:42:12.000Z"),
            ("2025-01-20T14:00:00+00:00", "2025-01-20T14:00:00.000Z"),
            ("2025-01-20T09:00:00.123456-05:00", "2025-01-20T14:00:00.123Z"),
            ("2025-01-20 09:00:00-05:00", "2025-01-20T14:00:00.000Z"),
        ] {
            let read = of_event(text, RECEIVED_AT).map(|at| at.to_string());
            assert_eq!(read.as_deref(), Some(at), "{text}");
        }
    }

    #[test]
    fn refuses_implausible_times() {
        for text in [
            "",
            "soon",
            "0",
            "-1",
            "20261126",
            "20261126103000",
            "1420070399",
            "1689262934e3",
            "1689262934.",
            "2014-12-31T23:59:59Z",
            "2026-11-26",
            "2026-11-26T10:00:00",
            "2026-11-26 10:00:00",
            "26/11/2026",
            "9223372036854775807",
            "-9223372036854775808",
            "9223372036854775808",
        ] {
            assert_eq!(of_event(text, RECEIVED_AT), None, "{text}");
        }
    }

    #[test]
    fn the_earliest_and_latest_plausible_times() {
        let read = |at: Timestamp| of_event(&at.as_millis().to_string(), RECEIVED_AT);
        let second = Duration::from_secs(1);
        let latest = RECEIVED_AT.plus(Duration::from_secs(86_400));
        assert_eq!(read(EARLIEST), Some(EARLIEST));
        assert_eq!(read(EARLIEST.minus(second)), None);
        assert_eq!(read(latest), Some(latest));
        assert_eq!(read(latest.plus(second)), None);
    }

    #[test]
    fn timestamps_accept_any_number() {
        assert_eq!(Timestamp::from_text("-1"), Some(Timestamp::from_seconds(-1)));
        // It has no positive counterpart.
        let earliest = Timestamp::from_text("-9223372036854775808");
        assert_eq!(earliest, Some(Timestamp::from_millis(i64::MIN.div_euclid(1_000_000))));
        assert_eq!(Timestamp::from_text("9223372036854775808"), None);
    }
}
