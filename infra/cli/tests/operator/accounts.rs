//! Events of other accounts than the default one: listed, found, decided on, replayed and released.
//!
//! On a stack of its own, whose accounts are stored before the first delivery.

use acuse_cli::stack::secret::StackSecret;
use acuse_cli::stack::target::Target;
use acuse_core::account::{AccountName, Environment};
use acuse_core::providers::{kuenta, onepay, unopago};
use acuse_core::receive::secrets::StoredAccount;
use acuse_core::wire::delivery::{CanonicalForm, DeliveryId};
use acuse_core::wire::envelope::Envelope;
use aws_sdk_sqs::types::MessageAttributeValue;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::*;

/// Provider, account, what it is bound to, and its secret.
const ACCOUNTS: [(&Provider, &str, Option<Environment>, &str); 5] = [
    (&onepay::PROVIDER, "tienda-2", None, TIENDA),
    (&onepay::PROVIDER, "wrong", Some(Environment::Live), WRONG),
    (&onepay::PROVIDER, "bound-later", None, BOUND_LATER),
    (&kuenta::PROVIDER, "org-2", Some(Environment::Test), ORG),
    (&unopago::PROVIDER, "tienda-2", None, UNOPAGO),
];
const TIENDA: &str = r#"{"signing_secrets":["wh_tok_tienda"],"token":"wh_hdr_tienda"}"#;
const WRONG: &str = r#"{"signing_secrets":["wh_tok_wrong"],"token":"wh_hdr_wrong"}"#;
const BOUND_LATER: &str = r#"{"signing_secrets":["wh_tok_later"],"token":"wh_hdr_later"}"#;
const ORG: &str = r#"{"signing_secrets":["kuenta-org-2"]}"#;
const UNOPAGO: &str = r#"{"signing_secrets":["unopago-tienda-2"]}"#;

/// Locked by tests that walk this stack's queue: two of them would hide messages from each other.
static OWN_DEAD_LETTERS: Mutex<()> = Mutex::const_new(());

fn own_state() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("operator-accounts")
}

async fn own_stack() -> &'static Running {
    static OWN: OnceCell<Shared> = OnceCell::const_new();
    let own = OWN.get_or_init(|| async {
        let stack = Stack::start(Options::isolated(own_state())).await.unwrap();
        let running = Running::find(&own_state()).unwrap();
        for (provider, name, environment, text) in ACCOUNTS {
            bind(&running, provider, name, environment, text).await;
        }
        Shared { running, _stack: stack }
    });
    &own.await.running
}

/// Stores an account.
async fn bind(
    running: &Running,
    provider: &'static Provider,
    name: &str,
    environment: Option<Environment>,
    text: &str,
) {
    let target = Target::local(running.clone()).await.unwrap();
    let secret = StackSecret::of(&target, provider).unwrap();
    let stored = secret.get().await.unwrap();
    let mut account = StoredAccount::parse(provider, text).unwrap();
    account.environment = environment;
    let name = AccountName::parse(name).unwrap();
    secret.put(&stored, &name, account).await.unwrap();
}

/// Runs `acuse`, and returns whether it succeeded and what it printed.
async fn ran(arguments: &[&str]) -> (bool, String) {
    own_stack().await;
    let output = acuse_in(&own_state(), arguments, "").await;
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (output.status.success(), text)
}

async fn succeeds(arguments: &[&str]) -> String {
    let (success, text) = ran(arguments).await;
    assert!(success, "{arguments:?}: {text}");
    text
}

