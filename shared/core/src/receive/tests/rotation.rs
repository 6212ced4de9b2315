//! Rotated secrets and tokens are reloaded; refusals that no secret could change don't reload.

use super::*;
use crate::providers::onepay;

const OLD: &str = r#"{"signing_secrets":["good"],"token":"wh_hdr_old"}"#;
const NEW: &str = r#"{"signing_secrets":["good"],"token":"wh_hdr_new"}"#;

fn scene() -> Scene {
    Scene {
        store: FakeStore::holding(&onepay::PROVIDER, OLD),
        ..Scene::new(GOOD)
    }
}

fn onepays(scene: &Scene) -> Verifier<&FakeStore, &FakeOutbox> {
    Verifier::new(
        &onepay::PROVIDER,
        &scene.store,
        &scene.outbox,
        scene.clock.clone(),
        Dice::default(),
    )
}

fn with_token(token: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let signature = HeaderValue::from_str(&sign("good", BODY)).unwrap();
    headers.insert("x-signature", signature);
    headers.insert("x-webhook-token", HeaderValue::from_str(token).unwrap());
    headers
}

#[tokio::test]
async fn a_failed_verification_loads_a_rotated_token() {
    let scene = scene();
    let verifier = onepays(&scene);
    let answer = verifier.receive("default", with_token("wh_hdr_old"), body()).await;
    assert!(matches!(answer, Answer::Queued(_)));
    scene.store.put(NEW);
    let answer = verifier.receive("default", with_token("wh_hdr_new"), body()).await;
    assert!(matches!(answer, Answer::Queued(_)), "{answer:?}");
    let answer = verifier.receive("default", with_token("wh_hdr_old"), body()).await;
    assert_eq!(answer, Answer::Refused("token"));
}

/// Otherwise anybody who knows the URL could make an instance ask the store at its limit.
#[tokio::test]
async fn refusals_that_no_secret_could_change_do_not_reload() {
    let scene = scene();
    let verifier = onepays(&scene);
    let without = |name: &str| {
        let mut headers = with_token("wh_hdr_old");
        headers.remove(name);
        headers
    };
    let mut unreadable = with_token("wh_hdr_old");
    unreadable.insert("x-signature", HeaderValue::from_static("no digest"));
    for headers in [without("x-signature"), unreadable] {
        assert!(matches!(
            verifier.receive("default", headers, body()).await,
            Answer::Refused(_)
        ));
    }
    let empty = verifier
        .receive("default", with_token("wh_hdr_old"), Bytes::new())
        .await;
    assert!(matches!(empty, Answer::Refused(_)));
    assert_eq!(scene.store.loads.load(Ordering::SeqCst), 1);
    // A fresh secret may say that there is no token.
    let answer = verifier.receive("default", without("x-webhook-token"), body()).await;
    assert_eq!(answer, Answer::Refused("token"));
    assert_eq!(scene.store.loads.load(Ordering::SeqCst), 2);
}

/// A store whose previous version is `old`, as the console leaves it.
struct WithPrevious<'a> {
    newest: &'a FakeStore,
    old: Accounts,
}

impl SecretStore for WithPrevious<'_> {
    async fn load(&self) -> Result<Accounts, StoreError> {
        Ok(self.load_newest().await?.and_previous(self.old.clone()))
    }

    async fn load_newest(&self) -> Result<Accounts, StoreError> {
        self.newest.load().await
    }
}

/// Whenever the previous version was last read, and whatever was refused before.
#[tokio::test]
async fn what_the_previous_version_verifies_is_never_refused() {
    let scene = scene();
    scene.store.put(NEW);
    let store = WithPrevious {
        newest: &scene.store,
        old: Accounts::parse(&onepay::PROVIDER, OLD).unwrap().unwrap(),
    };
    let (clock, dice) = (scene.clock.clone(), Dice::default());
    let verifier = Verifier::new(&onepay::PROVIDER, store, &scene.outbox, clock, dice);
    let accepts = async |token: &str| {
        let answer = verifier.receive("default", with_token(token), body()).await;
        matches!(answer, Answer::Queued(_))
    };
    assert!(accepts("wh_hdr_new").await);
    assert_eq!(
        scene.store.loads.load(Ordering::SeqCst),
        1,
        "the newest alone is enough"
    );
    for seconds in [0, 1, 29, 30, 31, 269, 270, 271, 299, 300, 301, 600] {
        scene.clock.advance(Duration::from_secs(seconds));
        assert!(!accepts("forged").await);
        assert!(accepts("wh_hdr_old").await, "{seconds} s later, after a forgery");
        scene.clock.advance(FRESH_FOR);
        assert!(accepts("wh_hdr_new").await);
        assert!(
            accepts("wh_hdr_old").await,
            "{seconds} s later, with the newest alone in memory"
        );
        assert!(!accepts("forged").await);
    }
}

/// Dashboards and alarms use these names.
#[tokio::test]
async fn answers_are_counted_by_name() {
    let recorder = metrics_util::debugging::DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _counting = metrics::set_default_local_recorder(&recorder);
    let scene = scene();
    let verifier = onepays(&scene);
    verifier.receive("default", with_token("wh_hdr_wrong"), body()).await;
    assert_eq!(outcomes(&snapshotter), ["token"]);
    let too_long = Bytes::from(vec![b' '; LONGEST_TEXT + 1]);
    verifier.receive("default", with_token("wh_hdr_old"), too_long).await;
    assert_eq!(outcomes(&snapshotter), ["too_long"]);
    scene.outbox.down.store(true, Ordering::SeqCst);
    verifier.receive("default", with_token("wh_hdr_old"), body()).await;
    assert_eq!(outcomes(&snapshotter), ["unavailable"]);
}
