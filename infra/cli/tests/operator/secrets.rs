//! Putting and rotating secrets, on a stack of their own, because forged deliveries would disturb other tests.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use acuse_cli::stack::target::Target;
use acuse_core::providers::{kuenta, onepay, unopago};
use acuse_core::receive::secrets::Secrets;
use acuse_core::receive::{RELOAD_EVERY, SecretStore};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::*;

mod accounts;

/// Locked by tests that change OnePay's secret.
static ONEPAY: Mutex<()> = Mutex::const_new(());

fn own_state() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("operator-secrets")
}

async fn own_stack() -> &'static Running {
    static OWN: OnceCell<Shared> = OnceCell::const_new();
    let own = OWN.get_or_init(|| async {
        let stack = Stack::start(Options::isolated(own_state())).await.unwrap();
        let running = Running::find(&own_state()).unwrap();
        Shared { running, _stack: stack }
    });
    &own.await.running
}

/// Runs `acuse`, which must succeed, and returns what it prints.
async fn succeeds(arguments: &[&str], input: &str) -> String {
    let output = acuse_in(&own_state(), arguments, input).await;
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

fn kuenta_secret(text: &str) -> Secrets {
    secrets(&kuenta::PROVIDER, &json!({"signing_secrets": [text]}).to_string())
}

async fn until<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let wait = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect(what);
}

/// Posts new payments, signed with one secret, until it is stopped.
struct Sender {
    secrets: Secrets,
    stop: AtomicBool,
    accepted: AtomicUsize,
    refused: AtomicUsize,
}

impl Sender {
    fn with(secret: &str) -> Self {
        Self {
            secrets: kuenta_secret(secret),
            stop: AtomicBool::new(false),
            accepted: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
        }
    }

