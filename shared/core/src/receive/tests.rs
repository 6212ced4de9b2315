mod accounts;
mod edges;
mod logged;
mod registration;
mod rotation;

use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::*;
use crate::clock::Timestamp;
use crate::providers::{kuenta, onepay};
use crate::receive::signature::sign;
use crate::testing::{Dice, FakeOutbox, FakeStore, StoppedClock};
use crate::wire::delivery::CanonicalForm;

const BODY: &[u8] = br#"{"event":"payment.completed","data":{"id":"p1"}}"#;
const GOOD: &str = r#"{"signing_secrets":["good"]}"#;

/// A verifier with its fakes.
struct Scene {
    store: FakeStore,
    outbox: FakeOutbox,
    clock: StoppedClock,
}

impl Scene {
    fn new(secret: &str) -> Self {
        Self {
            store: FakeStore::holding(&kuenta::PROVIDER, secret),
            outbox: FakeOutbox::default(),
            clock: StoppedClock::at(Timestamp::from_seconds(1_700_000_000)),
        }
    }

    fn verifier(&self) -> Verifier<&FakeStore, &FakeOutbox> {
        Verifier::new(
            &kuenta::PROVIDER,
            &self.store,
            &self.outbox,
            self.clock.clone(),
            Dice::default(),
        )
    }
}

fn signed(secret: &str) -> HeaderMap {
    proof_by(secret, BODY)
}

fn proof(body: &[u8]) -> HeaderMap {
    proof_by("good", body)
}

fn proof_by(secret: &str, body: &[u8]) -> HeaderMap {
    let signature = HeaderValue::from_str(&sign(secret, body)).unwrap();
    HeaderMap::from_iter([(HeaderName::from_static("x-kuenta-signature"), signature)])
}

fn body() -> Bytes {
    Bytes::from_static(BODY)
}

#[tokio::test]
async fn a_signed_delivery_is_queued_before_the_answer() {
    let scene = Scene::new(GOOD);
    let Answer::Queued(id) = scene.verifier().receive("default", signed("good"), body()).await else {
        panic!("not queued");
    };
    let queued = scene.outbox.queued();
    assert_eq!(queued.len(), 1);
    assert_eq!(queued[0].text.as_bytes(), BODY);
    assert_eq!(queued[0].attribute("delivery_id"), Some(id.to_string().as_str()));
}

/// The outcomes counted since the last call.
fn outcomes(snapshotter: &metrics_util::debugging::Snapshotter) -> Vec<String> {
    use metrics_util::debugging::DebugValue;
    let entries = snapshotter.snapshot().into_vec();
    let counted = entries.into_iter().filter(|(key, _, _, value)| {
        key.key().name() == metric::DELIVERIES && matches!(value, DebugValue::Counter(count) if *count > 0)
    });
    let outcome = |key: &metrics::Key| key.labels().last().map(|label| label.value().to_owned());
    counted.filter_map(|(key, ..)| outcome(key.key())).collect()
}

#[tokio::test]
async fn a_verified_test_delivery_is_counted_separately() {
    let recorder = metrics_util::debugging::DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _counting = metrics::set_default_local_recorder(&recorder);
    let scene = Scene::new(GOOD);
    let marked = |secret| {
        let mut headers = signed(secret);
        headers.insert(TEST_DELIVERY_HEADER, HeaderValue::from_static("1"));
        headers
    };
    scene.verifier().receive("default", marked("good"), body()).await;
    assert_eq!(outcomes(&snapshotter), ["test"]);
    assert_eq!(scene.outbox.queued().len(), 1, "it is queued like any other");
    scene.verifier().receive("default", marked("forged"), body()).await;
    assert_eq!(outcomes(&snapshotter), ["signature"]);
    scene.verifier().receive("default", signed("good"), body()).await;
    assert_eq!(outcomes(&snapshotter), ["queued"]);
}

#[tokio::test]
async fn a_delivery_to_an_unknown_account_is_counted_if_it_carries_a_proof() {
    let recorder = metrics_util::debugging::DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _counting = metrics::set_default_local_recorder(&recorder);
    let scene = Scene::new(GOOD);
    for (headers, counted) in [(signed("good"), vec!["account"]), (HeaderMap::new(), vec![])] {
        let answer = scene.verifier().receive("other", headers, body()).await;
        assert_eq!(answer, Answer::UnknownAccount);
        assert_eq!(outcomes(&snapshotter), counted);
    }
    assert_eq!(scene.outbox.quarantined().len(), 1);
}

