//! The bodies in `tests/fixtures/encodings`, from the verify function to their events.

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use serde::Deserialize;

use super::*;
use crate::account::Account;
use crate::clock::Timestamp;
use crate::providers::{self, kuenta, unopago};
use crate::receive::signature::sign;
use crate::receive::{Answer, Verifier};
use crate::testing::{Dice, FakeOutbox, FakeStore, StoppedClock};
use crate::wire::delivery::{CanonicalForm, DeliveryId};
use crate::wire::envelope::Message;

/// A body and its headers.
#[derive(Deserialize)]
struct Sent {
    file: String,
    provider: String,
    content_type: String,
    content_encoding: Option<String>,
}

impl Sent {
    fn all() -> Vec<Self> {
        serde_json::from_slice(&fixture("bodies.json")).unwrap()
    }

    fn provider(&self) -> &'static Provider {
        providers::ALL.by_name(&self.provider).unwrap()
    }

    /// The message that the verifier queues for it.
    async fn queued(&self) -> Message {
        let (body, provider) = (fixture(&self.file), self.provider());
        let signature = provider.scheme.signatures[0].headers[0];
        let signed = sign("good", &body);
        let mut headers = HeaderMap::new();
        let mut header = |name: &'static str, value: &str| {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        };
        header(signature, &signed);
        header("content-type", &self.content_type);
        if let Some(encoding) = &self.content_encoding {
            header("content-encoding", encoding);
        }
        let store = FakeStore::holding(provider, r#"{"signing_secrets":["good"]}"#);
        let outbox = FakeOutbox::default();
        let clock = StoppedClock::at(Timestamp::from_rfc3339("2026-11-20T10:00:01Z").unwrap());
        let verifier = Verifier::new(provider, &store, &outbox, clock, Dice::default());
        let answer = verifier.receive("default", headers, body.into()).await;
        assert!(matches!(answer, Answer::Queued(_)), "{}: {answer:?}", self.file);
        outbox.queued().remove(0)
    }
}