fn lines(text: &str) -> Vec<Value> {
    let lines = text.lines().filter(|line| line.starts_with('{'));
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Posts `body` to an account's URL, signed with `text`, and returns the status of the answer.
async fn post_to(provider: &'static Provider, path: &str, body: &Bytes, text: &str) -> u16 {
    let sample = Sample::signed(
        provider,
        body.to_vec(),
        &secrets(provider, text),
        SystemClock.now(),
        None,
    )
    .unwrap();
    let url = format!("{}/webhooks/{}{path}", own_stack().await.http, provider.name);
    let client = acuse_cli::http::client().unwrap();
    let headers = sample.headers.iter();
    let post = client.post(url).body(body.clone());
    let post = headers.fold(post, |post, (name, value)| post.header(*name, value));
    post.send().await.unwrap().status().as_u16()
}

fn id_of(provider: &Provider, body: &Bytes) -> String {
    let value = acuse_core::json::parse(body).unwrap();
    (provider.read)(&value).unwrap().resource.unwrap().id
}

/// A partition's records, once the condition is true.
async fn until(partition: &str, so: impl Fn(&[Record]) -> bool) -> Vec<Record> {
    let ledger = own_stack().await.ledger();
    let wait = async {
        loop {
            let records = ledger.partition(partition).await.unwrap();
            if so(&records) {
                return records;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, wait).await;
    waited.unwrap_or_else(|_| panic!("the records of {partition} come"))
}

async fn status(partition: &str, status: &str) -> Record {
    let records = until(partition, |records| records.iter().any(|own| own.status == status)).await;
    records.into_iter().find(|own| own.status == status).unwrap()
}

async fn page(path: &str) -> String {
    let url = format!("{}{path}", own_stack().await.inspector);
    let page = acuse_cli::http::client().unwrap().get(url).send().await.unwrap();
    page.text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_of_another_account_is_listed_and_found_by_its_id() {
    let provider = &onepay::PROVIDER;
    let local = sample::local_secret(provider).to_string();
    let (body, other) = (payment(provider), payment(provider));
    assert_eq!(post_to(provider, "/tienda-2", &body, TIENDA).await, 200);
    assert_eq!(post_to(provider, "", &other, &local).await, 200);
    let (id, other) = (id_of(provider, &body), id_of(provider, &other));
    let record = status(&format!("onepay/tienda-2#test#payment#{id}"), "COMPLETED").await;
    status(&format!("onepay#test#payment#{other}"), "COMPLETED").await;
    assert_eq!(record.scope(), "onepay/tienda-2");

    for (account, own, not) in [("tienda-2", &id, &other), ("default", &other, &id)] {
        let listed = succeeds(&["events", "list", "--account", account, "--json"]).await;
        assert!(
            listed.contains(own.as_str()) && !listed.contains(not.as_str()),
            "{listed}"
        );
        assert!(lines(&listed).iter().all(|line| line["account"] == account), "{listed}");
    }
    let newest = succeeds(&["events", "list", "--account", "tienda-2", "--limit", "1", "--json"]).await;
    assert_eq!(lines(&newest).len(), 1, "{newest}");
    let listed = succeeds(&["events", "list", "--provider", "onepay"]).await;
    assert!(listed.contains(" onepay/tienda-2 "), "{listed}");

    // By key, by id without and with the account; not in another account.
    for which in [
        &[&*record.key][..],
        &[&id],
        &[&id, "--account", "tienda-2"],
        &[record.delivery_id.as_deref().unwrap()],
    ] {
        let shown = succeeds(&[&["events", "show", "--json"], which].concat()).await;
        let shown = lines(&shown);
        assert_eq!(
            (shown.len(), &shown[0]["account"]),
            (1, &json!("tienda-2")),
            "{which:?}"
        );
        assert_eq!(shown[0]["key"], json!(record.key));
    }
    let by_id = succeeds(&["events", "show", &id]).await;
    assert!(!by_id.contains("searching everything"), "{by_id}");
    let (found, text) = ran(&["events", "show", &id, "--account", "default", "--days", "1"]).await;
    assert!(!found && text.contains("no event of"), "{text}");

    // The inspector: in the list, in the filter, and as a search for the id.
    let all = page("/").await;
    assert!(all.contains("<td>onepay/tienda-2</td>"), "{all}");
    assert!(all.contains("<option value=\"tienda-2\">"), "{all}");
    let own = page("/?account=tienda-2").await;
    assert!(own.contains(&id) && !own.contains(&other), "{own}");
    let searched = page(&format!("/?since=2020-01-01&id={id}")).await;
    assert!(searched.contains(&record.key), "{searched}");
    let encoded = record.key.replace('#', "%23").replace('|', "%7C").replace('/', "%2F");
    let event = page(&format!("/event?key={encoded}")).await;
    assert!(event.contains("Account: <code>tienda-2</code>"), "{event}");
}

/// The folder of the same stack, for an operator who may not read secrets, and its lock.
async fn without_secrets(name: &str) -> (PathBuf, std::fs::File) {
    let mut running = own_stack().await.clone();
    let (endpoint, client) = (running.endpoint.clone(), acuse_cli::http::client().unwrap());
    let proxy = axum::Router::new().fallback(move |request: axum::extract::Request| async move {
        let (parts, body) = request.into_parts();
        let target = parts.headers.get("x-amz-target").map(|target| target.to_str().unwrap());
        if target.is_some_and(|target| target.starts_with("secretsmanager.")) {
            let refused = r#"{"__type":"AccessDeniedException","Message":"not for you"}"#;
            return (axum::http::StatusCode::BAD_REQUEST, refused).into_response();
        }
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let post = client.post(&endpoint).headers(parts.headers).body(body);
        let answer = post.send().await.unwrap();
        (answer.status(), answer.headers().clone(), answer.bytes().await.unwrap()).into_response()
    });
    running.endpoint = serve(proxy).await;
    let state = own_state().join(name);
    std::fs::create_dir_all(&state).unwrap();
    std::fs::write(state.join("stack.json"), json!(running).to_string()).unwrap();
    let lock = std::fs::File::create(state.join("lock")).unwrap();
    lock.lock().unwrap();
    (state, lock)
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_permission_to_read_secrets_every_event_is_found() {
    let provider = &kuenta::PROVIDER;
    let body = payment(provider);
    assert_eq!(post_to(provider, "/org-2", &body, ORG).await, 200);
    let id = id_of(provider, &body);
    let record = status(&format!("kuenta/org-2#test#payment#{id}"), "COMPLETED").await;
    let (state, _lock) = without_secrets("finds").await;
    let shown = acuse_in(&state, &["events", "show", &id, "--json"], "").await;
    assert!(
        String::from_utf8_lossy(&shown.stdout).contains(&record.key),
        "{shown:?}"
    );
    let told = String::from_utf8_lossy(&shown.stderr);
    assert!(
        told.contains("only the default account was searched by key") && told.contains("not for you"),
        "{told}"
    );
    let named = acuse_in(&state, &["events", "show", &id, "--account", "org-2"], "").await;
    assert!(named.status.success() && named.stderr.is_empty(), "{named:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_its_binding_set_aside_is_replayed_once_that_is_corrected() {
    let provider = &onepay::PROVIDER;
    let body = payment(provider);
    // The account is bound to `live`, and the payload says `test`.
    assert_eq!(post_to(provider, "/wrong", &body, WRONG).await, 200);
    let partition = format!("onepay/wrong#test#payment#{}", id_of(provider, &body));
    let record = status(&partition, "REJECTED").await;
    assert_eq!(
        record.error.as_deref(),
        Some("of environment `test`, but its account is bound to `live`")
    );
    // No option includes it.
    let all = ["events", "replay", "--account", "wrong", "--wrong-environment", "--yes"];
    let left = succeeds(&all).await;
    assert!(
        left.contains("1 of another environment than their account is bound to"),
        "{left}"
    );
    assert!(
        left.ends_with("correct that first (`acuse secrets bind PROVIDER --account NAME --environment …`), then name each event (`acuse events replay KEY`)\n"),
        "{left}"
    );
    let left = succeeds(&["events", "replay", &record.key]).await;
    assert!(
        left.contains("is of environment `test`, but account `wrong` is bound to `live`; if that is wrong, correct it (`acuse secrets bind onepay --account wrong --environment test`)"),
        "{left}"
    );
    assert!(left.contains("0 queued, 1 left"), "{left}");

    // Without the permission to read the binding, it says so.
    let (state, _lock) = without_secrets("replays").await;
    let refused = acuse_in(&state, &["events", "replay", &record.key], "").await;
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && told.contains("is bound to can't be read"),
        "{told}"
    );

    bind(own_stack().await, provider, "wrong", Some(Environment::Test), WRONG).await;
    let queued = succeeds(&["events", "replay", &record.key]).await;
    assert!(queued.contains("1 queued, 0 left"), "{queued}");
    let completed = status(&partition, "COMPLETED").await;
    assert_eq!((completed.key, completed.attempts), (record.key, 2));
}

/// Makes an event of environment `test` and its conflict, and returns the resource's id, its partition and the conflict.
async fn conflict(provider: &'static Provider, account: &str, secret: &str) -> (String, String, Record) {
    let body = payment(provider);
    let id = id_of(provider, &body);
    let partition = format!("{}/{account}#test#payment#{id}", provider.name);
    let path = format!("/{account}");
    assert_eq!(post_to(provider, &path, &body, secret).await, 200);
    status(&partition, "COMPLETED").await;
    let mut value: Value = serde_json::from_slice(&body).unwrap();
    value["one more"] = 7.into();
    let changed = serde_json::to_vec(&value).unwrap().into();
    assert_eq!(post_to(provider, &path, &changed, secret).await, 200);
    let conflict = status(&partition, "CONFLICT").await;
    (id, partition, conflict)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_of_another_environment_than_its_account_stops_no_other_one() {
    let (provider, live) = (&onepay::PROVIDER, Some(Environment::Live));
    let (_, _, bound) = conflict(provider, "bound-later", BOUND_LATER).await;
    let (_, _, other) = conflict(&kuenta::PROVIDER, "org-2", ORG).await;
    bind(own_stack().await, provider, "bound-later", live, BOUND_LATER).await;
    let (success, released) = ran(&["events", "release", &bound.key, &other.key]).await;
    for expected in [
        &format!(
            "not released: `{}` is of environment `test`, but account `bound-later` is",
            bound.key
        ),
        &format!("released and queued: {}", other.key),
        "1 released, 1 not",
    ] {
        assert!(!success && released.contains(expected), "{released}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_of_another_account_is_released_by_its_id() {
    let (id, partition, conflict) = conflict(&kuenta::PROVIDER, "org-2", ORG).await;
    let released = succeeds(&["events", "release", &id]).await;
    assert!(
        released.contains(&format!("released and queued: {}", conflict.key)),
        "{released}"
    );
    let both = |records: &[Record]| records.iter().filter(|own| own.status == "COMPLETED").count() == 2;
    assert_eq!(until(&partition, both).await.len(), 2);
}

/// Puts a payment of an account that was not bound into the dead-letter queue, and returns its id.
async fn dead_letter(provider: &'static Provider, account: &str) -> String {
    let body = payment(provider);
    let id = id_of(provider, &body);
    let envelope = Envelope {
        account: acuse_core::account::Account {
            name: AccountName::parse(account).unwrap(),
            environment: None,
        },
        provider: provider.name.to_owned(),
        content: Default::default(),
        delivery_id: DeliveryId::new(SystemClock.now(), [7; 10]),
        received_at: SystemClock.now(),
        form: CanonicalForm::Raw,
        body,
        replay: None,
    };
    let message = envelope.to_message().unwrap();
    let attributes = message.attributes.into_iter().map(|(name, value)| {
        let value = MessageAttributeValue::builder().data_type("String").string_value(value);
        (name.to_owned(), value.build().unwrap())
    });
    let running = own_stack().await;
    let send = aws_sdk_sqs::Client::new(&running.sdk()).send_message();
    let send = send.queue_url(&running.outputs["DeadLetterQueueUrl"]);
    let send = send.message_body(message.text);
    let send = send.set_message_attributes(Some(attributes.collect()));
    send.send().await.unwrap();
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_of_another_account_is_listed_and_sent_back() {
    let _queue = OWN_DEAD_LETTERS.lock().await;
    let id = dead_letter(&unopago::PROVIDER, "tienda-2").await;
    let listed = succeeds(&["dlq", "list", "--account", "tienda-2", "--json"]).await;
    let [line] = &lines(&listed)[..] else {
        panic!("{listed}")
    };
    assert_eq!(
        (&line["provider"], &line["account"]),
        (&json!("unopago"), &json!("tienda-2"))
    );
    let none = succeeds(&["dlq", "list", "--account", "default"]).await;
    assert!(
        none.contains("no messages in the dead-letter queue that match"),
        "{none}"
    );
    let shown = page("/dead-letters").await;
    assert!(shown.contains("<td>unopago/tienda-2</td>"), "{shown}");
    let sent = succeeds(&["dlq", "redrive", "--account", "tienda-2"]).await;
    assert!(sent.contains("sent back: unopago/tienda-2 "), "{sent}");
    status(&format!("unopago/tienda-2#live#payment#{id}"), "COMPLETED").await;
}

/// Kuenta's payloads name no environment: the event is a live one, as the account was not bound.
#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_left_where_it_is_if_its_account_is_bound_to_another_environment_by_now() {
    let _queue = OWN_DEAD_LETTERS.lock().await;
    let (provider, shop) = (&kuenta::PROVIDER, r#"{"signing_secrets":["kuenta-shop"]}"#);
    let id = dead_letter(provider, "shop").await;
    bind(own_stack().await, provider, "shop", Some(Environment::Test), shop).await;
    let redrive = ["dlq", "redrive", "--account", "shop"];
    let bound = "is of environment `live`, but account `shop` is bound to `test`; if that is wrong, correct it (`acuse secrets bind kuenta --account shop --environment live`)";
    for (more, sum) in [
        (&["--dry-run"][..], "0 would be sent back\n"),
        (&[], "0 sent back, 1 left\n"),
        (&["--wrong-environment", "--yes"], "0 sent back, 1 left\n"),
    ] {
        let left = succeeds(&[&redrive[..], more].concat()).await;
        for expected in [
            sum,
            bound,
            ": 1 of another environment than their account is bound to. ",
        ] {
            assert!(left.contains(expected), "{left}");
        }
    }

    // The inspector does not send it either.
    let listed = lines(&succeeds(&["dlq", "list", "--account", "shop", "--json"]).await);
    let message_id = listed[0]["message_id"].as_str().unwrap();
    let ask = page(&format!("/redrive?id={message_id}")).await;
    let (_, token) = ask.split_once("name=\"token\" value=\"").unwrap();
    let (token, _) = token.split_once('"').unwrap();
    let url = format!("{}/redrive", own_stack().await.inspector);
    let redriven = acuse_cli::http::client().unwrap().post(url);
    let redriven = redriven.header("content-type", "application/x-www-form-urlencoded");
    let redriven = redriven.body(format!("token={token}&id={message_id}")).send().await;
    for shown in [ask, redriven.unwrap().text().await.unwrap()] {
        assert!(shown.contains("but account `shop` is bound to `test`"), "{shown}");
    }

    // Who may not read secrets sends back what is of the default account.
    let own = dead_letter(provider, "default").await;
    let (state, _lock) = without_secrets("redrives").await;
    let sent = acuse_in(&state, &["dlq", "redrive", "--account", "default"], "").await;
    let told = String::from_utf8_lossy(&sent.stderr);
    assert!(
        told.contains("whether `kuenta` is bound to an environment could not be read: ")
            && told.ends_with("; events are replayed as recorded\n"),
        "{told}"
    );
    assert!(
        String::from_utf8_lossy(&sent.stdout).ends_with("1 sent back, 1 left\n"),
        "{sent:?}"
    );
    status(&format!("kuenta#live#payment#{own}"), "COMPLETED").await;
    let refused = acuse_in(&state, &redrive, "").await;
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success() && told.contains("is bound to can't be read"),
        "{told}"
    );

    bind(own_stack().await, provider, "shop", Some(Environment::Live), shop).await;
    let sent = succeeds(&redrive).await;
    assert!(sent.contains("1 sent back, 0 left"), "{sent}");
    status(&format!("kuenta/shop#live#payment#{id}"), "COMPLETED").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_to_the_wrong_url_is_released_as_its_account() {
    let provider = &onepay::PROVIDER;
    // Signed by one account and sent to another; and sent to an account that there is not.
    let (crossed, unknown) = (payment(provider), payment(provider));
    assert_eq!(post_to(provider, "", &crossed, TIENDA).await, 401);
    assert_eq!(post_to(provider, "/tienda", &unknown, TIENDA).await, 404);
    let listed = lines(&succeeds(&["quarantine", "list", "--provider", "onepay", "--json"]).await);
    let accounts: std::collections::BTreeSet<&str> =
        listed.iter().map(|line| line["account"].as_str().unwrap()).collect();
    assert_eq!(accounts, ["default", "tienda"].into());
    for (account, sent_to) in [("default", "default"), ("tienda", "tienda")] {
        let text = succeeds(&["quarantine", "diagnose", "--account", account]).await;
        let names = format!("signed with the secret of account `tienda-2`, but was sent to `{sent_to}`");
        assert!(
            text.contains(&names) && text.contains("--as-account tienda-2"),
            "{text}"
        );
    }
    assert!(page("/quarantine").await.contains("<td>onepay/tienda</td>"));

    // Its own account does not accept it, and neither does a third one.
    for more in [&[][..], &["--as-account", "wrong"], &["--as-account", "nobody"]] {
        let text = succeeds(&[&["quarantine", "release"], more].concat()).await;
        let of_other = "left in quarantine: 2 sent to another account, but signed with the secret of `tienda-2`. Correct the URL at the provider, then release them with `acuse quarantine release --provider onepay --as-account tienda-2`\n";
        assert!(
            text.contains("0 released, 2 left in quarantine\n") && text.ends_with(of_other),
            "{text}"
        );
    }
    // They are not deleted, whether there is the account that they were sent to or not.
    let purged = succeeds(&["quarantine", "purge", "--yes"]).await;
    assert!(
        purged.contains("0 deleted, 2 left for `release`\n")
            && purged.contains("left in quarantine: 2 sent to another"),
        "{purged}"
    );
    let as_account = [
        "quarantine",
        "release",
        "--account",
        "default",
        "--as-account",
        "tienda-2",
    ];
    let would = succeeds(&[&as_account[..], &["--dry-run"]].concat()).await;
    assert!(would.ends_with("1 would be released, 0 would stay\n"), "{would}");
    let released = succeeds(&as_account).await;
    assert!(released.ends_with("1 released, 0 left in quarantine\n"), "{released}");
    let id = id_of(provider, &crossed);
    status(&format!("onepay/tienda-2#test#payment#{id}"), "COMPLETED").await;
    let released = succeeds(&["quarantine", "release", "--as-account", "tienda-2"]).await;
    assert!(released.ends_with("1 released, 0 left in quarantine\n"), "{released}");

    // One of an unknown account stays: the account may still be stored.
    let unknown = r#"{"signing_secrets":["wh_tok_unknown"],"token":"wh_hdr_unknown"}"#;
    assert_eq!(post_to(provider, "/unknown", &payment(provider), unknown).await, 404);
    let purged = succeeds(&["quarantine", "purge", "--yes"]).await;
    assert!(purged.ends_with("0 deleted, 1 left for `release`\n"), "{purged}");
}
