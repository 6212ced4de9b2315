//! What came of many deliveries.

use std::collections::BTreeMap;
use std::error::Error;
use std::iter;
use std::time::{Duration, Instant};

use crate::http::{Answer, PostError};
use crate::terminal::{counted, cut};

/// Answers by status, and how long they took.
pub(super) struct Summary {
    expected: u16,
    started: Instant,
    /// `None` where no answer came. With the first text.
    answers: BTreeMap<Option<u16>, (u32, String)>,
    took: Vec<Duration>,
}

impl Summary {
    /// Of deliveries that should be answered with this status.
    pub(super) fn new(expected: u16) -> Self {
        Self {
            expected,
            started: Instant::now(),
            answers: BTreeMap::new(),
            took: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, answer: &Result<Answer, PostError>, took: Duration) {
        let (status, text) = match answer {
            Ok(answer) => (Some(answer.status), answer.text.clone()),
            Err(error) => (None, with_cause(error)),
        };
        let (count, _) = self.answers.entry(status).or_insert((0, text));
        *count += 1;
        if answer.is_ok() {
            self.took.push(took);
        }
    }

    pub(super) fn sent(&self) -> u32 {
        self.answers.values().map(|(count, _)| count).sum()
    }

    pub(super) fn unexpected(&self) -> u32 {
        let expected = self.answers.get(&Some(self.expected));
        self.sent() - expected.map_or(0, |(count, _)| *count)
    }

    pub(super) fn lines(&mut self) -> Vec<String> {
        let seconds = self.started.elapsed().as_secs_f64();
        let sent = self.sent();
        let rate = f64::from(sent) / seconds.max(0.001);
        let head = format!("{} in {seconds:.1} s, {rate:.0} a second", counted(sent, "delivery"));
        let rows = self.answers.iter().map(|(status, (count, text))| {
            let name = status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
            match *status == Some(self.expected) {
                true => format!("  {name:<9} {count:>7}"),
                false => format!("  {name:<9} {count:>7}  {}", cut(text, 120)),
            }
        });
        let mut lines: Vec<String> = [head].into_iter().chain(rows).collect();
        self.took.sort_unstable();
        if let Some(slowest) = self.took.last() {
            let [p50, p99] = [50, 99].map(|percent| self.percentile(percent).as_millis());
            lines.push(format!(
                "answered in {p50} ms (median), {p99} ms (99 %), {} ms (slowest)",
                slowest.as_millis()
            ));
        }
        lines
    }

    /// The nearest rank in `took`, which is sorted.
    fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.took.len() * percent).div_ceil(100);
        self.took.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }
}

/// An error with the innermost of its causes.
pub(super) fn with_cause(error: &PostError) -> String {
    let causes = iter::successors(error.source(), |&cause| cause.source());
    match causes.last() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, text: &str) -> Result<Answer, PostError> {
        Ok(Answer {
            status,
            delivery_id: None,
            text: text.to_owned(),
        })
    }

    #[test]
    fn answers_are_counted_by_status() {
        let mut summary = Summary::new(200);
        for millis in (1..=198).rev() {
            summary.add(&answer(200, "queued"), Duration::from_millis(millis));
        }
        summary.add(&answer(503, "busy"), Duration::from_millis(500));
        summary.add(&answer(503, "still busy"), Duration::from_millis(900));
        let late = PostError::TooLate {
            url: "http://x".to_owned(),
            timeout: Duration::from_secs(10),
        };
        summary.add(&Err(late), Duration::from_secs(10));
        assert_eq!((summary.sent(), summary.unexpected()), (201, 3));
        let lines = summary.lines();
        assert!(lines[0].starts_with("201 deliveries in 0.0 s, "), "{lines:?}");
        assert_eq!(
            lines[1..],
            [
                "  no answer       1  no answer from http://x within 10 s",
                "  200           198",
                "  503             2  busy",
                "answered in 100 ms (median), 198 ms (99 %), 900 ms (slowest)",
            ]
        );
    }

    #[test]
    fn nothing_sent_is_summed_up_too() {
        let mut summary = Summary::new(200);
        assert_eq!(summary.unexpected(), 0);
        assert!(summary.lines()[0].starts_with("0 deliveries in 0.0 s, 0 a second"));
        summary.add(&answer(200, ""), Duration::from_millis(3));
        let lines = summary.lines();
        assert!(lines[0].starts_with("1 delivery in"), "{lines:?}");
        assert_eq!(lines[2], "answered in 3 ms (median), 3 ms (99 %), 3 ms (slowest)");
    }
}
