//! Events of other accounts than the default one: listed, found and replayed.
//!
//! On a stack of its own, whose accounts are stored before the first delivery.

mod reconcile;
mod waiting;

use acuse_cli::stack::secret::StackSecret;
use acuse_cli::stack::target::Target;
use acuse_core::account::{AccountName, Environment};
use acuse_core::providers::{kuenta, onepay, unopago};
use acuse_core::receive::secrets::StoredAccount;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::*;

/// Provider, account, what it is bound to, and its secret.
const ACCOUNTS: [(&Provider, &str, Option<Environment>, &str); 6] = [
    (&onepay::PROVIDER, "tienda-2", None, TIENDA),
    (&onepay::PROVIDER, "wrong", Some(Environment::Live), WRONG),
    (&onepay::PROVIDER, "bound-later", None, BOUND_LATER),
    (&onepay::PROVIDER, "reconciled", None, RECONCILED),
    (&kuenta::PROVIDER, "org-2", Some(Environment::Test), ORG),
    (&unopago::PROVIDER, "tienda-2", None, UNOPAGO),
];
const TIENDA: &str = r#"{"signing_secrets":["wh_tok_tienda"],"token":"wh_hdr_tienda"}"#;
const WRONG: &str = r#"{"signing_secrets":["wh_tok_wrong"],"token":"wh_hdr_wrong"}"#;
const BOUND_LATER: &str = r#"{"signing_secrets":["wh_tok_later"],"token":"wh_hdr_later"}"#;
const RECONCILED: &str = r#"{"signing_secrets":["wh_tok_reconciled"],"token":"wh_hdr_reconciled"}"#;
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
    let ledger = ledger(own_stack().await);
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
    let all = page("/events").await;
    assert!(all.contains(">onepay/tienda-2</td>"), "{all}");
    assert!(all.contains("<option value=\"tienda-2\">"), "{all}");
    let own = page("/events?account=tienda-2").await;
    assert!(own.contains(&id) && !own.contains(&other), "{own}");
    let searched = page(&format!("/events?since=2020-01-01&q={id}")).await;
    assert!(searched.contains(&record.key), "{searched}");
    let encoded = record.key.replace('#', "%23").replace('|', "%7C").replace('/', "%2F");
    let event = page(&format!("/event?key={encoded}")).await;
    assert!(
        event.contains("<dt>Account</dt><dd translate=\"no\"><code>tienda-2</code>"),
        "{event}"
    );
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
    let (done, left) = ran(&["events", "replay", &record.key]).await;
    assert!(!done, "{left}");
    assert!(
        left.contains("is of environment `test`, but account `wrong` is bound to `live`; if that is wrong, correct it (`acuse secrets bind onepay --account wrong --environment test`)"),
        "{left}"
    );
    assert!(left.contains("1 event left"), "{left}");

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
    assert!(queued.contains("1 event queued"), "{queued}");
    let completed = status(&partition, "COMPLETED").await;
    assert_eq!((completed.key, completed.attempts), (record.key, 2));
}