fn fixture(file: &str) -> Vec<u8> {
    let path = format!("{}/../../tests/fixtures/encodings/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn read(message: &Message, provider: &'static Provider) -> Vec<Event> {
    let envelope = Envelope::from_message(message.text.clone(), |name| message.attribute(name)).unwrap();
    events(&envelope, provider, Environment::Live)
}

/// The events of `body` without content headers, as older verify functions queued it.
fn without_content(body: impl Into<Bytes>, provider: &'static Provider) -> Vec<Event> {
    with_content(body, Content::default(), provider)
}

fn with_content(body: impl Into<Bytes>, content: Content, provider: &'static Provider) -> Vec<Event> {
    let at = Timestamp::from_seconds(1_700_000_000);
    let envelope = Envelope {
        provider: provider.name.to_owned(),
        account: Account::default(),
        delivery_id: DeliveryId::new(at, [0; 10]),
        received_at: at,
        form: CanonicalForm::Raw,
        body: body.into(),
        content,
        replay: None,
    };
    events(&envelope, provider, Environment::Live)
}

/// A later version may be able to read the unreadable one with them.
#[test]
fn unreadable_events_keep_their_content_headers() {
    let japanese = of_type("application/json; charset=shift_jis");
    let event = with_content(&b"{\"event\":\"\x83\x66\"}"[..], japanese.clone(), &kuenta::PROVIDER).remove(0);
    assert!(event.unreadable.is_some());
    assert_eq!(event.content(), &japanese);
    let latin = of_type("text/json; charset=latin1");
    let event = with_content(&b"{\"event\":\"pagado\xe9\"}"[..], latin, &kuenta::PROVIDER).remove(0);
    assert_eq!((&event.unreadable, event.content()), (&None, &Content::default()));
}

/// An object is no array, even if its event can't be read.
#[test]
fn an_unreadable_object_keeps_its_content_headers() {
    let own = of_type("application/json; charset=utf-8");
    let event = with_content(
        r#"{"event":"payment.completed","environment":"moon"}"#,
        own.clone(),
        &kuenta::PROVIDER,
    );
    assert!(event[0].unreadable.is_some());
    assert_eq!(event[0].content(), &own);
}

#[test]
fn a_reason_names_the_encoding_or_the_charset() {
    let reason = |encoding: &str, charset: &str| {
        let content = Content {
            media_type: Some(format!("text/json{charset}")),
            encoding: Some(encoding.to_owned()),
        };
        let event = with_content(&b"{\"event\":\"pagado\xe9\"}"[..], content, &kuenta::PROVIDER).remove(0);
        event.unreadable.unwrap().to_string()
    };
    let reasons = [
        reason("br", ""),
        reason("gzip", ""),
        reason("gzip", "; charset=shift_jis"),
    ];
    insta::assert_snapshot!(reasons.join("\n"), @r#"
    the payload can't be read: its content encoding "br" is not supported
    the payload can't be read: byte 16 is not UTF-8, and no charset is named
    the payload can't be read: byte 16 is not UTF-8, and its charset "shift_jis" is not supported
    "#);
}

fn of_type(media_type: &str) -> Content {
    Content {
        media_type: Some(media_type.to_owned()),
        encoding: None,
    }
}

/// One row per event: its key, and its text or why it is unreadable.
fn rows(read: &[Event]) -> String {
    let row = |event: &Event| {
        let key = event.key.to_string().replace(event.body_sha256(), "{sha256}");
        match &event.unreadable {
            Some(why) => format!("  {key}: {why}"),
            None => format!("  {key}: {}", std::str::from_utf8(event.body()).unwrap()),
        }
    };
    read.iter().map(row).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn every_body_is_read_or_has_a_reason() {
    let mut table = Vec::new();
    for sent in Sent::all() {
        let message = sent.queued().await;
        let [content_type, encoding, compressed] = ["content_type", "content_encoding", "encoding"].map(|name| {
            let value = message.attribute(name);
            value.map_or(String::new(), |value| format!(" {name}={value:?}"))
        });
        let read = read(&message, sent.provider());
        table.push(format!(
            "{}{content_type}{encoding}{compressed}\n{}",
            sent.file,
            rows(&read)
        ));
    }
    insta::assert_snapshot!(table.join("\n"));
}

#[tokio::test]
async fn the_encoding_does_not_change_the_event() {
    let plain = without_content(fixture("plain.json"), &kuenta::PROVIDER).remove(0);
    assert_eq!(plain.body(), &fixture("plain.json"));
    let mut same = 0;
    for sent in Sent::all() {
        let read = read(&sent.queued().await, sent.provider());
        for event in read {
            if event.unreadable.is_none() && event.body() == plain.body() {
                assert_eq!((&event.key, event.body_sha256()), (&plain.key, plain.body_sha256()));
                same += 1;
            }
        }
    }
    // Itself, six encodings, two compressions, four arrays that contain it, and two forms.
    assert_eq!(same, 15);
}

/// Messages of older versions have no content headers.
#[test]
fn only_charsets_need_the_headers() {
    let mut untold = Vec::new();
    for sent in Sent::all() {
        let read = |content| with_content(fixture(&sent.file), content, sent.provider());
        let told = read(Content {
            media_type: Some(sent.content_type.clone()),
            encoding: sent.content_encoding.clone(),
        });
        if rows(&told) != rows(&read(Content::default())) {
            untold.push(sent.file);
        }
    }
    assert_eq!(untold, ["iso-8859-1.json", "windows-1252.json", "form-iso-8859-1.txt"]);
}

#[test]
fn arrays_are_read_up_to_a_thousand_events() {
    let array = |count: usize| {
        let items: Vec<_> = (0..count)
            .map(|id| format!(r#"{{"event":"payment.completed","data":{{"id":{id}}}}}"#))
            .collect();
        without_content(format!("[{}]", items.join(",")), &kuenta::PROVIDER)
    };
    let read = array(MOST_EVENTS);
    assert_eq!(read.len(), MOST_EVENTS);
    assert!(read.iter().all(|event| event.unreadable.is_none()));
    let [event] = &array(MOST_EVENTS + 1)[..] else {
        panic!("read");
    };
    assert_eq!(
        event.unreadable.as_ref().unwrap().to_string(),
        "the payload can't be read: it is an array of 1001 events; at most 1000 are read"
    );
    assert!(event.body().starts_with(b"[{"), "all of it is kept");
}

#[test]
fn a_body_that_decompresses_beyond_the_limit_stays_compressed() {
    let compressed = |length: usize| {
        let mut body = br#"{"event":"payment.completed","data":{"id":"p1"}}"#.to_vec();
        body.resize(length, b' ');
        gzip::compress(&body).unwrap()
    };
    let event = without_content(compressed(LONGEST_BODY), &kuenta::PROVIDER).remove(0);
    assert_eq!((&event.unreadable, event.body().len()), (&None, LONGEST_BODY));
    let longer = compressed(LONGEST_BODY + 1);
    let event = without_content(longer.clone(), &kuenta::PROVIDER).remove(0);
    assert_eq!(event.body(), &longer);
    let why = format!("the payload can't be read: it decompresses to more than {LONGEST_BODY} bytes");
    assert_eq!(event.unreadable.unwrap().to_string(), why);
}

#[test]
fn forms_in_every_notation() {
    let form = |body: &str| {
        let read = with_content(
            body.to_owned(),
            of_type("application/x-www-form-urlencoded"),
            &unopago::PROVIDER,
        );
        rows(&read)
    };
    let bodies = [
        "event=a&n=%C3%A9+%2B%20&m=%zz&empty=&bare",
        "&&event=a&",
        "event=a&event=b",
        // Reading only one field would lose the other.
        "payload=%7B%22event%22%3A%22a%22%7D&token=t",
        "payload=%7B%22event%22%3A%22a%22%7D&payload=%7B%7D",
        "payload=7&event=a",
        "payload=not+json",
        "event=%FF",
        "event",
        r#"{"event":"a","x":"1&event=b&y=2"}"#,
        r#"{"event":"a","x":"1&event=b&y=2}"#,
    ];
    insta::assert_snapshot!(bodies.map(|body| format!("{body}\n{}", form(body))).join("\n"));
}

/// Reading only flat names would miss `data[is_test]` and treat a test as live.
#[test]
fn forms_with_nested_fields_are_refused() {
    for body in [
        "event=payment.approved&data[id]=p&data[is_test]=true",
        "event=payment.approved&data%5Bid%5D=p&data%5Bis_test%5D=1",
    ] {
        let read = without_content(body, &crate::providers::onepay::PROVIDER);
        let why = read[0].unreadable.as_ref().map(ToString::to_string);
        assert_eq!(
            why.as_deref(),
            Some("the payload can't be read: it is a form with nested fields, which are not supported")
        );
    }
}

#[test]
fn flags_in_forms_are_strings() {
    for (body, environment) in [
        ("event=a&test=1", Environment::Test),
        ("event=a&sandbox=true", Environment::Test),
        ("event=a&test=0", Environment::Live),
        ("event=a&test=blood", Environment::Live),
    ] {
        assert_eq!(
            without_content(body, &unopago::PROVIDER)[0].environment,
            environment,
            "{body}"
        );
    }
}

/// Short bodies that look like several formats.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop_oneof![
        Just(r#"{"event":"a"}"#.to_owned()),
        Just("event=a".to_owned()),
        Just("payload=%7B%22event%22%3A1%7D".to_owned()),
        "[\\[\\]{}=&,\":%+ a\0\u{FEFF}é]",
    ];
    let text = proptest::collection::vec(pieces, 1..6).prop_map(|pieces| pieces.concat());
    prop_oneof![
        text.clone().prop_map(String::into_bytes),
        text.prop_map(|text| text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
    ]
}

proptest! {
    /// Headers are not signed.
    #[test]
    fn headers_do_not_choose_between_readings(body in bodies(), media_type in "(text/json|application/x-www-form-urlencoded)(; charset=(utf-16|latin1|utf-8))?") {
        let readable = |read: Vec<Event>| match read.iter().all(|event| event.unreadable.is_none()) {
            true => Some(read.into_iter().map(|event| event.key).collect::<Vec<_>>()),
            false => None,
        };
        let plain = readable(without_content(body.clone(), &unopago::PROVIDER));
        let told = readable(with_content(body, of_type(&media_type), &unopago::PROVIDER));
        if let (Some(plain), Some(told)) = (plain, told) {
            prop_assert_eq!(plain, told);
        }
    }

    #[test]
    fn a_replay_is_the_same_event(body in bodies()) {
        for event in without_content(body, &unopago::PROVIDER) {
            let again = without_content(event.body().clone(), &unopago::PROVIDER);
            // A nested array is divided again.
            if !begins_an_array(event.body()) {
                prop_assert_eq!(again.len(), 1);
                prop_assert_eq!(&again[0].key, &event.key);
            }
        }
    }
}
