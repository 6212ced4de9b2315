//! Several accounts of a provider: each delivery is verified with the secrets of the account that its URL names.

use std::sync::Mutex;

use proptest::prelude::*;

use super::*;
use crate::account::AccountName;
use crate::providers::onepay;
use crate::receive::quarantine::{QuarantinedDelivery, REGISTRATION};
use crate::receive::registration::Window;

const TWO: &str = r#"{"accounts":{"default":{"signing_secrets":["good"]},"test":{"environment":"test","signing_secrets":["of-test"]}}}"#;

fn name(text: &str) -> AccountName {
    AccountName::parse(text).unwrap()
}

/// The delivery that a quarantined message keeps.
fn reopened(message: &Message) -> Delivery<Unverified> {
    QuarantinedDelivery::open(&message.text, |name| message.attribute(name)).unwrap()
}

#[tokio::test]
async fn each_account_verifies_with_its_own_secret() {
    let scene = Scene::new(TWO);
    let verifier = scene.verifier();
    for (account, secret, sender) in [("default", "good", "kuenta"), ("test", "of-test", "kuenta/test@test")] {
        let answer = verifier.receive(account, signed(secret), body()).await;
        assert!(matches!(answer, Answer::Queued(_)), "{account}");
        let queued = scene.outbox.queued().pop().unwrap();
        assert_eq!(queued.attribute("provider"), Some(sender));
    }
    for (account, secret) in [("default", "of-test"), ("test", "good")] {
        let answer = verifier.receive(account, signed(secret), body()).await;
        assert_eq!(answer, Answer::Refused("signature"), "{account}");
        let kept = scene.outbox.quarantined().pop().unwrap();
        assert_eq!(reopened(&kept).account(), account);
        assert_eq!(kept.attribute("account").is_some(), account != "default");
    }
    assert_eq!(scene.outbox.queued().len(), 2);
}

#[tokio::test]
async fn a_message_group_is_one_account() {
    #[derive(Default)]
    struct Groups(Mutex<Vec<String>>);
    impl Outbox for &Groups {
        async fn queue(&self, group: &str, _: Message) -> Result<(), OutboxError> {
            self.0.lock().unwrap().push(group.to_owned());
            Ok(())
        }
        async fn quarantine(&self, _: Message) -> Result<(), OutboxError> {
            panic!("both are genuine");
        }
    }
    let (scene, groups) = (Scene::new(TWO), Groups::default());
    let clock = scene.clock.clone();
    let verifier = Verifier::new(&kuenta::PROVIDER, &scene.store, &groups, clock, Dice::default());
    for (account, secret) in [("default", "good"), ("test", "of-test")] {
        verifier.receive(account, signed(secret), body()).await;
    }
    assert_eq!(*groups.0.lock().unwrap(), ["kuenta", "kuenta/test"]);
}

/// A token and a signature prove an account together.
#[tokio::test]
async fn the_token_of_one_account_with_the_secret_of_another_proves_nothing() {
    let store = FakeStore::holding(
        &onepay::PROVIDER,
        r#"{"accounts":{"a":{"signing_secrets":["wh_tok_a"],"token":"wh_hdr_a"},"b":{"signing_secrets":["wh_tok_b"],"token":"wh_hdr_b"},"none":{"signing_secrets":["wh_tok_none"],"token":null}}}"#,
    );
    let scene = Scene::new(GOOD);
    let verifier = Verifier::new(
        &onepay::PROVIDER,
        &store,
        &scene.outbox,
        scene.clock.clone(),
        Dice::default(),
    );
    for account in ["a", "b", "none"] {
        for secret in ["a", "b", "none"] {
            for token in ["a", "b"] {
                let mut headers = HeaderMap::new();
                let signature = sign(&format!("wh_tok_{secret}"), BODY);
                headers.insert("x-signature", signature.parse().unwrap());
                headers.insert("x-webhook-token", format!("wh_hdr_{token}").parse().unwrap());
                let answer = verifier.receive(account, headers, body()).await;
                let expected = match account {
                    "none" if secret == "none" => None,
                    "none" => Some("signature"),
                    _ if token != account => Some("token"),
                    _ => (secret != account).then_some("signature"),
                };
                match expected {
                    Some(factor) => assert_eq!(answer, Answer::Refused(factor), "{account} {secret} {token}"),
                    None => assert!(matches!(answer, Answer::Queued(_)), "{account} {secret} {token}"),
                }
            }
        }
    }
}

