use proptest::prelude::*;

use super::*;
use crate::destination::sample::event;
use crate::providers::{kuenta, onepay};

fn pattern(text: &str) -> Pattern {
    Pattern::parse(text).unwrap()
}

fn patterns(texts: &[&str]) -> Vec<Pattern> {
    texts.iter().map(|text| pattern(text)).collect()
}

/// What `*` means, without any thought for time.
fn fits(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['*', rest @ ..] => (0..=text.len()).any(|end| fits(rest, &text[end..])),
        [first, rest @ ..] => text.first() == Some(first) && fits(rest, &text[1..]),
    }
}

proptest! {
    #[test]
    fn a_star_stands_for_any_characters(pattern in "[ab.*é]{1,8}", text in "[ab.*é]{0,12}") {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        let expected = fits(&chars(&pattern), &chars(&text));
        prop_assert_eq!(Pattern::parse(&pattern).unwrap().matches(&text), expected);
    }

    #[test]
    fn a_text_fits_itself_and_its_beginning_and_its_end(text in "[a-z._]{1,20}", at in 0..20usize) {
        let at = at.min(text.len());
        prop_assert!(pattern(&text).matches(&text));
        prop_assert!(pattern("*").matches(&text));
        let beginning = format!("{}*", &text[..at]);
        prop_assert!(pattern(&beginning).matches(&text));
        let end = format!("*{}", &text[at..]);
        prop_assert!(pattern(&end).matches(&text));
        let both = format!("{}*{}", &text[..at], &text[at..]);
        prop_assert!(pattern(&both).matches(&text));
    }

    #[test]
    fn no_text_panics(pattern in ".*", text in ".*") {
        if let Some(pattern) = Pattern::parse(&pattern) {
            pattern.matches(&text);
        }
    }

    /// Every further condition leaves out more, and every further pattern of a list that has one lets in more.
    #[test]
    fn conditions_narrow_and_patterns_widen(
        types in proptest::collection::vec("(payment|charge)?[.]?[*]", 0..3),
        kinds in proptest::collection::vec("(Payment|Payout)[*]", 0..3),
        providers in proptest::collection::vec("(onepay|kuenta|[*])", 1..3),
    ) {
        let event = approved();
        let texts = |texts: &[String]| texts.iter().map(|text| pattern(text)).collect::<Vec<_>>();
        let wide = Filters { types: texts(&types), kinds: texts(&kinds), ..Filters::default() };
        let narrow = Filters { providers: texts(&providers), ..wide.clone() };
        prop_assert!(wide.matches(&event) || !narrow.matches(&event));
        let mut wider = narrow.clone();
        wider.providers.push(pattern("*"));
        prop_assert!(wider.matches(&event) || !narrow.matches(&event));
        prop_assert_eq!(wider.matches(&event), wide.matches(&event));
    }
}

#[test]
fn no_character_is_used_twice() {
    for (text, wanted) in [("a", false), ("aa", true), ("aba", true), ("ab", false)] {
        assert_eq!(pattern("a*a").matches(text), wanted, "{text}");
    }
    assert!(!pattern("ab*b*bc").matches("abbc") && pattern("ab*b*bc").matches("abbbc"));
    assert!(pattern("**").matches("") && !pattern("a").matches(""));
}

#[test]
fn a_long_pattern_and_text_take_no_time() {
    let pattern = pattern(&"a*".repeat(64));
    assert!(!pattern.matches(&format!("{}b", "a".repeat(63))));
    assert!(!self::pattern("*a*b*c*a*b*c*z").matches(&"abc".repeat(300_000)));
}

#[test]
fn patterns_that_can_never_be_meant_are_refused() {
    let long = "a".repeat(129);
    for text in ["", " ", "payment .*", "a\nb", "a\u{7f}", &long] {
        assert_eq!(Pattern::parse(text), None, "{text:?}");
    }
}

fn approved() -> Event {
    let body = r#"{"payment":{"id":"p1"},"event":{"id":"evt_1","type":"payment.approved","environment":"test"}}"#;
    event(&onepay::PROVIDER, "onepay/shop-2", body)
}

#[test]
fn each_list_is_a_condition_and_an_empty_one_is_none() {
    let none = Filters::default;
    let event = approved();
    assert_eq!(
        (event.type_name.as_str(), event.kind),
        ("payment.approved", Kind::PaymentSucceeded)
    );
    for (filters, wanted) in [
        (none(), true),
        (
            Filters {
                providers: patterns(&["onepay"]),
                ..none()
            },
            true,
        ),
        (
            Filters {
                providers: patterns(&["kuenta", "one*"]),
                ..none()
            },
            true,
        ),
        (
            Filters {
                providers: patterns(&["kuenta"]),
                ..none()
            },
            false,
        ),
        (
            Filters {
                providers: patterns(&["OnePay"]),
                ..none()
            },
            false,
        ),
        (
            Filters {
                accounts: patterns(&["shop-*"]),
                ..none()
            },
            true,
        ),
        (
            Filters {
                accounts: patterns(&["default"]),
                ..none()
            },
            false,
        ),
        (
            Filters {
                environments: vec![Environment::Test],
                ..none()
            },
            true,
        ),
        (
            Filters {
                environments: vec![Environment::Live],
                ..none()
            },
            false,
        ),
        (
            Filters {
                types: patterns(&["payment.*"]),
                ..none()
            },
            true,
        ),
        (
            Filters {
                types: patterns(&["*.approved"]),
                ..none()
            },
            true,
        ),
        (
            Filters {
                types: patterns(&["payment"]),
                ..none()
            },
            false,
        ),
        (
            Filters {
                kinds: patterns(&["Payment*"]),
                ..none()
            },
            true,
        ),
        (
            Filters {
                kinds: patterns(&["Payout*"]),
                ..none()
            },
            false,
        ),
        // A type or a kind.
        (
            Filters {
                types: patterns(&["invoice.*"]),
                kinds: patterns(&["Payment*"]),
                ..none()
            },
            true,
        ),
        (
            Filters {
                types: patterns(&["invoice.*"]),
                kinds: patterns(&["Payout*"]),
                ..none()
            },
            false,
        ),
        (
            Filters {
                providers: patterns(&["kuenta"]),
                kinds: patterns(&["Payment*"]),
                ..none()
            },
            false,
        ),
    ] {
        assert_eq!(filters.matches(&event), wanted, "{filters:?}");
    }
}

#[test]
fn the_default_account_has_a_name() {
    let event = event(
        &kuenta::PROVIDER,
        "kuenta",
        r#"{"event":"payment.completed","data":{"id":"p1"}}"#,
    );
    let filters = Filters {
        accounts: patterns(&["default"]),
        ..Filters::default()
    };
    assert!(filters.matches(&event));
}

#[test]
fn kinds_that_there_are_not_are_found() {
    let filters = Filters {
        kinds: patterns(&["Payment*", "Paymnt*", "payment*", "*", "PayoutFailed"]),
        ..Filters::default()
    };
    let unknown: Vec<_> = filters.unknown_kinds().map(Pattern::as_str).collect();
    assert_eq!(unknown, ["Paymnt*", "payment*"]);
    for kind in Kind::ALL {
        assert_eq!(kind.name(), format!("{kind:?}"));
    }
}
