//! Messages with several events, and messages that are not plain JSON.

use super::*;
use crate::event::reference::References;
use crate::wire::gzip;

const SHORT: &str = r#"{"event":"payment.completed","data":{"id":"%"}}"#;

fn item(id: &str) -> String {
    SHORT.replace('%', id)
}

/// An array of payments with these ids.
fn array(ids: &[&str]) -> Received {
    let items: Vec<_> = ids.iter().map(|id| item(id)).collect();
    message("all", "kuenta", &format!("[ {} ]", items.join(" , ")))
}

fn id_of(event: &Event) -> String {
    event
        .resource
        .as_ref()
        .map_or(String::new(), |resource| resource.id.clone())
}

/// A dead letter as a redrive queues it.
fn redriven(letter: &Received, id: &str) -> Received {
    let mut message = Received {
        message_id: id.to_owned(),
        ..letter.clone()
    };
    message.attributes.insert("replay".to_owned(), "1".to_owned());
    message
}

#[tokio::test]
async fn each_event_of_an_array_is_completed_once() {
    let (scene, hook) = (Scene::default(), ok("payments"));
    // One of them came alone before, and one is in it twice.
    scene.consume(&[&hook], vec![message("m", "kuenta", &item("b"))]).await;
    let failed = scene.consume(&[&hook], vec![array(&["a", "b", "c", "c"])]).await;
    assert_eq!(failed, [""; 0]);
    assert_eq!((hook.calls(), scene.ledger.applied("payments")), (3, 3));
    let records = scene.ledger.records();
    let duplicates: Vec<u32> = records.values().map(|stored| stored.duplicates).collect();
    // What is twice in one delivery was sent once.
    assert_eq!(duplicates, [0, 1, 0]);
    assert!(records.values().all(|stored| stored.state.status == Status::Completed));
}

#[tokio::test]
async fn a_message_comes_back_when_the_first_of_its_events_is_due() {
    let scene = Scene::default();
    let hook = Told::to("h", |event, attempt| match (id_of(event).as_str(), attempt.number) {
        ("late", 1) => Err(HookError::retry_after(Duration::from_secs(60), "later")),
        ("soon", 1) => Err(HookError::retry_after(Duration::from_secs(20), "soon")),
        _ => Ok(Effects::writes(vec!["h"])),
    });
    let consume = async || scene.consume(&[&hook], vec![array(&["done", "late", "soon"])]).await;
    assert_eq!(consume().await, ["all"], "it is not deleted, and reported once");
    assert_eq!(scene.inbox.returned(), [("all".to_owned(), Duration::from_secs(20))]);
    assert_eq!((hook.calls(), scene.ledger.applied("h")), (3, 1));

    scene.wait();
    assert_eq!(consume().await, ["all"]);
    let returned = scene.inbox.returned();
    assert_eq!(
        returned.last().unwrap().1,
        Duration::from_secs(40),
        "what is left of the other's minute"
    );
    assert_eq!((hook.calls(), scene.ledger.applied("h")), (4, 2));

    scene.wait();
    assert_eq!(consume().await, [""; 0]);
    assert_eq!((hook.calls(), scene.ledger.applied("h")), (5, 3));
}

#[tokio::test]
async fn a_rejected_event_is_dead_lettered_and_redriven_alone() {
    let scene = Scene::default();
    let fixed = Arc::new(AtomicU32::new(0));
    let hook = {
        let fixed = Arc::clone(&fixed);
        Told::to("h", move |event, _| match id_of(event).as_str() {
            "bad" if fixed.load(Ordering::SeqCst) == 0 => Err(HookError::reject("no such order")),
            _ => Ok(Effects::writes(vec!["h"])),
        })
    };
    let mut whole = array(&["good", "bad", "other"]);
    let plain = whole.attributes.clone();
    whole
        .attributes
        .insert("content_type".to_owned(), "text/json".to_owned());
    assert_eq!(scene.consume(&[&hook], vec![whole]).await, [""; 0], "all of it is done");
    let letters = scene.inbox.dead_letters();
    let [(letter, reason)] = &letters[..] else {
        panic!("{letters:?}");
    };
    assert_eq!(
        (&*letter.text, reason.as_str()),
        (item("bad").as_str(), "hook `h`: no such order")
    );
    assert_eq!(letter.attributes, plain, "it is plain JSON");

    fixed.store(1, Ordering::SeqCst);
    assert_eq!(scene.consume(&[&hook], vec![redriven(letter, "again")]).await, [""; 0]);
    assert_eq!((hook.calls(), scene.ledger.applied("h")), (4, 3));
    assert!(scene.statuses().iter().all(|(_, status)| *status == Status::Completed));
}

