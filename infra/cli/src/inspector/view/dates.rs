//! From when to when the messages of a queue were received.

use acuse_core::clock::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

use super::super::words::Words;
use crate::stack::filter::moment;
use crate::terminal::escape;

/// How many messages are looked at, if only some of them are shown.
pub(crate) const LOOKED_AT: usize = 1000;

/// The times in the query, written as for the commands. Empty ones are ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Dates {
    since: String,
    until: String,
}

impl Dates {
    /// Whether something received then is between the two.
    pub(super) fn have(&self, at: Option<Timestamp>) -> bool {
        let time = |text: &str| moment(text.trim()).ok();
        let is_after = |since| at.is_some_and(|at| at >= since);
        let is_before = |until| at.is_some_and(|at| at < until);
        time(&self.since).is_none_or(is_after) && time(&self.until).is_none_or(is_before)
    }

    /// How many messages to look at for a list of `shown`, and one more, to tell if there are more.
    pub(super) fn look_at(&self, shown: usize) -> usize {
        match self.since.trim().is_empty() && self.until.trim().is_empty() {
            true => shown + 1,
            false => LOOKED_AT,
        }
    }

    /// The form, for the list at `path`.
    pub(super) fn form(&self, path: &str, words: &Words) -> Markup {
        let bad = [self.since.trim(), self.until.trim()].into_iter();
        let bad = bad.filter(|time| !time.is_empty() && moment(time).is_err());
        html! {
            form.filters method="get" action=(path) {
                label { (words.since) input name="since" placeholder="2h, 2026-11-20" value=(self.since) size="12"; }
                label { (words.until) input name="until" placeholder="2026-11-21" value=(self.until) size="12"; }
                button { (words.search) }
            }
            @for time in bad { p.error { (words.bad_time) " " code { (escape(time)) } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_is_empty_or_wrong_is_no_limit() {
        let dates = |since: &str, until: &str| Dates {
            since: since.to_owned(),
            until: until.to_owned(),
        };
        let at = Timestamp::from_rfc3339("2026-11-20T08:00:00Z");
        for (since, until, has) in [
            ("", "", true),
            ("2026-11-20", "2026-11-21", true),
            ("2026-11-21", "", false),
            ("", "2026-11-20", false),
            ("yesterday", " ", true),
        ] {
            assert_eq!(dates(since, until).have(at), has, "{since} {until}");
        }
        assert!(dates("", "").have(None) && !dates("2026-11-20", "").have(None));
    }
}
