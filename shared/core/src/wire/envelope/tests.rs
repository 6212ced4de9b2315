use super::*;
use crate::account::{AccountName, Environment};
use proptest::prelude::*;

fn envelope(body: impl Into<Bytes>) -> Envelope {
    Envelope {
        provider: "onepay".to_owned(),
        account: Account::default(),
        content: Content::default(),
        delivery_id: DeliveryId::new(Timestamp::from_seconds(1_700_000_000), [7; 10]),
        received_at: Timestamp::from_millis(1_700_000_000_123),
        form: CanonicalForm::JavaScript,
        body: body.into(),
        replay: None,
    }
}

fn there_and_back(envelope: &Envelope) -> Envelope {
    let message = envelope.to_message().unwrap();
    Envelope::from_message(message.text.clone(), |name| message.attribute(name)).unwrap()
}

#[test]
fn plain_text_travels_unencoded() {
    let message = envelope(r#"{"n":"Pérez 😀"}"#).to_message().unwrap();
    insta::assert_debug_snapshot!(message, @r#"
    Message {
        text: "{\"n\":\"Pérez 😀\"}",
        attributes: [
            (
                "envelope",
                "1",
            ),
            (
                "provider",
                "onepay",
            ),
            (
                "delivery_id",
                "018bcfe5-6800-7707-8707-070707070707",
            ),
            (
                "received_at",
                "1700000000123",
            ),
            (
                "form",
                "js",
            ),
        ],
    }
    "#);
}

/// The account travels in the attribute `provider`. That of a default account that is not bound is as it always was, so
/// consumers from before accounts read it.
#[test]
fn an_account_travels_with_its_provider() {
    for (name, environment, sender) in [
        ("default", None, "onepay"),
        ("default", Some(Environment::Live), "onepay@live"),
        ("test", None, "onepay/test"),
        ("test", Some(Environment::Test), "onepay/test@test"),
    ] {
        let name = AccountName::parse(name).unwrap();
        let envelope = Envelope {
            account: Account { name, environment },
            ..envelope("{}")
        };
        let message = envelope.to_message().unwrap();
        assert_eq!(message.attribute("provider"), Some(sender));
        assert_eq!(there_and_back(&envelope).account, envelope.account);
        // Each event of an array.
        assert_eq!(envelope.with_json("1".into()).account, envelope.account);
    }
    let message = envelope("{}").to_message().unwrap();
    for sender in ["onepay/", "onepay/T", "onepay@", "onepay/test@staging", "/test@"] {
        let read = Envelope::from_message(message.text.clone(), |name| match name {
            "provider" => Some(sender),
            name => message.attribute(name),
        });
        let error = read.map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("`provider`"), "{error}");
    }
}

#[test]
fn text_that_sqs_refuses_travels_as_base64() {
    for body in [&b"\xff\xfe"[..], b"a\0b", b"\x1b[0m", "\u{FFFE}".as_bytes()] {
        let envelope = envelope(
            Bytes::from_static(b"")
                .iter()
                .copied()
                .chain(body.iter().copied())
                .collect::<Vec<_>>(),
        );
        assert_eq!(envelope.to_message().unwrap().attribute("encoding"), Some("base64"));
        assert_eq!(there_and_back(&envelope).body, envelope.body);
    }
}

#[test]
fn long_bytes_are_compressed_or_too_long() {
    let long = envelope(vec![0xff; 1_000_000]);
    assert_eq!(long.to_message().unwrap().attribute("encoding"), Some("gzip+base64"));
    assert_eq!(there_and_back(&long).body, long.body);

    let mut random = fastrand::Rng::with_seed(1);
    let noise: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(1_000_000).collect();
    assert_eq!(envelope(noise).to_message(), Err(TooLong { length: 1_000_000 }));
}

/// The encoding of a body's message, after checking that it reads back.
fn packed_as(body: impl Into<Bytes>) -> Option<String> {
    let envelope = envelope(body);
    let message = envelope.to_message().unwrap();
    assert!(message.text.len() <= LONGEST_TEXT);
    assert_eq!(there_and_back(&envelope).body, envelope.body);
    message.attribute("encoding").map(str::to_owned)
}

#[test]
fn every_encoding_is_used_up_to_its_limit() {
    assert_eq!(packed_as(vec![b'a'; LONGEST_TEXT]), None);
    assert_eq!(packed_as(vec![b'a'; LONGEST_TEXT + 1]).as_deref(), Some("gzip+base64"));
    let longest_binary = LONGEST_TEXT / 4 * 3;
    assert_eq!(packed_as(vec![0xff; longest_binary]).as_deref(), Some("base64"));
    assert_eq!(
        packed_as(vec![0xff; longest_binary + 1]).as_deref(),
        Some("gzip+base64")
    );
}

#[test]
fn compressed_bytes_may_fill_the_message() {
    let mut random = fastrand::Rng::with_seed(1);
    let noise: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(LONGEST_TEXT).collect();
    let body = |length: usize| [&noise[..length], &[0; 100_000]].concat();
    let compressed = |length: usize| BASE64.encode_len(gzip::compress(&body(length)).unwrap().len());
    let lengths: Vec<usize> = (0..noise.len()).collect();
    let longest = lengths.partition_point(|length| compressed(*length) <= LONGEST_TEXT) - 1;
    assert_eq!(compressed(longest), LONGEST_TEXT);
    assert_eq!(packed_as(body(longest)).as_deref(), Some("gzip+base64"));
    let length = body(longest + 1).len();
    assert_eq!(envelope(body(longest + 1)).to_message(), Err(TooLong { length }));
}

#[test]
fn bytes_beyond_the_decompression_limit_are_not_compressed() {
    assert_eq!(packed_as(vec![0; LONGEST_BODY]).as_deref(), Some("gzip+base64"));
    let length = LONGEST_BODY + 1;
    assert_eq!(envelope(vec![0; length]).to_message(), Err(TooLong { length }));

    let mut message = envelope(vec![0; LONGEST_BODY]).to_message().unwrap();
    message.text = BASE64.encode(&gzip::compress(&vec![0; length]).unwrap());
    let read = Envelope::from_message(message.text.clone(), |name| message.attribute(name));
    assert_eq!(
        read.unwrap_err(),
        EnvelopeError::Gzip(GzipError::TooLong { limit: LONGEST_BODY })
    );
    message.text = BASE64.encode(b"not gzip");
    let read = Envelope::from_message(message.text.clone(), |name| message.attribute(name));
    assert_eq!(
        read.unwrap_err().to_string(),
        "the message's body can't be decompressed: it is not valid gzip"
    );
}

/// SQS allows ten attributes, and a dead letter's reason is one of them. Their names and types count towards 1 MiB.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>
#[test]
fn the_attributes_leave_room_for_a_reason() {
    let longest = "a".repeat(crate::wire::content::LONGEST_CONTENT);
    let envelope = Envelope {
        content: Content {
            media_type: Some(longest.clone()),
            encoding: Some(longest),
        },
        replay: Some(Replay::Event),
        ..envelope(vec![0xff])
    };
    let message = envelope.to_message().unwrap();
    assert_eq!(there_and_back(&envelope).content, envelope.content);
    assert!(message.attributes.len() < 10);
    let bytes = message
        .attributes
        .iter()
        .map(|(name, value)| name.len() + "String".len() + value.len());
    // A reason has at most 1,024 characters.
    assert!(bytes.sum::<usize>() < 1024 * 1024 - LONGEST_TEXT - "reason".len() - "String".len() - 1024);
}

#[test]
fn errors_name_what_is_not_an_envelope() {
    let read = |attributes: &[(&str, &str)]| {
        let attributes = attributes.to_vec();
        Envelope::from_message("{}", move |name| {
            attributes.iter().find(|(own, _)| *own == name).map(|(_, value)| *value)
        })
        .unwrap_err()
        .to_string()
    };
    let errors = [
        read(&[]),
        read(&[("envelope", "4")]),
        read(&[("envelope", "1"), ("delivery_id", "x"), ("received_at", "1")]),
        read(&[
            ("envelope", "1"),
            ("delivery_id", "x"),
            ("received_at", "1"),
            ("form", "raw"),
            ("provider", "p"),
        ]),
    ];
    insta::assert_snapshot!(errors.join("\n"), @r#"
    the message has no attribute `envelope`
    the message's attribute `envelope` is "4"; it should be 1, 2 or 3; a newer verifier wrote it: deploy the consumer first
    the message has no attribute `form`
    the message's attribute `delivery_id` is "x"; it should be a UUID
    "#);
}

#[test]
fn replays_are_marked_and_older_consumers_refuse_conflicts_and_reconciled_events() {
    for (replay, version, name) in [
        (None, "1", None),
        (Some(Replay::Event), "1", Some("1")),
        (Some(Replay::Conflict), "2", Some("conflict")),
        (Some(Replay::Reconciled), "3", Some("reconciled")),
    ] {
        let envelope = Envelope {
            replay,
            ..envelope("{}")
        };
        let message = envelope.to_message().unwrap();
        assert_eq!(message.attribute("envelope"), Some(version));
        assert_eq!(message.attribute("replay"), name);
        assert_eq!(there_and_back(&envelope).replay, replay);
    }
}

proptest! {
    #[test]
    fn the_verified_bytes_arrive_unchanged(body in proptest::collection::vec(any::<u8>(), 1..2000)) {
        let envelope = envelope(body);
        prop_assert_eq!(there_and_back(&envelope).body, envelope.body);
    }

    #[test]
    fn sqs_text_has_the_characters_that_aws_lists(
        characters in proptest::collection::vec(
            prop_oneof![
                any::<char>(),
                proptest::char::range('\0', ' '),
                proptest::char::range('\u{FFFC}', '\u{10001}'),
            ],
            0..40,
        ),
    ) {
        let taken = characters
            .iter()
            .all(|c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..));
        let text: String = characters.iter().collect();
        prop_assert_eq!(is_sqs_text(&text), taken && !text.is_empty());
    }

    #[test]
    fn no_text_panics(text in ".*", encoding in "base64|gzip\\+base64|x") {
        let _ = Envelope::from_message(text.clone(), |name| match name {
            "envelope" => Some("1"),
            "encoding" => Some(encoding.as_str()),
            "form" => Some("raw"),
            _ => Some("1"),
        });
    }
}