#[tokio::test]
async fn a_forged_delivery_is_refused_and_quarantined() {
    let scene = Scene::new(GOOD);
    let answer = scene.verifier().receive("default", signed("forged"), body()).await;
    assert_eq!(answer, Answer::Refused("signature"));
    assert_eq!(scene.outbox.queued(), []);
    let kept = scene.outbox.quarantined();
    assert_eq!(kept[0].attribute("reason"), Some("the signature is wrong"));
}

#[tokio::test]
async fn deliveries_without_proof_are_not_kept() {
    let scene = Scene::new(GOOD);
    let answer = scene.verifier().receive("default", HeaderMap::new(), body()).await;
    assert_eq!(answer, Answer::Refused("signature"));
    assert_eq!(scene.outbox.quarantined(), []);
    assert_eq!(scene.store.loads.load(Ordering::SeqCst), 1, "without a reload");
}

#[tokio::test]
async fn a_failed_verification_loads_a_rotated_secret() {
    let scene = Scene::new(GOOD);
    let verifier = scene.verifier();
    assert!(matches!(
        verifier.receive("default", signed("good"), body()).await,
        Answer::Queued(_)
    ));
    scene.store.put(r#"{"signing_secrets":["new","good"]}"#);
    assert!(matches!(
        verifier.receive("default", signed("new"), body()).await,
        Answer::Queued(_)
    ));
    assert!(matches!(
        verifier.receive("default", signed("good"), body()).await,
        Answer::Queued(_)
    ));
}

/// The operator stores that there is no token, while an instance still requires one.
#[tokio::test]
async fn a_missing_token_reloads_the_secret() {
    let store = FakeStore::holding(&onepay::PROVIDER, r#"{"signing_secrets":["good"],"token":"wh_hdr_1"}"#);
    let (outbox, clock) = (
        FakeOutbox::default(),
        StoppedClock::at(Timestamp::from_seconds(1_700_000_000)),
    );
    let verifier = Verifier::new(&onepay::PROVIDER, &store, &outbox, clock, Dice::default());
    verifier.warm_up().await;
    let mut headers = HeaderMap::new();
    let stranger = verifier.receive("default", headers.clone(), body()).await;
    assert_eq!(stranger, Answer::Refused("token"));
    assert_eq!(
        store.loads.load(Ordering::SeqCst),
        1,
        "what carries no proof costs no reload"
    );

    store.put(r#"{"signing_secrets":["good"],"token":null}"#);
    headers.insert("x-signature", HeaderValue::from_str(&sign("good", BODY)).unwrap());
    assert!(matches!(
        verifier.receive("default", headers, body()).await,
        Answer::Queued(_)
    ));
    assert_eq!(store.loads.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn forged_deliveries_reload_at_most_once_in_thirty_seconds() {
    let scene = Scene::new(GOOD);
    let verifier = scene.verifier();
    for _ in 0..5 {
        verifier.receive("default", signed("forged"), body()).await;
    }
    assert_eq!(scene.store.loads.load(Ordering::SeqCst), 2);
    scene.clock.advance(Duration::from_secs(30));
    verifier.receive("default", signed("forged"), body()).await;
    assert_eq!(scene.store.loads.load(Ordering::SeqCst), 3);
}

/// `acuse secrets rotate` waits this long: after that a new secret is accepted, even if forged deliveries have used up
/// an instance's reload.
#[tokio::test]
async fn forgeries_delay_a_new_secret_by_the_reload_interval_at_most() {
    let seconds = RELOAD_EVERY.as_secs();
    for forged_before in 0..=seconds {
        let scene = Scene::new(GOOD);
        let verifier = scene.verifier();
        verifier.receive("default", signed("good"), body()).await;
        verifier.receive("default", signed("forged"), body()).await;
        scene.clock.advance(Duration::from_secs(forged_before));
        scene.store.put(r#"{"signing_secrets":["new","good"]}"#);

        let too_early = forged_before < seconds;
        let answer = verifier.receive("default", signed("new"), body()).await;
        assert_eq!(matches!(answer, Answer::Refused(_)), too_early, "{forged_before}");
        for _ in 0..seconds {
            verifier.receive("default", signed("forged"), body()).await;
            scene.clock.advance(Duration::from_secs(1));
        }
        for secret in ["new", "good"] {
            let answer = verifier.receive("default", signed(secret), body()).await;
            assert!(matches!(answer, Answer::Queued(_)), "{secret}, {forged_before}");
        }
    }
}

#[tokio::test]
async fn a_withdrawn_secret_is_accepted_until_the_next_load() {
    for forged in [false, true] {
        let scene = Scene::new(GOOD);
        let verifier = scene.verifier();
        verifier.receive("default", signed("good"), body()).await;
        scene.store.put(r#"{"signing_secrets":["new"]}"#);
        scene.clock.advance(FRESH_FOR - Duration::from_millis(1));
        if forged {
            verifier.receive("default", signed("forged"), body()).await;
        }
        let answer = verifier.receive("default", signed("good"), body()).await;
        assert_eq!(matches!(answer, Answer::Refused(_)), forged);
        scene.clock.advance(Duration::from_millis(1));
        let answer = verifier.receive("default", signed("good"), body()).await;
        assert_eq!(answer, Answer::Refused("signature"));
    }
}

#[tokio::test]
async fn secrets_are_kept_for_five_minutes() {
    let scene = Scene::new(GOOD);
    let verifier = scene.verifier();
    for _ in 0..3 {
        verifier.receive("default", signed("good"), body()).await;
    }
    assert_eq!(scene.store.loads.load(Ordering::SeqCst), 1);
    scene.clock.advance(Duration::from_secs(300));
    verifier.receive("default", signed("good"), body()).await;
    assert_eq!(scene.store.loads.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_store_failure_is_503_not_401() {
    let scene = Scene::new(GOOD);
    let verifier = scene.verifier();
    scene.store.down.store(true, Ordering::SeqCst);
    assert_eq!(
        verifier.receive("default", signed("good"), body()).await,
        Answer::Unavailable
    );

    scene.store.down.store(false, Ordering::SeqCst);
    assert!(matches!(
        verifier.receive("default", signed("good"), body()).await,
        Answer::Queued(_)
    ));
    scene.store.down.store(true, Ordering::SeqCst);
    // The secret may have been rotated: while the store is down that is unknown, even if it is not asked again.
    for _ in 0..2 {
        assert_eq!(
            verifier.receive("default", signed("rotated"), body()).await,
            Answer::Unavailable
        );
    }
    assert_eq!(scene.outbox.quarantined(), []);
}

#[tokio::test]
async fn an_invalid_stored_secret_is_503_not_401() {
    let scene = Scene::new(r#"{"signing_secrets":[""]}"#);
    assert_eq!(
        scene.verifier().receive("default", signed("good"), body()).await,
        Answer::Unavailable
    );
}

#[tokio::test]
async fn without_a_stored_secret_deliveries_are_quarantined() {
    let scene = Scene::new(r#"{"placeholder":true}"#);
    assert_eq!(
        scene.verifier().receive("default", signed("good"), body()).await,
        Answer::Refused("signature")
    );
    assert_eq!(scene.outbox.quarantined().len(), 1);
}

#[tokio::test]
async fn a_queue_failure_is_503() {
    let scene = Scene::new(GOOD);
    scene.outbox.down.store(true, Ordering::SeqCst);
    let verifier = scene.verifier();
    assert_eq!(
        verifier.receive("default", signed("good"), body()).await,
        Answer::Unavailable
    );
    // A forged delivery is still refused, although it could not be kept.
    assert_eq!(
        verifier.receive("default", signed("forged"), body()).await,
        Answer::Refused("signature")
    );
}

#[tokio::test]
async fn running_out_of_time_is_503() {
    struct Hanging;
    impl Outbox for Hanging {
        async fn queue(&self, _: &str, _: Message) -> Result<(), OutboxError> {
            std::future::pending().await
        }
        async fn quarantine(&self, _: Message) -> Result<(), OutboxError> {
            std::future::pending().await
        }
    }
    let scene = Scene::new(GOOD);
    let clock = scene.clock.clone().impatient();
    let verifier = Verifier::new(&kuenta::PROVIDER, &scene.store, Hanging, clock, Dice::default());
    assert_eq!(
        verifier.receive("default", signed("good"), body()).await,
        Answer::Unavailable
    );
}

#[tokio::test]
async fn a_quarantine_that_hangs_does_not_change_the_answer() {
    struct Hanging;
    impl Outbox for Hanging {
        async fn queue(&self, _: &str, _: Message) -> Result<(), OutboxError> {
            panic!("a forgery is not queued");
        }
        async fn quarantine(&self, _: Message) -> Result<(), OutboxError> {
            std::future::pending().await
        }
    }
    let scene = Scene::new(GOOD);
    let clock = scene.clock.clone().impatient();
    let verifier = Verifier::new(&kuenta::PROVIDER, &scene.store, Hanging, clock, Dice::default());
    let answer = verifier.receive("default", signed("forged"), body()).await;
    assert_eq!(answer, Answer::Refused("signature"));
}

/// The answer is in time, even if the secret store has used up most of it.
#[tokio::test]
async fn the_quarantine_only_gets_the_remaining_time() {
    #[derive(Clone)]
    struct Telling(StoppedClock, std::sync::Arc<std::sync::Mutex<Vec<Duration>>>);
    impl Clock for Telling {
        fn now(&self) -> Timestamp {
            self.0.now()
        }
        fn sleep(&self, duration: Duration) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
            self.1.lock().unwrap().push(duration);
            self.0.sleep(duration)
        }
    }
    /// A slow store. It is asked twice, since the secret may have been rotated.
    struct Slow<'a>(&'a FakeStore, StoppedClock);
    impl SecretStore for Slow<'_> {
        async fn load(&self) -> Result<Accounts, StoreError> {
            self.1.advance(Duration::from_millis(1500));
            self.0.load().await
        }
    }
    let scene = Scene::new(GOOD);
    let clock = Telling(scene.clock.clone(), Default::default());
    let slept = std::sync::Arc::clone(&clock.1);
    let store = Slow(&scene.store, scene.clock.clone());
    let verifier = Verifier::new(&kuenta::PROVIDER, store, &scene.outbox, clock, Dice::default());
    let answer = verifier.receive("default", signed("forged"), body()).await;
    assert_eq!(answer, Answer::Refused("signature"));
    let left = BUDGET - Duration::from_secs(3);
    // For the registration window and for the quarantine.
    let budgets = [BUDGET, left, left];
    assert_eq!(*slept.lock().unwrap(), budgets);
    assert_eq!(scene.outbox.quarantined().len(), 1);
}

#[tokio::test]
async fn the_longest_body_is_accepted_and_a_longer_one_is_413() {
    let receive = async |length: usize| {
        let (scene, body) = (Scene::new(GOOD), vec![b' '; length]);
        scene.verifier().receive("default", proof(&body), body.into()).await
    };
    assert!(matches!(receive(LONGEST_TEXT).await, Answer::Queued(_)));
    assert_eq!(receive(LONGEST_TEXT + 1).await, Answer::TooLong);
}

/// A canonical form up to six times as long travels compressed, and the consumer decompresses it.
#[tokio::test]
async fn the_longest_body_is_accepted_in_every_form() {
    let provider = &crate::providers::onepay::PROVIDER;
    let store = FakeStore::holding(provider, r#"{"signing_secrets":["good"],"token":"t"}"#);
    let clock = StoppedClock::at(Timestamp::from_seconds(1_700_000_000));
    let del = format!("\"{}\"", "\u{7f}".repeat(LONGEST_TEXT - 2));
    let numbers = format!("[{}1e20]", "1e20,".repeat((LONGEST_TEXT - 6) / 5));
    for (body, form) in [(&del, CanonicalForm::Python), (&numbers, CanonicalForm::JavaScript)] {
        let form = canonical::bytes(&body.clone().into(), form).unwrap();
        assert!(form.len() > 4 * LONGEST_TEXT);
        let outbox = FakeOutbox::default();
        let verifier = Verifier::new(provider, &store, &outbox, clock.clone(), Dice::default());
        let mut headers = HeaderMap::new();
        headers.insert("x-signature", HeaderValue::from_str(&sign("good", &form)).unwrap());
        headers.insert("x-webhook-token", HeaderValue::from_static("t"));
        let answer = verifier.receive("default", headers, body.clone().into()).await;
        assert!(matches!(answer, Answer::Queued(_)));
        let message = outbox.queued().remove(0);
        let envelope = Envelope::from_message(message.text.clone(), |name| message.attribute(name)).unwrap();
        assert!(envelope.body == form, "the signed bytes");
    }
}

#[tokio::test]
async fn a_body_that_decompresses_beyond_the_limit_is_413() {
    let (scene, body) = (Scene::new(GOOD), vec![b' '; LONGEST_TEXT + 1]);
    let mut headers = proof(&body);
    headers.insert("content-encoding", HeaderValue::from_static("gzip"));
    let compressed = crate::wire::gzip::compress(&body).unwrap();
    assert_eq!(
        scene.verifier().receive("default", headers, compressed.into()).await,
        Answer::TooLong
    );
    assert_eq!(
        scene.store.loads.load(Ordering::SeqCst),
        2,
        "another secret may fit what is compressed"
    );
    assert_eq!(scene.outbox.quarantined(), []);
}

/// When released, it travels as if it had verified at once.
#[tokio::test]
async fn a_quarantined_delivery_keeps_its_headers() {
    let compressed = crate::wire::gzip::compress(BODY).unwrap();
    let mut headers = proof(&compressed);
    headers.insert("content-encoding", HeaderValue::from_static("gzip"));
    headers.insert("content-type", HeaderValue::from_static("text/json; charset=utf-8"));
    let scene = Scene::new(r#"{"signing_secrets":["not yet"]}"#);
    scene
        .verifier()
        .receive("default", headers.clone(), compressed.clone().into())
        .await;
    let kept = scene.outbox.quarantined().remove(0);
    let delivery =
        crate::receive::quarantine::QuarantinedDelivery::open(&kept.text, |name| kept.attribute(name)).unwrap();
    let secrets = crate::receive::secrets::Secrets::parse(&kuenta::PROVIDER, GOOD).unwrap();
    let verified = signature::verify(&delivery, &kuenta::PROVIDER.scheme, &secrets, delivery.received_at());
    let released = Envelope::seal("kuenta", &verified.unwrap()).to_message().unwrap();

    let scene = Scene::new(GOOD);
    scene.verifier().receive("default", headers, compressed.into()).await;
    assert_eq!(scene.outbox.queued(), [released]);
}

#[tokio::test]
async fn the_quarantine_is_rate_limited() {
    let scene = Scene::new(GOOD);
    let verifier = scene.verifier();
    for _ in 0..300 {
        verifier.receive("default", signed("forged"), body()).await;
    }
    assert_eq!(scene.outbox.quarantined().len(), 200);
    scene.clock.advance(Duration::from_secs(1));
    for _ in 0..10 {
        verifier.receive("default", signed("forged"), body()).await;
    }
    assert_eq!(scene.outbox.quarantined().len(), 205);

    let mut headers = HeaderMap::new();
    headers.insert("signature", HeaderValue::from_static("x"));
    scene.clock.advance(Duration::from_secs(60));
    verifier
        .receive("default", headers, Bytes::from(vec![b' '; 64 * 1024]))
        .await;
    assert_eq!(scene.outbox.quarantined().len(), 205, "too long to keep");
}

/// What some providers sign is in the URL, so it is needed to verify the delivery again.
#[tokio::test]
async fn a_quarantined_delivery_keeps_its_query() {
    use crate::provider::scheme::{Part, Scheme, Signature};
    use crate::receive::quarantine::QuarantinedDelivery;
    static IN_QUERY: Provider = Provider {
        scheme: Scheme {
            token: None,
            signatures: &[Signature {
                content: &[Part::Query("id")],
                ..Signature::hmac(&["x-kuenta-signature"])
            }],
        },
        ..kuenta::PROVIDER
    };
    let scene = Scene::new(r#"{"signing_secrets":["not yet"]}"#);
    let (clock, dice) = (scene.clock.clone(), Dice::default());
    let verifier = Verifier::new(&IN_QUERY, &scene.store, &scene.outbox, clock, dice);
    for query in ["type=a&id=p%201", ""] {
        let address = Address {
            query: query.to_owned(),
            ..Address::from("default")
        };
        verifier.receive(address, proof(b"p 1"), body()).await;
    }
    let [kept, without] = scene.outbox.quarantined().try_into().unwrap();
    assert!(!without.text.contains("query"), "older tools read it as before");
    let secrets = secrets::Secrets::parse(&IN_QUERY, GOOD).unwrap();
    let verify = |kept: &Message| {
        let delivery = QuarantinedDelivery::open(&kept.text, |name| kept.attribute(name)).unwrap();
        signature::verify(&delivery, &IN_QUERY.scheme, &secrets, delivery.received_at()).map(|_| ())
    };
    assert_eq!(verify(&kept), Ok(()));
    assert_eq!(verify(&without), Err(Refusal::SignatureWrong));
}
