use serde_json::Value;

use super::*;
use crate::clock::Timestamp;
use crate::event::Environment;
use crate::ledger::Status;
use crate::summary::tally::tests::PAID;
use crate::summary::{Day, Entry, Queues, Tally};

fn day() -> Day {
    Day::parse("2026-11-26", &"America/Bogota".parse().unwrap()).unwrap()
}

fn quiet() -> Summary {
    Summary {
        stack: "acuse".to_owned(),
        named: " --stack acuse".to_owned(),
        day: day(),
        tally: Tally::default(),
        queues: Queues::default(),
        complete: true,
    }
}

fn busy() -> Summary {
    let paid = Entry {
        received_at: Timestamp::from_rfc3339("2026-11-26T13:12:40Z").unwrap(),
        ..PAID
    };
    let shop = Entry {
        scope: "kuenta/shop",
        type_name: "payment_received",
        amount: Some("90071992547409931"),
        ..paid
    };
    let mut tally = Tally::default();
    for _ in 0..1200 {
        tally.count(paid);
    }
    for entry in [
        Entry { amount: None, ..paid },
        Entry {
            amount: Some("1.500,00"),
            duplicates: 2,
            ..paid
        },
        Entry {
            amount: Some("12.5"),
            currency: Some("USD"),
            ..paid
        },
        shop,
        Entry {
            currency: None,
            amount: Some("0.1"),
            ..shop
        },
        Entry {
            type_name: "customer.created",
            amount: None,
            currency: None,
            ..paid
        },
        Entry {
            status: Status::Released,
            ..paid
        },
        Entry {
            status: Status::Rejected,
            reason: Some("hook `orders`: no order"),
            ..paid
        },
        Entry {
            status: Status::Conflict,
            is_conflict: true,
            ..paid
        },
        Entry {
            environment: Environment::Test,
            ..paid
        },
        Entry {
            environment: Environment::Test,
            status: Status::Rejected,
            reason: Some("of environment `test`, which this stack does not take"),
            ..paid
        },
    ] {
        tally.count(entry);
    }
    Summary {
        queues: Queues {
            events: 1,
            dead_letters: 2,
            quarantine: 3,
            destinations: Some(1234),
        },
        tally,
        ..quiet()
    }
}

/// The space that does not break a line is shown as `_`.
fn shown(text: &str) -> String {
    text.replace('\u{a0}', "_")
}

#[test]
fn a_busy_day_in_english() {
    let busy = busy();
    insta::assert_snapshot!(shown(&format!(
        "{}\n\n{}",
        busy.subject(Language::En),
        busy.text(Language::En)
    )));
}

#[test]
fn a_busy_day_in_spanish() {
    let busy = busy();
    insta::assert_snapshot!(shown(&format!(
        "{}\n\n{}",
        busy.subject(Language::Es),
        busy.text(Language::Es)
    )));
}

#[test]
fn a_day_without_events_and_one_that_was_not_read_to_its_end() {
    let quiet = quiet();
    let cut = Summary {
        complete: false,
        ..quiet.clone()
    };
    let both = [&quiet, &cut]
        .map(|day| [Language::En, Language::Es].map(|own| format!("{}\n\n{}", day.subject(own), day.text(own))));
    insta::assert_snapshot!(shown(&both.concat().join("\n────\n")));
}

#[test]
fn json_has_exact_sums_as_text() {
    insta::assert_json_snapshot!(busy());
}

#[test]
fn a_long_list_is_cut_and_says_so() {
    let mut busy = busy();
    let row = Row {
        count: 10,
        ..Row::default()
    };
    for number in 0..40 {
        busy.tally
            .live
            .rows
            .insert(("unopago".to_owned(), format!("type{number:02}")), row.clone());
    }
    // 3 types of the others come first.
    let text = shown(&busy.text(Language::En));
    assert!(text.contains("18 more types: 180 events"), "{text}");
    assert!(!text.contains("type22"), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("  type")).count(), 22);
}

#[test]
fn a_subject_fits_a_mail() {
    let long = Summary {
        stack: "x".repeat(128),
        complete: false,
        ..busy()
    };
    for language in [Language::En, Language::Es] {
        let subject = long.subject(language);
        assert!(subject.len() < 100 && subject.is_ascii(), "{subject}");
    }
}

/// As <https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html> requires.
#[test]
fn chat_gets_a_custom_notification_and_all_others_the_text() {
    let busy = busy();
    let message: Value = serde_json::from_str(&busy.message(Language::Es)).unwrap();
    assert_eq!(message["default"], busy.text(Language::Es));
    let notification: Value = serde_json::from_str(message["https"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&notification["version"], &notification["source"]),
        (&"1.0".into(), &"custom".into())
    );
    assert_eq!(notification["content"]["textType"], "client-markdown");
    let description = notification["content"]["description"].as_str().unwrap();
    assert!(
        description.starts_with("```\nacuse\n") && description.ends_with("\n```"),
        "{description}"
    );
    assert_eq!(description.matches("```").count(), 2);
}

#[test]
fn only_a_conflict_without_a_decision_needs_attention() {
    let conflict = |status, is_confirmation| {
        let mut summary = quiet();
        summary.tally.count(Entry {
            scope: "onepay",
            environment: Environment::Live,
            type_name: "payment.approved",
            status,
            reason: None,
            is_conflict: true,
            is_confirmation,
            received_at: Timestamp::from_rfc3339("2026-11-26T13:12:40Z").unwrap(),
            duplicates: 0,
            amount: None,
            currency: None,
        });
        summary.subject(Language::En).contains("needs attention")
    };
    assert!(conflict(Status::Conflict, false));
    assert!(!conflict(Status::Completed, false) && !conflict(Status::Rejected, false));
    assert!(!conflict(Status::Completed, true));
}