#[tokio::test]
async fn an_unknown_account_is_404_and_kept_if_it_carries_a_proof() {
    let recorder = metrics_util::debugging::DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let _counting = metrics::set_default_local_recorder(&recorder);
    let scene = Scene::new(TWO);
    let verifier = scene.verifier();
    let stranger = verifier.receive("prod", HeaderMap::new(), body()).await;
    assert_eq!((stranger, stranger.status()), (Answer::UnknownAccount, 404));
    assert_eq!(outcomes(&snapshotter), [""; 0], "nobody's webhook is misconfigured");
    assert_eq!(scene.outbox.quarantined(), []);
    assert_eq!(scene.store.loads.load(Ordering::SeqCst), 1, "no proof, no reload");

    assert_eq!(
        verifier.receive("prod", signed("good"), body()).await,
        Answer::UnknownAccount
    );
    assert_eq!(outcomes(&snapshotter), ["account"]);
    let kept = scene.outbox.quarantined().remove(0);
    assert_eq!(kept.attribute("account"), Some("prod"));
    assert_eq!(kept.attribute("provider"), Some("kuenta"));
    assert_eq!(kept.attribute("reason"), Some("there is no such account"));
    assert_eq!(reopened(&kept).account(), "prod");
    assert_eq!(scene.outbox.queued(), []);
}