    async fn run(&self, running: &Running) {
        let provider = &kuenta::PROVIDER;
        while !self.stop.load(Ordering::Relaxed) {
            let count = match post_at(running, provider, &payment(provider), &self.secrets).await {
                200 => &self.accepted,
                401 => &self.refused,
                status => panic!("answered {status}"),
            };
            count.fetch_add(1, Ordering::Relaxed);
            // A few per second are enough.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn counts(&self) -> (usize, usize) {
        let of = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        (of(&self.accepted), of(&self.refused))
    }

    /// Waits until this many more were answered 200.
    async fn accepted_more(&self, more: usize) {
        let wanted = self.counts().0 + more;
        until("deliveries are accepted", async || self.counts().0 >= wanted).await;
    }

    fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_under_load_and_forgery_refuses_no_genuine_delivery() {
    let running = own_stack().await;
    let [old, new, forger] = ["local-kuenta-secret", "the-new-one", "forged"].map(Sender::with);
    // Signed with the old secret after it was withdrawn, but accepted by an instance that still had it.
    let late = AtomicUsize::new(0);
    let rotate = ["secrets", "rotate", "kuenta"];

    let operator = async {
        old.accepted_more(5).await;
        // From now on, forged deliveries use up each instance's reload as soon as it has one.
        until("a forged one is refused", async || forger.counts().1 >= 5).await;

        // Interrupted while it waits, and run again with the same secret.
        let mut first = start(&own_state(), &rotate, "the-new-one\n").await;
        let mut lines = BufReader::new(first.stderr.take().unwrap()).lines();
        let mut printed = Vec::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.starts_with("waiting ") {
                let id = first.id().unwrap().to_string();
                assert!(
                    Command::new("kill")
                        .args(["-INT", &id])
                        .status()
                        .await
                        .unwrap()
                        .success()
                );
            }
            printed.push(line);
        }
        assert_eq!(first.wait().await.unwrap().code(), Some(130), "{printed:?}");
        let printed = printed.join("\n");
        assert!(printed.contains("Don't change it at the provider yet"), "{printed}");
        assert_no_secret(&printed, "the-new-one");

        let started = Instant::now();
        let printed = succeeds(&rotate, "the-new-one\n").await;
        assert!(
            printed.contains("the new secret of kuenta is already there"),
            "{printed}"
        );
        assert!(
            printed.contains("every running function accepts both secrets of kuenta. Now change it"),
            "{printed}"
        );
        assert!(started.elapsed() > RELOAD_EVERY, "{:?}", started.elapsed());

        // The provider signs with the new secret, and resends what it signed with the old one.
        let provider = async {
            new.accepted_more(20).await;
            old.accepted_more(5).await;
            old.stop();
            let printed = succeeds(&["secrets", "rotate", "kuenta", "--finish"], "").await;
            assert!(
                printed.contains("only the newest secret of kuenta is stored; a running function may accept"),
                "{printed}"
            );
            new.accepted_more(20).await;
            until("the old one is refused", async || {
                let status = post_at(running, &kuenta::PROVIDER, &payment(&kuenta::PROVIDER), &old.secrets).await;
                late.fetch_add(usize::from(status == 200), Ordering::Relaxed);
                status == 401
            })
            .await;
            new.stop();
        };
        tokio::join!(provider, new.run(running));
    };
    let rotation = async {
        tokio::select! { () = operator => {}, () = forger.run(running) => {} }
    };
    tokio::join!(rotation, old.run(running));
    println!(
        "old {:?}, new {:?}, forged {:?} (accepted, refused)",
        old.counts(),
        new.counts(),
        forger.counts()
    );
    assert_eq!(
        (old.counts().1, new.counts().1),
        (0, 0),
        "genuine deliveries were refused"
    );
    assert_eq!(forger.counts().0, 0, "forged deliveries were accepted");
    let genuine = old.counts().0 + new.counts().0 + late.load(Ordering::Relaxed);
    completed_at(running, &kuenta::PROVIDER, genuine).await;
    let logs = std::fs::read_to_string(own_state().join("emulator.log")).unwrap();
    assert!(!logs.contains("the-new-one"));
}

#[tokio::test(flavor = "multi_thread")]
async fn put_withdraws_the_old_secret() {
    let _lock = ONEPAY.lock().await;
    let running = own_stack().await;
    let provider = &onepay::PROVIDER;
    let old = secrets(
        provider,
        r#"{"signing_secrets":["wh_tok_local"],"token":"wh_hdr_local"}"#,
    );
    let new = secrets(provider, r#"{"signing_secrets":["wh_tok_put"],"token":"wh_hdr_put"}"#);
    assert_eq!(post_at(running, provider, &payment(provider), &old).await, 200);

    let input = "\u{feff}wh_tok_put\r\nwh_hdr_put\r\n";
    let printed = succeeds(&["secrets", "put", "onepay"], input).await;
    assert!(printed.contains("only the new one is stored"), "{printed}");
    assert!(printed.contains("may accept the old one until "), "{printed}");

    let store = Target::local(Running::find(&own_state()).unwrap())
        .await
        .unwrap()
        .secrets(provider)
        .unwrap();
    assert_eq!(accepted(&store).await.older(), 0);
    // The first delivery that fails verification makes an instance reload the secret.
    until("the new one is accepted", async || {
        post_at(running, provider, &payment(provider), &new).await == 200
    })
    .await;
    until("the old one is refused", async || {
        post_at(running, provider, &payment(provider), &old).await == 401
    })
    .await;

    // Several rotations in a row, the first one interrupted: secrets and tokens of all of them are accepted.
    for (number, input) in [(1, "wh_tok_two\nwh_hdr_two\n"), (2, "wh_tok_three\nwh_hdr_three\n")] {
        let interrupted = start(&own_state(), &["secrets", "rotate", "onepay"], input).await;
        until("it is stored", async || accepted(&store).await.older_tokens() == number).await;
        drop(interrupted);
    }
    for text in [
        r#"{"signing_secrets":["wh_tok_put"],"token":"wh_hdr_put"}"#,
        r#"{"signing_secrets":["wh_tok_two"],"token":"wh_hdr_two"}"#,
        r#"{"signing_secrets":["wh_tok_three"],"token":"wh_hdr_three"}"#,
    ] {
        let secrets = secrets(provider, text);
        until("each is accepted", async || {
            post_at(running, provider, &payment(provider), &secrets).await == 200
        })
        .await;
    }
    let doctor = acuse_in(&own_state(), &["doctor", "--no-delivery"], "").await;
    let printed = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(
        printed.contains("4 older accepted as well, until `acuse secrets rotate onepay --finish`"),
        "{printed}"
    );

    without_a_token(running, &store).await;
}

/// OnePay's webhook is created again, this time without a token.
async fn without_a_token(running: &Running, store: &impl SecretStore) {
    let provider = &onepay::PROVIDER;
    let forgotten = acuse_in(&own_state(), &["secrets", "put", "onepay"], "wh_tok_four\n").await;
    let printed = String::from_utf8_lossy(&forgotten.stderr).into_owned();
    assert!(
        !forgotten.status.success() && printed.contains("`acuse secrets put onepay --no-token`"),
        "{printed}"
    );
    let put = ["secrets", "put", "onepay", "--no-token"];
    let both = acuse_in(&own_state(), &put, "wh_tok_four\nwh_hdr_four\n").await;
    assert!(!both.status.success(), "{both:?}");

    let printed = succeeds(&put, "wh_tok_four\n").await;
    assert!(printed.contains("only the signature is checked"), "{printed}");
    let none = secrets(provider, r#"{"signing_secrets":["wh_tok_four"],"token":null}"#);
    until("the signature alone is enough", async || {
        post_at(running, provider, &payment(provider), &none).await == 200
    })
    .await;
    let forger = secrets(provider, r#"{"signing_secrets":["wh_tok_x"],"token":"wh_hdr_put"}"#);
    assert_eq!(post_at(running, provider, &payment(provider), &forger).await, 401);
    let doctor = acuse_in(&own_state(), &["doctor", "--no-delivery"], "").await;
    let printed = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(printed.contains("its second factor is off"), "{printed}");

    // A rotation keeps that statement, and asks for no token.
    let interrupted = start(&own_state(), &["secrets", "rotate", "onepay"], "wh_tok_five\n").await;
    until("it is stored", async || accepted(store).await.older() == 1).await;
    drop(interrupted);
    let stored = accepted(store).await;
    assert!(stored.has_no_token() && stored.older_tokens() == 0);

    succeeds(&["secrets", "put", "onepay"], "wh_tok_six\nwh_hdr_six\n").await;
    let with = secrets(provider, r#"{"signing_secrets":["wh_tok_six"],"token":"wh_hdr_six"}"#);
    until("the new one is accepted", async || {
        post_at(running, provider, &payment(provider), &with).await == 200
    })
    .await;
    until("a token is wanted again", async || {
        post_at(running, provider, &payment(provider), &none).await == 401
    })
    .await;
}

/// Stored by a console or a script, not by `acuse`.
#[tokio::test(flavor = "multi_thread")]
async fn a_misspelt_field_in_the_secret_refuses_no_genuine_delivery() {
    let running = own_stack().await;
    let provider = &unopago::PROVIDER;
    let answered = async |secret: &str| {
        let secrets = secrets(provider, &json!({"signing_secrets": [secret]}).to_string());
        post_at(running, provider, &payment(provider), &secrets).await
    };
    let target = Target::local(Running::find(&own_state()).unwrap()).await.unwrap();
    let client = aws_sdk_secretsmanager::Client::new(&target.sdk);
    let store = async |text: &str| {
        let put = client.put_secret_value().secret_id(target.secret_id(provider).unwrap());
        put.secret_string(text).send().await.unwrap();
    };
    assert_eq!(answered("local-unopago-secret").await, 200);

    // The previous version is used.
    store(r#"{"signing_secrets":["second"]}"#).await;
    store(MISSPELT).await;
    until("it is read again", async || answered("second").await == 200).await;
    // The doctor reports it.
    let doctor = acuse_in(&own_state(), &["doctor", "--no-delivery"], "").await;
    let printed = String::from_utf8_lossy(&doctor.stdout).into_owned();
    let named = "unopago: secret          the secret of `unopago` has an unknown field: `tokens`";
    assert!(
        printed.contains(&format!("✗ {named}")) && !printed.contains("hunter2"),
        "{printed}"
    );

    // Without any valid version, deliveries are answered 503, not 401.
    store(MISSPELT).await;
    until("it is read again", async || answered("forged").await == 503).await;
    succeeds(&["secrets", "put", "unopago"], "local-unopago-secret\n").await;
    until("it is read again", async || {
        answered("local-unopago-secret").await == 200
    })
    .await;
}

const MISSPELT: &str = r#"{"signing_secrets":["third"],"tokens":["hunter2"]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_secret_is_not_put() {
    own_stack().await;
    for (provider, input, expected) in [
        ("onepay", "wh_hdr_abc\nwh_tok_abc\n", "starts with `wh_hdr_`"),
        ("onepay", "wh_tok_abc\n", "has no `token`"),
        ("onepay", "wh_tok_abc\n\n", "has no `token`"),
        (
            "onepay",
            "wh_tok_abc\nwh_hdr_abc\nwh_tok_def\n",
            "has 3 lines, and onepay has two",
        ),
        ("unopago", " \n", "empty signing secret"),
        ("unopago", "{\"signing_secrets\": \"x\"}", "should be a list of strings"),
        (
            "unopago",
            "{\"signing_secrets\": [\"x\"], \"tokens\": []}",
            "unknown field: `tokens`",
        ),
        ("unopago", "{\"wh_tok_abc\": 1}", "number 1, whose name is not shown"),
        ("unopago", "{\"token\": \"x\", \"token\": \"y\"}", "`token` twice"),
        ("unopago", "{\"placeholder\": true}", "empty signing secret"),
        ("unopago", "abc\0def", "control or invisible character at place 4"),
        ("unopay", "s3cr3t", "[possible values: unopago, onepay, kuenta]"),
    ] {
        let output = acuse_in(&own_state(), &["secrets", "put", provider], input).await;
        let printed = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && printed.contains(expected), "{printed}");
        assert!(!printed.contains("wh_tok_abc"), "{printed}");
    }
}

/// What functions accept for the default account.
async fn accepted(store: &impl SecretStore) -> Secrets {
    let accounts = store.load().await.unwrap();
    accounts.get("default").unwrap().unwrap().clone()
}
