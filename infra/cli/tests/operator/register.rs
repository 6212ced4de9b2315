//! Registration windows: a panel's test delivery is answered 200, shown, and never becomes an event.

use acuse_cli::stack::secret::StackSecret;
use acuse_cli::stack::target::Target;
use acuse_core::account::AccountName;
use acuse_core::providers::{kuenta, onepay};
use acuse_core::receive::SecretStore;
use acuse_core::receive::registration::Window;
use acuse_core::receive::secrets::StoredAccount;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::*;

/// The versions of `provider`'s secret that its functions accept.
async fn versions(target: &Target, provider: &'static Provider) -> [Option<String>; 2] {
    let client = aws_sdk_secretsmanager::Client::new(&target.sdk);
    let id = target.secret_id(provider).unwrap();
    let version = async |stage: &str| {
        let get = client.get_secret_value().secret_id(id).version_stage(stage);
        get.send().await.ok()?.version_id
    };
    [version("AWSCURRENT").await, version("AWSPREVIOUS").await]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_delivery_is_answered_200_and_shown_and_becomes_no_event() {
    let _queues = QUARANTINE.lock().await;
    let provider = &kuenta::PROVIDER;
    stack().await;
    let target = Target::local(Running::find(&state()).unwrap()).await.unwrap();
    let before = versions(&target, provider).await;
    let (unsigned, forged) = (payment(provider), payment(provider));
    let another = secrets(provider, r#"{"signing_secrets":["of the test deliveries"]}"#);
    let refused = async || post_with(provider, &unsigned, &[]).await == 401;
    assert!(refused().await, "closed");

    let mut register = start(&state(), &["register", "kuenta", "--for", "10m"], "").await;
    let mut lines = BufReader::new(register.stdout.take().unwrap()).lines();
    let mut next = async || {
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await;
        line.expect("it goes on").unwrap().unwrap_or_default()
    };
    let opened = next().await;
    assert!(
        opened.starts_with("open until ") && opened.contains("/webhooks/kuenta with kuenta"),
        "{opened}"
    );

    // From now on all are answered 200, even by an instance that has just refused one.
    assert_eq!(post_with(provider, &unsigned, &[]).await, 200);
    assert_eq!(post(provider, &forged, &another).await, 200);
    let mut shown = Vec::new();
    while shown.len() < 4 {
        shown.push(next().await);
    }
    let shown = shown.join("\n");
    for expected in [
        "answered 200: ",
        ", the signature header is missing\n  no header contains a signature: it is not signed",
        ", the signature is wrong\n  no header contains a valid signature",
    ] {
        assert!(shown.contains(expected), "{shown}");
    }

    let url = format!("{}/quarantine", stack().await.inspector);
    // `register` itself walks the quarantine, and hides messages meanwhile.
    let marked = async {
        loop {
            let page = acuse_cli::http::client()
                .unwrap()
                .get(&url)
                .send()
                .await
                .unwrap()
                .text()
                .await
                .unwrap();
            if page.contains("(answered 200, in a registration window)") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let marked = tokio::time::timeout(PATIENCE, marked).await;
    marked.expect("the inspector marks what was answered 200");

    let doctor = acuse(&["doctor", "--no-delivery"], "").await;
    let printed = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(
        printed.contains("✗ kuenta: registration") && printed.contains("`acuse register kuenta --close`"),
        "{printed}"
    );
    let both_listed = async {
        let list = ["quarantine", "list", "--provider", "kuenta", "--json"];
        while done(&list, "").await.matches("\"registration\":true").count() != 2 {}
    };
    let both_listed = tokio::time::timeout(PATIENCE, both_listed).await;
    both_listed.expect("both are listed as answered 200");

    // Valid deliveries are processed as usual. This one came last, so if the others were queued, they would be recorded
    // by then.
    let genuine = payment(provider);
    assert_eq!(post(provider, &genuine, &local_secrets(provider)).await, 200);
    let id_of = |body: &Bytes| {
        let value = acuse_core::json::parse(body).unwrap();
        (provider.read)(&value).unwrap().resource.unwrap().id
    };
    let records = async |body: &Bytes| {
        let own = records_at(stack().await, provider).await;
        let id = id_of(body);
        own.into_iter()
            .filter(|record| record.resource_id.as_deref() == Some(&id))
            .count()
    };
    let through = async {
        while records(&genuine).await == 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, through).await.unwrap();
    assert_eq!((records(&unsigned).await, records(&forged).await), (0, 0));

    // Ctrl-C closes it.
    let id = register.id().unwrap().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .await
            .unwrap()
            .success()
    );
    let closed = next().await;
    assert!(
        closed.starts_with("closed the registration window of kuenta; "),
        "{closed}"
    );
    let summary = next().await;
    assert!(summary.starts_with("2 answered 200 and not verified: "), "{summary}");
    assert!(register.wait().await.unwrap().success());
    let wait = async {
        while !refused().await {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("closed everywhere");
    assert_eq!(versions(&target, provider).await, before, "the secret was not touched");

    // A window that a killed run left open.
    let secret = StackSecret::of(&target, provider).unwrap();
    let window = Window {
        account: AccountName::DEFAULT,
        until: SystemClock.now().plus(Duration::from_secs(600)),
    };
    secret.set_registration(Some(&window)).await.unwrap();
    let store = target.secrets(provider).unwrap();
    assert!(store.registration().await.unwrap().is_some());
    done(&["register", "kuenta", "--close"], "").await;
    assert_eq!(store.registration().await.unwrap(), None);

    // Both runs are in the trail, the newest first.
    let trail = done(&["audit", "list", "--since", "1h", "--json"], "").await;
    let trail = trail
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let trail: Vec<_> = trail.filter(|entry| entry["target"] == "kuenta").collect();
    let what: Vec<_> = trail
        .iter()
        .filter(|entry| {
            entry["command"]
                .as_str()
                .is_some_and(|command| command.starts_with("register"))
        })
        .map(|entry| {
            (
                entry["command"].as_str().unwrap(),
                entry["outcome"].as_str().unwrap(),
                entry["count"].as_u64(),
            )
        })
        .collect();
    assert_eq!(
        what,
        [("register --close", "DONE", Some(1)), ("register", "DONE", Some(2))]
    );

    // None of the deliveries is genuine.
    let released = done(&["quarantine", "release", "--provider", "kuenta"], "").await;
    assert!(!released.contains("released"), "{released}");
    done(&["quarantine", "purge", "--provider", "kuenta", "--yes"], "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_of_more_than_an_hour_is_refused() {
    for (arguments, expected) in [
        (["register", "kuenta", "--for", "61m"], "two minutes to one hour"),
        (["register", "kuenta", "--for", "forever"], "two minutes to one hour"),
        (
            ["register", "pagosya", "--for", "15m"],
            "[possible values: unopago, onepay, kuenta]",
        ),
    ] {
        let output = acuse_in(&state(), &arguments, "").await;
        let printed = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && printed.contains(expected), "{printed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_is_for_one_account() {
    let _queues = QUARANTINE.lock().await;
    let provider = &onepay::PROVIDER;
    let running = stack().await;
    let target = Target::local(Running::find(&state()).unwrap()).await.unwrap();
    let account = AccountName::parse("new-shop").unwrap();

    let arguments = ["register", "onepay", "--account", "new-shop", "--for", "10m"];
    let mut register = start(&state(), &arguments, "").await;
    let mut lines = BufReader::new(register.stdout.take().unwrap()).lines();
    let mut next = async || {
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await;
        line.expect("it goes on").unwrap().unwrap_or_default()
    };
    let opened = next().await;
    assert!(
        opened.contains(&format!("{}/webhooks/onepay/new-shop with onepay", running.http)),
        "{opened}"
    );

    // Neither the default account nor another unknown one is concerned.
    let unsigned = payment(provider);
    let poster = acuse_cli::http::Poster::new(PATIENCE).unwrap();
    let answered = async |path: &str| {
        let url = format!("{}/webhooks/{path}", running.http);
        poster.post(&url, &[], &unsigned).await.unwrap().status
    };
    assert_eq!(answered("onepay").await, 401);
    assert_eq!(answered("onepay/other-shop").await, 404);
    assert_eq!(answered("onepay/new-shop").await, 200);
    let shown = [next().await, next().await].join("\n");
    assert!(
        shown.starts_with("answered 200: ") && shown.contains(", there is no such account\n"),
        "{shown}"
    );

    let doctor = acuse(&["doctor", "--no-delivery"], "").await;
    let printed = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(printed.contains("✗ onepay/new-shop: registration"), "{printed}");

    // A provider has one window: it is not taken from whoever is registering.
    let second = acuse(&["register", "onepay"], "").await;
    let printed = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(
        !second.status.success()
            && printed.contains("the window of `onepay/new-shop` is open until ")
            && printed.contains("`acuse register onepay --close`"),
        "{printed}"
    );

    let id = register.id().unwrap().to_string();
    let interrupt = Command::new("kill").args(["-INT", &id]).status().await;
    assert!(interrupt.unwrap().success());
    assert!(next().await.starts_with("closed the registration window of onepay; "));
    let summary = next().await;
    assert!(summary.starts_with("1 answered 200 and not verified: "), "{summary}");
    assert!(register.wait().await.unwrap().success());

    // Once the account has a secret, what was not signed with it can be purged.
    let secret = StackSecret::of(&target, provider).unwrap();
    let with_secret = StoredAccount {
        signing_secrets: vec!["wh_tok_new_shop".to_owned()],
        tokens: vec![Some("wh_hdr_new_shop".to_owned())],
        ..StoredAccount::default()
    };
    let stored = secret.get().await.unwrap();
    secret.put(&stored, &account, with_secret).await.unwrap();
    let purged = done(&["quarantine", "purge", "--provider", "onepay", "--yes"], "").await;
    assert!(purged.contains("1 delivery deleted"), "{purged}");
    let stored = secret.get().await.unwrap();
    secret.replace(&stored, &account, None).await.unwrap();
}
