//! A day where people are: it has 23, 24 or 25 hours, and begins when the one before it ends.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{ToSpan, ZonedDateTime};
use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::clock::Timestamp;

/// A time zone by its IANA name, such as `America/Bogota`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// Not the name of a time zone.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is no time zone; it should be an IANA name, such as America/Bogota, America/Mexico_City or UTC")]
pub struct UnknownZone(String);

impl Zone {
    /// Coordinated Universal Time.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// The time of day: `08:12`.
    pub fn clock(&self, at: Timestamp) -> String {
        self.local(at).strftime("%H:%M").to_string()
    }

    fn local(&self, at: Timestamp) -> ZonedDateTime {
        let at = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
        at.to_zoned_datetime(self.0.clone())
    }
}

impl FromStr for Zone {
    type Err = UnknownZone;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = |_| UnknownZone(text.to_owned());
        TimeZone::get(text.trim()).map(Self).map_err(unknown)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.iana_name().unwrap_or("UTC"))
    }
}

/// A day in a time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    date: Date,
    zone: Zone,
}

impl Day {
    /// The day before the one of `now`.
    pub fn before(now: Timestamp, zone: &Zone) -> Self {
        let today = zone.local(now).date();
        Self {
            date: today.yesterday().unwrap_or(today),
            zone: zone.clone(),
        }
    }

    /// Reads `2026-11-26`; `None` if it is not a date.
    pub fn parse(text: &str, zone: &Zone) -> Option<Self> {
        // jiff reads other forms as well, and a date with a time.
        let date: Date = text.trim().parse().ok()?;
        (date.to_string() == text.trim()).then(|| Self {
            date,
            zone: zone.clone(),
        })
    }

    /// The day's first millisecond.
    pub fn start(&self) -> Timestamp {
        start_of(self.date, &self.zone)
    }

    /// The first millisecond of the next day.
    pub fn end(&self) -> Timestamp {
        start_of(self.date.saturating_add(1.day()), &self.zone)
    }

    /// The UTC days, `yyyy-mm-dd`, that have a part of it.
    pub fn utc_days(&self) -> Vec<String> {
        let last = self.end().minus(std::time::Duration::from_millis(1)).day();
        let first = self.start().day();
        // A day has at most 25 hours, so there is none between them.
        match first == last {
            true => vec![first],
            false => vec![first, last],
        }
    }

    /// The date.
    pub fn date(&self) -> Date {
        self.date
    }

    /// Its time zone.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }
}

