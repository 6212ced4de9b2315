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
