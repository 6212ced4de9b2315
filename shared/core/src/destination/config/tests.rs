use proptest::prelude::*;

use super::*;
use crate::destination::filter::Pattern;
use crate::destination::sample::event;
use crate::event::Environment;
use crate::providers::onepay;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn with(fields: &str) -> String {
    format!(r#"{{"destinations":{{"shop":{{{fields}}}}}}}"#)
}

fn minimal(more: &str) -> String {
    with(&format!(
        r#""url":"https://shop.example/webhooks","signing_secrets":["{SECRET}"]{more}"#
    ))
}

fn error(text: &str) -> String {
    match Destinations::parse(text) {
        Ok(destinations) => destinations
            .errors()
            .next()
            .map_or("accepted".to_owned(), ToString::to_string),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_destination_needs_a_url_and_a_secret() {
    let destinations = Destinations::parse(&minimal("")).unwrap();
    let shop = destinations.get("shop").unwrap().unwrap();
    let secret = SigningSecret::parse(SECRET).unwrap();
    let name = DestinationName::parse("shop").unwrap();
    let target = Target::parse("https://shop.example/webhooks").unwrap();
    assert_eq!(*shop, Destination::new(name, target, vec![secret]));
    assert_eq!((shop.timeout.as_secs(), shop.parallel), (10, 10));
    assert!(
        Destinations::parse(r#"{"destinations":{}}"#)
            .unwrap()
            .iter()
            .next()
            .is_none()
    );
}

#[test]
fn every_field_is_read_and_written_back() {
    let text = minimal(
        r#","providers":["onepay"],"accounts":["shop-*"],"environments":["live"],"types":["payment.*"],"kinds":["Payment*"],"timeout_seconds":30,"headers":{"X-A":"b","authorization":"Bearer s3cret"},"parallel":1000,"allow_private":true,"paused":true"#,
    );
    let destinations = Destinations::parse(&format!("\u{feff}{text}")).unwrap();
    let written = destinations.to_json().unwrap();
    let expected = text.replace(
        r#"{"X-A":"b","authorization":"Bearer s3cret"}"#,
        r#"{"authorization":"Bearer s3cret","x-a":"b"}"#,
    );
    assert_eq!(written, expected);
    let shop = destinations.get("shop").unwrap().unwrap();
    assert!(shop.allow_private && shop.paused);
    assert_eq!(shop.filters.environments, [Environment::Live]);
    let queue = with(r#""url":"sqs:arn:aws:sqs:us-east-1:123456789012:events.fifo","parallel":3"#);
    assert_eq!(Destinations::parse(&queue).unwrap().to_json().unwrap(), queue);
}

#[test]
fn errors_name_the_destination_and_the_field_and_what_would_be_right() {
    let url = |url: &str| with(&format!(r#""url":"{url}","signing_secrets":["{SECRET}"]"#));
    let secrets = |secrets: &str| with(&format!(r#""url":"https://a.b/","signing_secrets":{secrets}"#));
    let long_url = format!("https://a.b/{}", "a".repeat(2048));
    let texts = [
        "",
        r#"{"destinations":{"shop":{"url":"https://hunter2"#,
        "[]",
        "{}",
        r#"{"destinations":[]}"#,
        r#"{"destinations":{},"destinations":{}}"#,
        r#"{"destination":{}}"#,
        r#"{"destinations":{"Shop":{}}}"#,
        r#"{"destinations":{"whsec_Hunter2hunter2":{}}}"#,
        r#"{"destinations":{"shop":"https://hunter2"}}"#,
        &with(""),
        &with(r#""url":"https://a.b/""#),
        &minimal(r#","typos":[]"#),
        &minimal(r#","hunter2hunter2":[]"#),
        &minimal(r#","types":[],"types":[]"#),
        &minimal(r#","types":"hunter2""#),
        &minimal(r#","types":["a","hunter2 *"]"#),
        &minimal(r#","environments":["prod"]"#),
        &minimal(r#","timeout_seconds":0"#),
        &minimal(r#","timeout_seconds":"10""#),
        &minimal(r#","timeout_seconds":31"#),
        &minimal(r#","parallel":1001"#),
        &minimal(r#","parallel":1.5"#),
        &minimal(r#","paused":"hunter2""#),
        &minimal(r#","headers":["hunter2"]"#),
        &minimal(r#","headers":{"a":1}"#),
        &minimal(r#","headers":{"a b":"hunter2"}"#),
        &minimal(r#","headers":{"a":"hunter2\r\nx: y"}"#),
        &minimal(r#","headers":{"a":"hunter2ñ"}"#),
        &minimal(r#","headers":{"a":"1","A":"hunter2"}"#),
        &minimal(r#","headers":{"Webhook-Id":"hunter2"}"#),
        &minimal(r#","headers":{"Host":"hunter2"}"#),
        &secrets("[]"),
        &secrets(r#""hunter2""#),
        &secrets(r#"["hunter2"]"#),
        &secrets(&format!("[{}]", vec![format!("\"{SECRET}\""); 5].join(","))),
        &url("hunter2"),
        &url("/hunter2"),
        &url("https://"),
        &url("https:///hunter2"),
        &url("ftp://hunter2/"),
        &url("http://hunter2/"),
        &url("http://127.0.0.1.hunter2/"),
        &url("http://localhost@hunter2/"),
        &url("https://user:hunter2@a.b/"),
        &url("https://a.b/#hunter2"),
        &url("https://a.b/hunter2 x"),
        &url("https://hunter2ñ.b/"),
        &url("https://a.b:0/hunter2"),
        &url("https://a.b:99999/hunter2"),
        &url("https://a.b:/hunter2"),
        &url(&long_url),
        &url("sqs:arn:aws:sns:us-east-1:123456789012:hunter2"),
        &url("sqs:arn:aws:sqs:us-east-1:1234:hunter2"),
        &url("sqs:https://hunter2"),
        &with(r#""url":"sqs:arn:aws:sqs:us-east-1:123456789012:events","headers":{}"#),
    ];
    let errors: Vec<_> = texts.iter().map(|text| error(text)).collect();
    for (text, error) in texts.iter().zip(&errors) {
        assert!(!error.contains("hunter2") && error != "accepted", "{text}: {error}");
    }
    insta::assert_snapshot!(errors.join("\n"));
}

#[test]
fn a_mistake_stops_nobody_else_and_loses_nothing() {
    let ok = format!(r#""url":"https://a.b/","signing_secrets":["{SECRET}"]"#);
    let text = format!(
        r#"{{"destinations":{{
            "good":{{{ok}}},
            "other":{{{ok},"types":["invoice.*"]}},
            "no-secret":{{"url":"https://a.b/"}},
            "no-secret-no-payments":{{"url":"https://a.b/","types":["invoice.*"]}},
            "misspelt":{{{ok},"tipes":["invoice.*"]}},
            "paused":{{{ok},"paused":true}},
            "twice":{{{ok},"types":["invoice.*"]}},
            "twice":{{{ok},"types":["invoice.*"]}},
            "No":{{{ok}}}
        }}}}"#
    );
    let destinations = Destinations::parse(&text).unwrap();
    let usable: Vec<_> = destinations
        .iter()
        .map(|destination| destination.name.as_str())
        .collect();
    assert_eq!(usable, ["good", "other", "paused"]);
    assert_eq!(destinations.errors().count(), 5);
    assert!(destinations.get("misspelt").unwrap().is_err() && destinations.get("nobody").is_none());

    let body = r#"{"payment":{"id":"p1"},"event":{"id":"evt_1","type":"payment.approved","environment":"live"}}"#;
    let event = event(&onepay::PROVIDER, "onepay", body);
    let owed: Vec<_> = destinations.owed(&event).map(DestinationName::as_str).collect();
    // What `misspelt` and `twice` want is not known, so nothing is decided without them.
    assert_eq!(owed, ["good", "misspelt", "no-secret", "paused", "twice"]);
}

#[test]
fn what_has_a_mistake_is_not_written_away() {
    let mut destinations = Destinations::parse(&with("")).unwrap();
    assert!(destinations.to_json().is_err());
    assert!(destinations.remove("shop") && !destinations.remove("shop"));
    assert_eq!(destinations.to_json().unwrap(), r#"{"destinations":{}}"#);
}

#[test]
fn there_are_at_most_as_many_as_a_transaction_takes() {
    let mut destinations = Destinations::parse(&minimal("")).unwrap();
    let shop = destinations.get("shop").unwrap().unwrap().clone();
    for number in 0..MOST {
        destinations.put(Destination {
            name: DestinationName::parse(&format!("shop-{number}")).unwrap(),
            ..shop.clone()
        });
    }
    assert_eq!(destinations.to_json().unwrap_err().problem, Problem::TooMany);
    destinations.remove("shop");
    assert!(Destinations::parse(&destinations.to_json().unwrap()).is_ok());
}

#[test]
fn a_url_is_shown_without_what_may_be_secret_in_it() {
    for (text, shown, host, port) in [
        (
            "https://Shop.example/hook/s3cret?key=s3cret",
            "https://Shop.example",
            "Shop.example",
            443,
        ),
        (
            "https://shop.example:8443",
            "https://shop.example:8443",
            "shop.example",
            8443,
        ),
        (
            "http://localhost:8000/webhooks",
            "http://localhost:8000",
            "localhost",
            8000,
        ),
        ("http://127.0.0.1/", "http://127.0.0.1", "127.0.0.1", 80),
        ("http://[::1]:8000/x", "http://[::1]:8000", "::1", 8000),
        ("https://[2600::1]/x", "https://[2600::1]", "2600::1", 443),
    ] {
        let target = Target::parse(text).unwrap();
        assert_eq!(target.to_string(), shown);
        assert!(!format!("{target:?}").contains("s3cret"));
        let Target::Http(url) = target else { panic!("{text}") };
        assert_eq!((url.host(), url.port()), (host, port));
    }
    let Target::Sqs(queue) = Target::parse("sqs:arn:aws-cn:sqs:cn-north-1:123456789012:events.fifo").unwrap() else {
        panic!()
    };
    assert_eq!(
        (queue.region(), queue.owner(), queue.name()),
        ("cn-north-1", "123456789012", "events.fifo")
    );
    assert!(queue.is_fifo());
}

fn destinations() -> impl Strategy<Value = Destinations> {
    let patterns = || proptest::collection::vec("[a-z*.é\"\\\\]{1,9}", 0..3);
    let secret = proptest::collection::vec(any::<u8>(), 24..=64);
    let one = (
        "[a-z0-9][a-z0-9_-]{0,9}",
        prop_oneof![
            Just("http://localhost:1/?a=%20".to_owned()),
            "https://[a-z]{1,9}\\.example(:[1-9][0-9]{0,3})?(/[a-z0-9%?&=]{0,9})?",
        ],
        proptest::collection::vec(secret, 1..=4),
        (patterns(), patterns(), patterns(), any::<bool>()),
        (1..=30_u64, 1..=1000_u32, any::<bool>(), any::<bool>()),
        proptest::collection::btree_map("x-[a-z]{1,9}", "[ -~]{0,9}", 0..3),
    );
    proptest::collection::vec(one, 0..5).prop_map(|all| {
        let mut destinations = Destinations::default();
        for (name, url, secrets, (types, kinds, accounts, live), (timeout, parallel, private, paused), headers) in all {
            let read = |texts: Vec<String>| texts.iter().map(|text| Pattern::parse(text).unwrap()).collect();
            let secrets = secrets.iter().map(|secret| SigningSecret::from_bytes(secret).unwrap());
            let mut destination = Destination {
                timeout: Duration::from_secs(timeout),
                parallel,
                allow_private: private,
                paused,
                ..Destination::new(
                    DestinationName::parse(&name).unwrap(),
                    Target::parse(&url).unwrap(),
                    secrets.collect(),
                )
            };
            destination.filters = Filters {
                types: read(types),
                kinds: read(kinds),
                accounts: read(accounts),
                environments: live.then_some(Environment::Live).into_iter().collect(),
                ..Filters::default()
            };
            for (name, value) in headers {
                destination.headers.add(&name, value.trim()).unwrap();
            }
            destinations.put(destination);
        }
        destinations
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(destinations in destinations()) {
        let text = destinations.to_json().unwrap();
        let read = Destinations::parse(&text).unwrap();
        prop_assert_eq!(read.errors().count(), 0);
        prop_assert!(read.iter().eq(destinations.iter()));
        prop_assert_eq!(read.to_json().unwrap(), text);
    }

    #[test]
    fn no_text_panics_and_no_error_shows_a_value(value in "[ -~]{0,40}", field in "[a-z_]{1,12}") {
        let quoted = serde_json::to_string(&format!("hunter2{value}")).unwrap();
        for text in [value.clone(), with(&format!("\"{field}\":{quoted}")), minimal(&format!(",\"{field}\":[{quoted}]"))] {
            if let Ok(destinations) = Destinations::parse(&text) {
                prop_assert!(destinations.errors().all(|error| !error.to_string().contains("hunter2")));
            }
        }
    }
}
