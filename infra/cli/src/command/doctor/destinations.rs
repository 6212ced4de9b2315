//! The destinations: paused or failing ones, what is owed for long, and what was given up.

use std::time::Duration;

use acuse_aws::system::SystemClock;
use acuse_core::clock::{Clock, Timestamp};
use acuse_core::destination::Destination;
use acuse_core::destination::gate::State;

use super::queues::is_empty;
use super::{Checked, Problem};
use crate::command::destinations::{age, state_text};
use crate::stack::destinations::StackDestinations;
use crate::stack::destinations::owed::Summary;
use crate::stack::target::Target;
use crate::terminal::{counted, cut};

/// What is owed for longer is a problem, even if the destination is not down.
const LONG: Duration = Duration::from_secs(15 * 60);

/// The longest error that is printed, in columns.
const ERROR: usize = 160;

/// Checks each destination. Nothing if the stack was deployed without them.
pub(super) async fn check(target: &Target, report: &mut impl FnMut(&str, Checked)) {
    let Ok(stack) = StackDestinations::of(target) else {
        return;
    };
    let destinations = match stack.configuration.get().await {
        Ok(destinations) => destinations,
        Err(error) => return report("destinations", Err(error.into())),
    };
    let now = SystemClock.now();
    for destination in destinations.iter() {
        let found = found(&stack, destination, now).await;
        report(&format!("destination {}", destination.name), found);
    }
    for error in destinations.errors() {
        let name = error.destination.as_ref().map_or("?", |name| name.as_str());
        let text = format!("{error}; it gets nothing until that is corrected");
        report(&format!("destination {name}"), Err(Problem(text)));
    }
    // Hints that could not be read. What is owed is in the ledger all the same.
    let advice = "find out who sends to the destination queue, and delete them";
    let unread = is_empty(target, "DestinationDeadLetterQueueUrl", advice).await;
    report("destination dead letters", unread);
}

async fn found(stack: &StackDestinations, destination: &Destination, now: Timestamp) -> Checked {
    let state = stack.gates.get(&destination.name).await?.state(now);
    let summary = stack.summary(&destination.name).await?;
    judged(destination, &state, &summary, now)
}

fn judged(destination: &Destination, state: &State, summary: &Summary, now: Timestamp) -> Checked {
    let name = &destination.name;
    let (word, text) = state_text(destination, state);
    let mut parts = vec![text];
    parts.push(match (summary.owed, summary.oldest) {
        (0, _) => "nothing owed".to_owned(),
        (owed, None) => format!("{owed} owed"),
        (owed, Some(since)) => format!("{owed} owed, the oldest for {}", age(since, now)),
    });
    if summary.given_up > 0 {
        parts.push(format!("{} given up", counted(summary.given_up, "event")));
    }
    if let Some(error) = &summary.error {
        parts.push(cut(error, ERROR));
    }
    let is_late = summary.oldest.is_some_and(|since| now.since(since) > LONG);
    let advice = match word {
        "paused" => format!("`acuse destinations resume {name}`"),
        _ if summary.given_up > 0 => format!("fix it, `acuse destinations retry {name} --given-up`"),
        "closed" => format!("`acuse destinations owed {name}`, `acuse destinations test {name}`"),
        _ if is_late => format!("`acuse destinations owed {name}`"),
        _ => return Ok(parts.join("; ")),
    };
    Err(Problem(format!("{}: {advice}", parts.join("; "))))
}

#[cfg(test)]
mod tests {
    use acuse_core::destination::DestinationName;
    use acuse_core::destination::config::Target;
    use acuse_core::destination::gate::Pause;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn judge(state: &State, summary: &Summary) -> Result<String, String> {
        let name = DestinationName::parse("shop").unwrap();
        let shop = Destination::new(name, Target::parse("https://shop.example/").unwrap(), Vec::new());
        judged(&shop, state, summary, NOW).map_err(|Problem(text)| text)
    }

    #[test]
    fn a_healthy_destination_is_in_order_and_may_be_owed_a_little() {
        assert_eq!(
            judge(&State::Open, &Summary::default()),
            Ok("open; nothing owed".to_owned())
        );
        let summary = Summary {
            owed: 2,
            oldest: Some(NOW.minus(Duration::from_secs(30))),
            ..Summary::default()
        };
        assert_eq!(
            judge(&State::Open, &summary),
            Ok("open; 2 owed, the oldest for 30 s".to_owned())
        );
    }

    #[test]
    fn what_needs_somebody_is_a_problem_with_the_command_that_helps() {
        let late = Summary {
            owed: 1,
            oldest: Some(NOW.minus(Duration::from_secs(3600))),
            error: Some("answered 500 Internal Server Error".to_owned()),
            ..Summary::default()
        };
        let text = judge(&State::Open, &late).unwrap_err();
        assert_eq!(
            text,
            "open; 1 owed, the oldest for 60 min; answered 500 Internal Server Error: `acuse destinations owed shop`"
        );
        let given_up = Summary {
            given_up: 1,
            ..Summary::default()
        };
        let text = judge(&State::Open, &given_up).unwrap_err();
        assert!(
            text.contains("1 event given up") && text.ends_with("retry shop --given-up`"),
            "{text}"
        );
        let pause = Pause {
            reason: "answered 410 Gone".to_owned(),
            since_ms: NOW.as_millis(),
        };
        let text = judge(&State::Paused(pause), &Summary::default()).unwrap_err();
        assert!(
            text.contains("answered 410 Gone") && text.ends_with("resume shop`"),
            "{text}"
        );
        let until = NOW.plus(Duration::from_secs(10));
        let text = judge(&State::Closed { until, failures: 5 }, &Summary::default()).unwrap_err();
        assert!(text.ends_with("`acuse destinations test shop`"), "{text}");
    }
}