/// Before the first secret is stored there is only the default account.
#[tokio::test]
async fn the_placeholder_has_a_default_account_and_no_other() {
    let scene = Scene::new(r#"{"placeholder":true}"#);
    let verifier = scene.verifier();
    let answers = [
        verifier.receive("default", signed("good"), body()).await,
        verifier.receive("test", signed("good"), body()).await,
    ];
    assert_eq!(answers, [Answer::Refused("signature"), Answer::UnknownAccount]);
    assert_eq!(scene.outbox.quarantined().len(), 2);
}

#[tokio::test]
async fn a_new_account_is_found_by_a_reload() {
    let scene = Scene::new(GOOD);
    let verifier = scene.verifier();
    verifier.receive("default", signed("good"), body()).await;
    scene.store.put(TWO);
    let answer = verifier.receive("test", signed("of-test"), body()).await;
    assert!(matches!(answer, Answer::Queued(_)), "{answer:?}");
    assert_eq!(scene.store.loads.load(Ordering::SeqCst), 2);
    // One that does not exist either way costs no further call.
    for _ in 0..5 {
        verifier.receive("prod", signed("good"), body()).await;
    }
    assert_eq!(scene.store.loads.load(Ordering::SeqCst), 2);
}

/// What the URL says in place of an account, in a message that SQS accepts.
async fn refuse_path(verifier: &Verifier<&FakeStore, &FakeOutbox>, outbox: &FakeOutbox, path: &str) {
    let before = outbox.quarantined().len();
    let answer = verifier.receive(path, signed("good"), body()).await;
    assert_eq!(answer, Answer::UnknownAccount, "{path:?}");
    let kept = outbox.quarantined().remove(before);
    let account = kept.attribute("account").unwrap();
    assert!((1..=65).contains(&account.len()), "{account:?}");
    assert!(account.bytes().all(|byte| byte.is_ascii_graphic()), "{account:?}");
    // Verified again, it is no other account's delivery.
    assert!(
        path == account || AccountName::parse(account).is_none(),
        "{path:?} as {account:?}"
    );
}

#[tokio::test]
async fn a_path_that_is_no_name_is_404_whatever_its_bytes() {
    let longest = "x".repeat(64);
    let scene = Scene::new(&TWO.replace("\"test\":", &format!("\"{longest}\":")));
    let verifier = scene.verifier();
    let long = "x".repeat(100 * 1024);
    let paths = [
        "",
        "/",
        " ",
        "Default",
        "DEFAULT",
        "default/",
        "default\0",
        "default ",
        "default/test",
        "../default",
        "kuenta/default",
        "a\r\nx-injected: 1",
        "\u{1b}[31mred",
        "cuenta-única",
        "ｄｅｆａｕｌｔ",
        "\u{202e}tset",
        "\u{fffe}",
        "@live",
        "default@live",
        &long[..65],
        &long,
        &"é".repeat(50 * 1024),
    ];
    for path in paths {
        refuse_path(&verifier, &scene.outbox, path).await;
    }
    let answer = verifier.receive(&longest, signed("of-test"), body()).await;
    assert!(matches!(answer, Answer::Queued(_)));
}

proptest! {
    #[test]
    fn any_path_is_answered_and_kept(path in prop_oneof![any::<String>(), "[a-z0-9_/@-]{0,80}"]) {
        prop_assume!(!["default", "test"].contains(&path.as_str()));
        let scene = Scene::new(TWO);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(refuse_path(&scene.verifier(), &scene.outbox, &path));
    }
}

#[tokio::test]
async fn an_invalid_account_is_503_while_the_others_go_on() {
    for mistake in [
        r#"{"signing_secrets":[]}"#,
        r#"{"signing_secrets":["s"],"tokens":["t"]}"#,
        r#"{"environment":"staging","signing_secrets":["s"]}"#,
        r#""s""#,
    ] {
        let json = format!(r#"{{"accounts":{{"test":{mistake},"default":{{"signing_secrets":["good"]}}}}}}"#);
        let scene = Scene::new(&json);
        let verifier = scene.verifier();
        // Its secret may be stored properly at any time.
        let answer = verifier.receive("test", signed("s"), body()).await;
        assert_eq!(answer, Answer::Unavailable, "{mistake}");
        assert_eq!(scene.outbox.quarantined(), []);
        let answer = verifier.receive("default", signed("good"), body()).await;
        assert!(matches!(answer, Answer::Queued(_)), "{mistake}");
        assert_eq!(
            verifier.receive("prod", signed("s"), body()).await,
            Answer::UnknownAccount
        );
        scene.store.put(TWO);
        scene.clock.advance(RELOAD_EVERY);
        let answer = verifier.receive("test", signed("of-test"), body()).await;
        assert!(matches!(answer, Answer::Queued(_)), "{mistake}");
    }
}

/// While the store is down, nobody knows whether an account is new.
#[tokio::test]
async fn an_unknown_account_is_503_while_the_store_is_down() {
    let scene = Scene::new(TWO);
    let verifier = scene.verifier();
    verifier.warm_up().await;
    scene.store.down.store(true, Ordering::SeqCst);
    for _ in 0..2 {
        let answer = verifier.receive("prod", signed("good"), body()).await;
        assert_eq!(answer, Answer::Unavailable);
    }
    let answer = verifier.receive("default", signed("good"), body()).await;
    assert!(matches!(answer, Answer::Queued(_)));
}

/// The account may have no secret yet: its panel shows one only after the URL is accepted.
#[tokio::test]
async fn a_registration_window_is_of_one_account() {
    let registering = |account: &str| {
        let scene = Scene::new(TWO);
        scene.store.open(Some(Window {
            account: name(account),
            until: scene.clock.now().plus(Duration::from_secs(60)),
        }));
        scene
    };
    for open in ["default", "test", "new"] {
        let scene = registering(open);
        let verifier = scene.verifier();
        for account in ["default", "test", "new", "other"] {
            let expected = match account {
                _ if account == open => Answer::Registered,
                "new" | "other" => Answer::UnknownAccount,
                _ => Answer::Refused("signature"),
            };
            let answer = verifier.receive(account, signed("panel"), body()).await;
            assert_eq!(answer, expected, "{account} while {open} registers");
            let kept = scene.outbox.quarantined().pop().unwrap();
            assert_eq!(kept.attribute(REGISTRATION).is_some(), account == open);
            assert_eq!(reopened(&kept).account(), account);
        }
        assert_eq!(scene.outbox.queued(), []);
    }
}