/// Where the clocks are put forward at midnight, a day begins at one.
fn start_of(date: Date, zone: &Zone) -> Timestamp {
    let noon = date.at(12, 0, 0, 0).to_zoned_datetime(zone.0.clone());
    let start = noon.and_then(|noon| noon.start_of_day());
    let millis = start.map(|start| start.timestamp().as_millisecond());
    Timestamp::from_millis(millis.unwrap_or_default())
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Written {
            date: String,
            timezone: String,
            from: String,
            until: String,
        }
        let written = Written {
            date: self.date.to_string(),
            timezone: self.zone.to_string(),
            from: self.start().to_string(),
            until: self.end().to_string(),
        };
        written.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn day(text: &str, zone: &str) -> Day {
        Day::parse(text, &zone.parse().unwrap()).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::from_rfc3339(text).unwrap()
    }

    #[test]
    fn a_day_begins_and_ends_at_local_midnight() {
        let bogota = day("2026-11-26", "America/Bogota");
        assert_eq!(bogota.start(), at("2026-11-26T05:00:00Z"));
        assert_eq!(bogota.end(), at("2026-11-27T05:00:00Z"));
        assert_eq!(bogota.utc_days(), ["2026-11-26", "2026-11-27"]);
        assert_eq!(day("2026-11-26", "UTC").utc_days(), ["2026-11-26"]);
        assert_eq!(
            day("2026-11-26", "Asia/Kolkata").utc_days(),
            ["2026-11-25", "2026-11-26"]
        );
    }

    #[test]
    fn a_day_on_which_clocks_change_has_23_or_25_hours() {
        let hours = |text, zone| {
            let day = day(text, zone);
            day.end().since(day.start()).as_secs_f64() / 3600.0
        };
        for (text, zone, expected) in [
            ("2026-03-08", "America/New_York", 23.0),
            ("2026-11-01", "America/New_York", 25.0),
            // At midnight: the day begins at one, and the day before ends with an hour that comes twice.
            ("2026-09-06", "America/Santiago", 23.0),
            ("2026-04-04", "America/Santiago", 25.0),
            ("2026-04-05", "Australia/Lord_Howe", 24.5),
            ("2026-11-26", "America/Mexico_City", 24.0),
        ] {
            assert_eq!(hours(text, zone), expected, "{text} {zone}");
        }
        assert_eq!(
            day("2026-09-06", "America/Santiago").start(),
            at("2026-09-06T04:00:00Z")
        );
        assert_eq!(
            day("2026-09-06", "America/Santiago")
                .zone()
                .clock(at("2026-09-06T04:00:00Z")),
            "01:00"
        );
    }

    #[test]
    fn the_day_before_is_the_local_one() {
        let bogota: Zone = "America/Bogota".parse().unwrap();
        let before = |text| Day::before(at(text), &bogota).date().to_string();
        assert_eq!(before("2026-11-27T13:00:00Z"), "2026-11-26");
        assert_eq!(
            before("2026-11-27T04:59:59Z"),
            "2026-11-25",
            "still the evening of the 26th"
        );
        assert_eq!(before("2026-11-27T05:00:00Z"), "2026-11-26");
    }

    #[test]
    fn only_a_date_is_a_day_and_only_a_name_a_zone() {
        for text in [
            "",
            "26-11-2026",
            "2026-11-31",
            "2026-11-26T00:00",
            "20261126",
            "yesterday",
        ] {
            assert_eq!(Day::parse(text, &Zone::UTC), None, "{text}");
        }
        for text in ["", "Bogota", "America/Nowhere", "../etc/passwd"] {
            assert!(text.parse::<Zone>().is_err(), "{text}");
        }
        let error = "Bogota".parse::<Zone>().unwrap_err().to_string();
        assert!(
            error.starts_with("`Bogota` is no time zone; it should be an IANA name"),
            "{error}"
        );
        assert_eq!("america/bogota".parse::<Zone>().unwrap().to_string(), "America/Bogota");
        assert_eq!("UTC".parse::<Zone>().unwrap().to_string(), "UTC");
    }

    const ZONES: [&str; 10] = [
        "UTC",
        "America/Bogota",
        "America/Mexico_City",
        "America/Santiago",
        "America/Asuncion",
        "America/Havana",
        "America/New_York",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Asia/Kathmandu",
    ];

    proptest! {
        /// No moment is in two days, and none in no day.
        #[test]
        fn days_follow_each_other(minutes in 0..40_000_000_i64, zone in prop::sample::select(&ZONES[..])) {
            let zone: Zone = zone.parse().unwrap();
            let now = Timestamp::from_seconds(minutes * 60);
            let before = Day::before(now, &zone);
            // Samoa had no 30 December 2011.
            let next = Day { date: before.date.tomorrow().unwrap(), zone: zone.clone() };
            prop_assert_eq!(before.end(), next.start());
            prop_assert!(before.end() <= now && now < next.end(), "{before:?} {now}");
            let length = before.end().since(before.start());
            let skipped = before.zone.to_string() == "Pacific/Apia" && length == Duration::ZERO;
            let hours = 23 * 3600..=25 * 3600;
            prop_assert!(skipped || hours.contains(&length.as_secs()), "{before:?} {length:?}");
            prop_assert!(skipped || before.utc_days().contains(&before.start().day()));
        }
    }
}
