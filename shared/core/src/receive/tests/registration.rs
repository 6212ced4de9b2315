//! In a registration window, deliveries that fail verification get 200 and only reach the quarantine.

use proptest::prelude::*;

use super::*;
use crate::providers::{self, onepay, unopago};
use crate::receive::quarantine::REGISTRATION;
use crate::receive::registration::{LONGEST, Window};

const MINUTE: Duration = Duration::from_secs(60);

impl Scene {
    /// With a window that closes after `left`.
    fn registering(secret: &str, left: Duration) -> Self {
        let scene = Self::new(secret);
        scene.store.register(Some(scene.clock.now().plus(left)));
        scene
    }

    fn assert_nothing_queued(&self) {
        assert_eq!(self.outbox.queued(), []);
    }
}

#[test]
fn no_window_is_stored_as_one_without_an_end() {
    assert_eq!(Window::closed(), r#"{"registration_until":null}"#);
    assert_eq!(Window::from_json(&Window::closed()), None);
}

#[tokio::test]
async fn refused_deliveries_get_200_and_are_kept() {
    let scene = Scene::registering(GOOD, MINUTE);
    let verifier = scene.verifier();
    for headers in [HeaderMap::new(), signed("another secret")] {
        assert_eq!(verifier.receive("default", headers, body()).await, Answer::Registered);
    }
    assert_eq!(
        verifier.receive("default", signed("good"), Bytes::new()).await,
        Answer::Registered
    );
    scene.assert_nothing_queued();
    let kept = scene.outbox.quarantined();
    let reasons = kept.iter().map(|message| message.attribute("reason").unwrap());
    assert_eq!(
        reasons.collect::<Vec<_>>(),
        [
            "the signature header is missing",
            "the signature is wrong",
            "the body is empty"
        ]
    );
    assert!(
        kept.iter()
            .all(|message| message.attribute(REGISTRATION) == Some("true"))
    );
}

#[tokio::test]
async fn it_works_before_a_secret_is_stored() {
    for provider in providers::ALL {
        let store = FakeStore::holding(provider, r#"{"placeholder":true}"#);
        let scene = Scene::new(GOOD);
        store.register(Some(scene.clock.now().plus(MINUTE)));
        let verifier = Verifier::new(provider, &store, &scene.outbox, scene.clock.clone(), Dice::default());
        assert_eq!(
            verifier.receive("default", HeaderMap::new(), body()).await,
            Answer::Registered
        );
        assert_eq!(scene.outbox.quarantined().len(), 1, "{}", provider.name);
        scene.assert_nothing_queued();
    }
}

#[tokio::test]
async fn a_wrong_token_gets_200_too() {
    let store = FakeStore::holding(&onepay::PROVIDER, r#"{"signing_secrets":["s"],"token":"t"}"#);
    let scene = Scene::new(GOOD);
    store.register(Some(scene.clock.now().plus(MINUTE)));
    let clock = scene.clock.clone();
    let verifier = Verifier::new(&onepay::PROVIDER, &store, &scene.outbox, clock, Dice::default());
    let mut headers = HeaderMap::new();
    headers.insert("x-webhook-token", HeaderValue::from_static("another"));
    assert_eq!(verifier.receive("default", headers, body()).await, Answer::Registered);
    scene.assert_nothing_queued();
}

#[tokio::test]
async fn verified_deliveries_do_not_ask_for_the_window() {
    let scene = Scene::registering(GOOD, MINUTE);
    let answer = scene.verifier().receive("default", signed("good"), body()).await;
    assert!(matches!(answer, Answer::Queued(_)));
    assert_eq!(scene.outbox.queued().len(), 1);
    assert_eq!(scene.outbox.quarantined(), []);
    assert_eq!(scene.store.looks.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn the_window_closes_at_its_end() {
    let millisecond = Duration::from_millis(1);
    for (left, answer) in [
        (LONGEST + millisecond, Answer::Refused("signature")),
        (LONGEST, Answer::Registered),
        (millisecond, Answer::Registered),
        (Duration::ZERO, Answer::Refused("signature")),
    ] {
        let scene = Scene::registering(GOOD, left);
        assert_eq!(
            scene.verifier().receive("default", signed("x"), body()).await,
            answer,
            "{left:?}"
        );
        scene.assert_nothing_queued();
    }
    // Also if the instance has cached the window and does not ask the store again.
    let scene = Scene::registering(GOOD, MINUTE / 4);
    let verifier = scene.verifier();
    assert_eq!(
        verifier.receive("default", signed("x"), body()).await,
        Answer::Registered
    );
    scene.clock.advance(MINUTE / 4 - millisecond);
    assert_eq!(
        verifier.receive("default", signed("x"), body()).await,
        Answer::Registered
    );
    scene.clock.advance(millisecond);
    let refused = Answer::Refused("signature");
    assert_eq!(verifier.receive("default", signed("x"), body()).await, refused);
    assert_eq!(scene.store.looks.load(Ordering::SeqCst), 1);
    scene.assert_nothing_queued();
}

/// `acuse register` relies on it.
#[tokio::test]
async fn opening_and_closing_take_effect_within_the_reload_interval() {
    let scene = Scene::new(GOOD);
    let verifier = scene.verifier();
    let refused = Answer::Refused("signature");
    let forged = async || verifier.receive("default", HeaderMap::new(), body()).await;
    assert_eq!(forged().await, refused);
    scene.store.register(Some(scene.clock.now().plus(15 * MINUTE)));
    scene.clock.advance(RELOAD_EVERY - Duration::from_millis(1));
    assert_eq!(forged().await, refused);
    scene.clock.advance(Duration::from_millis(1));
    assert_eq!(forged().await, Answer::Registered);
    scene.store.register(None);
    scene.clock.advance(RELOAD_EVERY);
    assert_eq!(forged().await, refused);
    assert_eq!(scene.store.looks.load(Ordering::SeqCst), 3);
    scene.assert_nothing_queued();
}

/// A sender that gets 200 does not send again, so a delivery that can't be kept is refused.
#[tokio::test]
async fn deliveries_that_are_not_kept_do_not_get_200() {
    let refused = Answer::Refused("signature");
    let scene = Scene::registering(GOOD, MINUTE);
    let verifier = scene.verifier();
    let long = Bytes::from(vec![b' '; 64 * 1024]);
    assert_eq!(verifier.receive("default", HeaderMap::new(), long).await, refused);
    scene.outbox.down.store(true, Ordering::SeqCst);
    assert_eq!(verifier.receive("default", HeaderMap::new(), body()).await, refused);
    scene.outbox.down.store(false, Ordering::SeqCst);
    let mut answered = 0;
    for _ in 0..300 {
        answered += usize::from(verifier.receive("default", HeaderMap::new(), body()).await == Answer::Registered);
    }
    assert_eq!(answered, scene.outbox.quarantined().len());
    assert!(answered < 300, "{answered}");
    scene.assert_nothing_queued();
}

#[tokio::test]
async fn without_the_store_there_is_no_window() {
    let scene = Scene::registering(GOOD, MINUTE);
    let verifier = scene.verifier();
    assert!(matches!(
        verifier.receive("default", signed("good"), body()).await,
        Answer::Queued(_)
    ));
    scene.store.down.store(true, Ordering::SeqCst);
    // Without a proof, no secret is loaded.
    let answer = verifier.receive("default", HeaderMap::new(), body()).await;
    assert_eq!(answer, Answer::Refused("signature"));
}

#[tokio::test]
async fn registrations_are_counted_separately() {
    let recorder = metrics_util::debugging::DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _counting = metrics::set_default_local_recorder(&recorder);
    let scene = Scene::registering(GOOD, MINUTE);
    scene.verifier().receive("default", HeaderMap::new(), body()).await;
    let entries = snapshotter.snapshot().into_vec();
    let mut counted: Vec<String> = entries
        .iter()
        .map(|(key, ..)| {
            let outcome = key.key().labels().find(|label| label.key() == "Outcome");
            let outcome = outcome.map(|label| format!(" {}", label.value()));
            format!("{}{}", key.key().name(), outcome.unwrap_or_default())
        })
        .collect();
    counted.sort();
    assert_eq!(counted, ["Deliveries registration", "Quarantined", "Registrations"]);
}

/// What a sender without a secret, the operator and time can do.
#[derive(Debug, Clone)]
enum Step {
    Unsigned,
    Forged,
    Wait(u64),
    /// A window that ends this many milliseconds from now, however implausible.
    Open(i64),
    Close,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        Just(Step::Unsigned),
        Just(Step::Forged),
        (0_u64..40_000).prop_map(Step::Wait),
        (-10_000_i64..4_000_000).prop_map(Step::Open),
        Just(Step::Close),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    #[test]
    fn nothing_that_fails_verification_reaches_the_event_queue(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let scene = Scene::new(GOOD);
        let verifier = scene.verifier();
        let mut answered = 0;
        // The latest end of a window that an instance may know.
        let mut latest = None;
        for step in steps {
            let headers = match step {
                Step::Unsigned => HeaderMap::new(),
                Step::Forged => signed("forged"),
                Step::Wait(millis) => {
                    scene.clock.advance(Duration::from_millis(millis));
                    continue;
                }
                Step::Open(millis) => {
                    let until = Timestamp::from_millis(scene.clock.now().as_millis() + millis);
                    scene.store.register(Some(until));
                    latest = latest.max(Some(until));
                    continue;
                }
                Step::Close => {
                    scene.store.register(None);
                    continue;
                }
            };
            let answer = runtime.block_on(verifier.receive("default", headers, body()));
            if answer == Answer::Registered {
                answered += 1;
                prop_assert!(latest.is_some_and(|until| scene.clock.now() < until));
            }
        }
        prop_assert_eq!(scene.outbox.queued(), []);
        let kept = scene.outbox.quarantined();
        let registered = kept.iter().filter(|message| message.attribute(REGISTRATION).is_some()).count();
        prop_assert_eq!(registered, answered);
    }
}

/// It could not be released: the signature's time is compared with the time of receipt.
#[tokio::test]
async fn an_expired_genuine_delivery_is_refused() {
    let provider = &unopago::PROVIDER;
    let store = FakeStore::holding(provider, r#"{"signing_secrets":["good"]}"#);
    let scene = Scene::new(GOOD);
    let now = scene.clock.now();
    store.register(Some(now.plus(MINUTE)));
    let verifier = Verifier::new(provider, &store, &scene.outbox, scene.clock.clone(), Dice::default());
    let at = now.minus(MINUTE * 10).as_seconds();
    let stamped = |secret| {
        let content = [format!("{at}.").as_bytes(), &body()[..]].concat();
        let value = format!("t={at},v1={}", sign(secret, &content));
        HeaderMap::from_iter([(
            HeaderName::from_static("webhook-signature"),
            HeaderValue::from_str(&value).unwrap(),
        )])
    };
    let answer = verifier.receive("default", stamped("good"), body()).await;
    assert_eq!(answer, Answer::Refused("signature"));
    // A panel's sample may be as old as the panel.
    assert_eq!(
        verifier.receive("default", stamped("the panel's"), body()).await,
        Answer::Registered
    );
    let kept = scene.outbox.quarantined();
    let reasons = kept.iter().map(|message| message.attribute("reason").unwrap());
    assert_eq!(
        reasons.collect::<Vec<_>>(),
        [
            "the signature's timestamp is outside the tolerance",
            "the signature is wrong"
        ]
    );
    scene.assert_nothing_queued();
}