#[tokio::test]
async fn an_unreadable_event_does_not_affect_the_others_of_its_array() {
    let (scene, hook) = (Scene::default(), ok("h"));
    let whole = message(
        "all",
        "kuenta",
        &format!(r#"[{}, [], {}, {{"data":"\u0000"}}]"#, item("a"), item("b")),
    );
    assert_eq!(scene.consume(&[&hook], vec![whole]).await, [""; 0]);
    assert_eq!(hook.calls(), 2);
    let mut texts: Vec<_> = scene
        .inbox
        .dead_letters()
        .into_iter()
        .map(|(letter, _)| letter.text)
        .collect();
    texts.sort();
    assert_eq!(texts, ["[]", r#"{"data":"\u0000"}"#]);
}

#[tokio::test]
async fn a_panic_in_one_event_does_not_affect_the_others() {
    let scene = Scene::default();
    let hook = Told::to("h", |event, _| match id_of(event).as_str() {
        "bad" => panic!("boom"),
        _ => Ok(Effects::writes(vec!["h"])),
    });
    assert_eq!(
        scene
            .consume(&[&hook], vec![array(&["a", "bad", "b"]), payment("c")])
            .await,
        ["all"]
    );
    assert_eq!(scene.ledger.applied("h"), 3);
}

#[tokio::test]
async fn a_message_comes_back_for_the_one_event_that_cannot_be_dead_lettered() {
    let scene = Scene::default();
    let hook = Told::to("h", |event, _| match id_of(event).as_str() {
        "bad" => Err(HookError::reject("never")),
        _ => Ok(Effects::writes(vec!["h"])),
    });
    scene.inbox.down.store(true, Ordering::SeqCst);
    assert_eq!(scene.consume(&[&hook], vec![array(&["good", "bad"])]).await, ["all"]);
    scene.inbox.down.store(false, Ordering::SeqCst);
    assert_eq!(scene.consume(&[&hook], vec![array(&["good", "bad"])]).await, [""; 0]);
    assert_eq!((scene.ledger.applied("h"), scene.inbox.dead().len()), (1, 1));
}

#[tokio::test]
async fn events_not_started_before_the_invocation_ends_come_back_at_once() {
    let scene = Scene::default();
    let clock = scene.clock.clone();
    let hook = Told::to("h", move |event, _| {
        if id_of(event) == "slow" {
            clock.advance(Duration::from_secs(29));
        }
        Ok(Effects::writes(vec!["h"]))
    });
    let mut scene = scene;
    scene.policy.concurrency = 1;
    let all = ["quick", "slow", "never begun"];
    assert_eq!(scene.consume(&[&hook], vec![array(&all)]).await, ["all"]);
    assert_eq!(scene.inbox.returned(), [("all".to_owned(), Duration::ZERO)]);
    let done = scene.ledger.applied("h");
    assert_eq!((done, hook.calls()), (2, 2));
    assert_eq!(scene.consume(&[&hook], vec![array(&all)]).await, [""; 0]);
    assert_eq!((scene.ledger.applied("h"), hook.calls()), (3, 3));
}

#[tokio::test]
async fn at_its_end_only_the_waiting_events_of_a_message_are_dead_lettered() {
    let scene = Scene::default();
    let hook = Told::to("h", |event, _| match id_of(event).as_str() {
        "good" => Ok(Effects::writes(vec!["h"])),
        _ => Err(HookError::retry("not yet")),
    });
    let last = || Received {
        receives: scene.policy.wait_policy.max_receives,
        ..array(&["good", "x", "y"])
    };
    assert_eq!(scene.consume(&[&hook], vec![last()]).await, [""; 0]);
    let mut letters = scene.inbox.dead_letters();
    letters.sort_by(|(a, _), (b, _)| a.text.cmp(&b.text));
    let expected = |id| {
        let reason = "it was received as often as the queue allows: hook `h`: not yet";
        (item(id), reason.to_owned())
    };
    let letters: Vec<_> = letters
        .into_iter()
        .map(|(letter, reason)| (letter.text.to_string(), reason))
        .collect();
    assert_eq!(letters, [expected("x"), expected("y")]);
    scene.inbox.down.store(true, Ordering::SeqCst);
    scene.wait();
    assert_eq!(scene.consume(&[&hook], vec![last()]).await, ["all"], "none is lost");
}

/// An earlier version could not read these, so their records say REJECTED.
#[tokio::test]
async fn bodies_that_an_earlier_version_could_not_read_reach_hooks_when_they_are_redriven() {
    let plain = item("p1");
    let utf16: Vec<u8> = plain.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = format!("\u{FEFF}{plain}");
    let form = "payload=%7B%22event%22%3A%22payment.completed%22%2C%22data%22%3A%7B%22id%22%3A%22p1%22%7D%7D";
    let several = format!("[{}, {plain}]", item("p0"));
    let bodies: [(&[u8], u32); 6] = [
        (&gzip::compress(plain.as_bytes()).unwrap(), 1),
        (&gzip::compress(several.as_bytes()).unwrap(), 2),
        (&utf16, 1),
        (marked.as_bytes(), 1),
        (form.as_bytes(), 1),
        (several.as_bytes(), 2),
    ];
    for (body, events) in bodies {
        let (scene, hook) = (Scene::default(), ok("payments"));
        let mut letter = message("dead", "kuenta", &data_encoding::BASE64.encode(body));
        letter.attributes.insert("encoding".to_owned(), "base64".to_owned());
        let attribute = |name: &str| letter.attributes.get(name).map(String::as_str);
        let envelope = Envelope::from_message(letter.text.clone(), attribute).unwrap();
        let why = crate::provider::Unreadable::Content("not read yesterday".to_owned());
        let unreadable = Event::unreadable(envelope, &crate::providers::kuenta::PROVIDER, Environment::Live, why);
        let claimed = scene.claimed(&unreadable, Duration::ZERO).await;
        let reason = "the payload is not JSON: byte 0: expected a value".to_owned();
        scene.change(&claimed, Change::Reject { reason }).await.unwrap();

        assert_eq!(
            scene.consume(&[&hook], vec![redriven(&letter, "redriven")]).await,
            [""; 0]
        );
        assert_eq!(scene.ledger.applied("payments"), events, "{body:?}");
        // The provider's next delivery is a duplicate, whatever its encoding.
        scene.consume(&[&hook], vec![message("m", "kuenta", &plain)]).await;
        assert_eq!((hook.calls(), scene.inbox.dead().len()), (events, 0));
    }
}

#[tokio::test]
async fn a_compressed_body_that_is_rejected_is_dead_lettered_as_it_was_signed() {
    let scene = Scene::default();
    let hook = Told::to("h", |_, _| Err(HookError::reject("never")));
    let text = data_encoding::BASE64.encode(&gzip::compress(item("p1").as_bytes()).unwrap());
    let mut packed = message("m", "kuenta", &text);
    for (name, value) in [("encoding", "base64"), ("content_encoding", "gzip")] {
        packed.attributes.insert(name.to_owned(), value.to_owned());
    }
    assert_eq!(scene.consume(&[&hook], vec![packed.clone()]).await, [""; 0]);
    let (letter, _) = scene.inbox.dead_letters().remove(0);
    assert_eq!((letter.text, letter.attributes), (packed.text, packed.attributes));
}

struct Seeded(std::sync::Mutex<fastrand::Rng>);

impl Random for Seeded {
    fn bits(&self) -> u128 {
        self.0.lock().unwrap().u128(..)
    }
}

/// Each of its events is due at a time of its own, and the queue counts the receives of all.
#[tokio::test]
async fn an_array_outlasts_what_a_single_event_outlasts() {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let scene = Scene::default();
    let (start, clock) = (scene.clock.now(), scene.clock.clone());
    let hook = Told::to("h", move |_, _| match clock.now().since(start) < DAY {
        true => Err(HookError::retry("its other end is down")),
        false => Ok(Effects::writes(vec!["h"])),
    });
    let consumer = Consumer::new(
        crate::providers::ALL,
        &scene.ledger,
        &scene.inbox,
        vec![Box::new(hook) as Box<_>],
        scene.policy.clone(),
        scene.clock.clone(),
        Seeded(std::sync::Mutex::new(fastrand::Rng::with_seed(1))),
    )
    .unwrap();
    let ids: Vec<_> = (0..50).map(|id| id.to_string()).collect();
    let mut message = array(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    message.sent_at = Some(start);
    let end = || scene.clock.now().plus(Duration::from_secs(30));
    while !consumer.consume(vec![message.clone()], end()).await.is_empty() {
        scene.wait();
        message.receives += 1;
    }
    assert_eq!(scene.inbox.dead(), []);
    assert_eq!(scene.ledger.applied("h"), 50);
    let late = scene.clock.now().since(start).saturating_sub(DAY);
    assert!(late < Duration::from_secs(60 * 60), "{late:?}");
}

/// Hooks pass it on to what they call.
#[test]
fn every_event_of_a_message_has_its_trace() {
    let mut message = array(&["a", "b"]);
    message.trace = Some("Root=1-5759e988-bd862e3fe1be46a994272793".to_owned());
    let (envelope, provider) = crate::consume::read_envelope(crate::providers::ALL, &message).unwrap();
    let parts = crate::consume::parts::parts(
        message.clone(),
        &envelope,
        provider,
        Environment::Live,
        &References::default(),
    );
    assert_eq!(parts.len(), 2);
    assert!(parts.iter().all(|part| part.event.trace == message.trace));
}
