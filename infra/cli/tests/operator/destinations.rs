//! Destinations, from `acuse destinations add` to `remove`.

use std::sync::{Arc, Mutex as Plain};

use acuse_core::clock::Timestamp;
use acuse_core::destination::sign::SigningSecret;
use acuse_core::providers::unopago;
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::*;

/// Locked by tests that change the stack's destinations.
static DESTINATIONS: Mutex<()> = Mutex::const_new(());

/// Answers with a status that can be changed, and keeps what it gets.
#[derive(Clone)]
struct Backend {
    url: String,
    status: Arc<Plain<u16>>,
    received: Arc<Plain<Vec<(HeaderMap, Bytes)>>>,
}

impl Backend {
    async fn start() -> Self {
        let (status, received) = (Arc::new(Plain::new(200)), Arc::new(Plain::new(Vec::new())));
        let (own, kept) = (Arc::clone(&status), Arc::clone(&received));
        let router = Router::new().fallback(move |headers: HeaderMap, body: Bytes| async move {
            kept.lock().unwrap().push((headers, body));
            (StatusCode::from_u16(*own.lock().unwrap()).unwrap(), "\u{1b}[2Jnoted")
        });
        let url = format!("{}/webhooks", serve(router).await);
        Self { url, status, received }
    }

    fn answer(&self, status: u16) {
        *self.status.lock().unwrap() = status;
    }

    fn received(&self) -> Vec<(HeaderMap, Bytes)> {
        self.received.lock().unwrap().clone()
    }

    fn bodies(&self) -> Vec<Value> {
        let received = self.received();
        let bodies = received.iter().map(|(_, body)| serde_json::from_slice(body).unwrap());
        bodies.collect()
    }

    /// The last request, once there are so many.
    async fn nth(&self, count: usize) -> (HeaderMap, Bytes) {
        eventually(&format!("{count} requests"), async || {
            self.received().get(count - 1).cloned()
        })
        .await
    }
}

pub(super) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let wait = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait)
        .await
        .unwrap_or_else(|_| panic!("{what}"))
}

/// Checks that a request is signed with each of these secrets, in their order.
fn assert_signed((headers, body): &(HeaderMap, Bytes), secrets: &[&str]) {
    let header = |name: &str| headers[name].to_str().unwrap();
    let at = Timestamp::from_seconds(header("webhook-timestamp").parse().unwrap());
    let signature = |secret: &&str| {
        SigningSecret::parse(secret)
            .unwrap()
            .sign(header("webhook-id"), at, body)
    };
    let expected: Vec<_> = secrets.iter().map(signature).collect();
    assert_eq!(header("webhook-signature"), expected.join(" "));
    assert_eq!(header("webhook-id"), header("idempotency-key"));
}

/// A program that is refused; returns its standard error.
async fn refused(arguments: &[&str], input: &str) -> String {
    let output = acuse(arguments, input).await;
    assert!(!output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// Posts a new event of this type, which no other test uses, and returns its resource's id.
async fn event(type_name: &str) -> String {
    let id = uuid::Uuid::new_v4().to_string();
    let body = json!({"event": type_name, "data": {"id": id}}).to_string();
    let provider = &unopago::PROVIDER;
    assert_eq!(post(provider, &body.into(), &local_secrets(provider)).await, 200);
    id
}

/// The event's record as `events show` prints it, once it is as wanted. Other tests send so many events that a list may
/// end before it.
async fn recorded(id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    eventually(id, async || {
        let shown = acuse(&["events", "show", id, "--json"], "").await;
        let printed = String::from_utf8(shown.stdout).unwrap();
        let mut records = printed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        records.find(|record| record["resource_id"] == id && wanted(record))
    })
    .await
}

fn delivery_is(status: &'static str) -> impl Fn(&Value) -> bool {
    move |record| record["deliveries"][0]["status"] == status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_from_its_first_event_to_its_end() {
    const TYPE: &str = "destinations.check";
    let _alone = DESTINATIONS.lock().await;
    let backend = Backend::start().await;
    let add = [
        "destinations",
        "add",
        "shop",
        "--url",
        "-",
        "--allow-private",
        "--type",
        TYPE,
    ];
    let would = done(&[&add[..], &["--dry-run"]].concat(), &backend.url).await;
    assert_eq!(would, "");
    let output = acuse(&add, &backend.url).await;
    let secret = String::from_utf8(output.stdout).unwrap().trim_end().to_owned();
    assert!(SigningSecret::parse(&secret).is_some(), "{secret}");
    let notes = String::from_utf8(output.stderr).unwrap();
    assert!(notes.contains("added the destination `shop`"), "{notes}");
    assert!(
        notes.contains(&format!("warning: no type of these providers' guides fits `{TYPE}`")),
        "{notes}"
    );
    let again = refused(&add, &backend.url).await;
    assert!(again.contains("there is a destination `shop` already"), "{again}");
    assert!(again.contains("acuse destinations update shop"), "{again}");

    // A test event, whatever the filters say.
    let printed = done(&["destinations", "test", "shop"], "").await;
    assert!(
        printed.starts_with("200 in ") && printed.contains(r"\u{1b}[2Jnoted"),
        "{printed:?}"
    );
    assert_signed(&backend.nth(1).await, &[&secret]);
    assert_eq!(backend.bodies()[0]["type"], "acuse.test");
    let sample = ["destinations", "test", "shop", "--type", "payment.approved", "--json"];
    let sample: Value = serde_json::from_str(&done(&sample, "").await).unwrap();
    assert_eq!(
        (&sample["delivered"], &sample["provider"]),
        (&json!(true), &json!("onepay"))
    );

    // The consumer knows of it within 30 s.
    let id = eventually("an event that is owed", async || {
        let id = event(TYPE).await;
        let completed = recorded(&id, |record| record["status"] == "COMPLETED").await;
        (!completed["destinations"].is_null()).then_some(id)
    })
    .await;
    let record = recorded(&id, delivery_is("DELIVERED")).await;
    let key = record["key"].as_str().unwrap().to_owned();
    assert_signed(&backend.nth(3).await, &[&secret]);
    assert_eq!(backend.bodies()[2]["key"], key);
    let shown = done(&["events", "show", &key], "").await;
    assert!(shown.contains("destination `shop`: delivered "), "{shown}");
    assert!(shown.contains(r"its answer: \u{1b}[2Jnoted"), "{shown}");

    // While it is paused, events are owed to it.
    let paused = done(&["destinations", "pause", "shop", "--reason", "moving house"], "").await;
    assert!(paused.contains("paused the destination `shop`"), "{paused}");
    let waiting = event(TYPE).await;
    let waiting = recorded(&waiting, delivery_is("OWED")).await;
    let table = done(&["events", "list", "--provider", "unopago", "--type", TYPE], "").await;
    assert!(table.contains("DELIVERING") && table.contains("COMPLETED"), "{table}");
    let filter = |status| ["events", "list", "--type", TYPE, "--status", status, "--json"];
    let delivering: Value = serde_json::from_str(&done(&filter("delivering"), "").await).unwrap();
    assert_eq!(delivering["key"], waiting["key"]);
    assert_eq!(done(&filter("GIVEN_UP"), "").await, "");
    let tail = refused(&["events", "tail", "--status", "DELIVERING"], "").await;
    assert!(tail.contains("is not a status of the ledger"), "{tail}");
    assert!(tail.contains("acuse events list --status DELIVERING"), "{tail}");
    let owed: Value = serde_json::from_str(&done(&["destinations", "owed", "shop", "--json"], "").await).unwrap();
    assert_eq!((&owed["key"], &owed["status"]), (&waiting["key"], &json!("OWED")));
    let list: Value = serde_json::from_str(&done(&["destinations", "list", "--json"], "").await).unwrap();
    assert_eq!((&list["state"], &list["owed"]), (&json!("paused"), &json!(1)));
    assert!(
        !list.to_string().contains("/webhooks"),
        "a URL's path may be secret: {list}"
    );
    let doctor = acuse(&["doctor", "--no-delivery"], "").await;
    let doctor = String::from_utf8(doctor.stdout).unwrap();
    assert!(
        doctor.contains("✗ destination shop") && doctor.contains("moving house"),
        "{doctor}"
    );
    let encoded = waiting["key"].as_str().unwrap().replace('#', "%23").replace('|', "%7C");
    let page = format!("{}/event?key={encoded}", stack().await.inspector);
    let page = acuse_cli::http::client().unwrap().get(page);
    let page = page
        .header("accept-language", "es")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        page.contains("destino <code>shop</code>") && page.contains("entregando"),
        "{page}"
    );
    for (status, is_there) in [("DELIVERING", true), ("GIVEN_UP", false)] {
        let page = format!("{}/events?type={TYPE}&status={status}", stack().await.inspector);
        let page = acuse_cli::http::client().unwrap().get(page).send().await.unwrap();
        let page = page.text().await.unwrap();
        assert_eq!(
            page.contains(&format!("data-key=\"{}\"", waiting["key"].as_str().unwrap())),
            is_there,
            "{page}"
        );
        assert!(
            page.contains(&format!("<option value=\"{status}\" selected translate=\"no\">")),
            "{page}"
        );
    }
    assert_eq!(
        done(&["destinations", "resume", "shop", "--dry-run"], "").await,
        "would resume the destination `shop`\n1 event would be queued\n"
    );
    let resumed = done(&["destinations", "resume", "shop"], "").await;
    assert_eq!(resumed, "resumed the destination `shop`\n1 event queued\n");
    let id = waiting["resource_id"].as_str().unwrap();
    recorded(id, delivery_is("DELIVERED")).await;

    // What it has taken is sent again with the same id.
    let before = backend.received().len();
    assert_eq!(
        done(&["destinations", "retry", "shop", "--key", &key], "").await,
        "1 event queued\n"
    );
    let repeated = backend.nth(before + 1).await;
    assert_eq!(repeated.0["webhook-id"], backend.received()[2].0["webhook-id"]);
    let other = refused(
        &["destinations", "retry", "shop", "--key", "onepay#live#payment#x|y"],
        "",
    )
    .await;
    assert!(other.contains("was never owed to `shop`"), "{other}");

    // A rotation.
    let new = done(&["destinations", "rotate", "shop"], "").await;
    let twice = refused(&["destinations", "rotate", "shop"], "").await;
    assert!(twice.contains("is under way"), "{twice}");
    let newer = done(&["destinations", "rotate", "shop", "--again"], "").await;
    assert_ne!(new, newer);
    backend.answer(503);
    let failed = acuse(&["destinations", "test", "shop"], "").await;
    assert_eq!(failed.status.code(), Some(1));
    let printed = String::from_utf8(failed.stdout).unwrap();
    assert!(printed.starts_with("answered 503 Service Unavailable ("), "{printed}");
    assert_signed(backend.received().last().unwrap(), &[newer.trim_end(), &secret]);
    done(&["destinations", "rotate", "shop", "--finish"], "").await;
    let nothing = refused(&["destinations", "rotate", "shop", "--finish"], "").await;
    assert!(nothing.contains("no rotation of `shop` is under way"), "{nothing}");
    backend.answer(200);

    // An update changes what is named.
    let update = [
        "destinations",
        "update",
        "shop",
        "--header",
        "Authorization: -",
        "--parallel",
        "3",
    ];
    done(&update, "hunter2\n").await;
    done(
        &["destinations", "update", "shop", "--unset", "types", "--type", TYPE],
        "",
    )
    .await;
    let list = done(&["destinations", "list", "--json"], "").await;
    let row: Value = serde_json::from_str(&list).unwrap();
    assert_eq!((&row["parallel"], &row["types"]), (&json!(3), &json!([TYPE])));
    assert_eq!(
        (&row["headers"], &row["signing_secrets"]),
        (&json!(["authorization"]), &json!(1))
    );
    done(&["destinations", "test", "shop"], "").await;
    let last = backend.received().pop().unwrap();
    assert_eq!(last.0["authorization"], "hunter2");
    assert_signed(&last, &[newer.trim_end()]);

    let asked = refused(&["destinations", "remove", "shop"], "").await;
    assert!(asked.contains("nobody can confirm it"), "{asked}");
    done(&["destinations", "remove", "shop", "--yes"], "").await;
    let none = done(&["destinations", "list"], "").await;
    assert!(none.starts_with("no destinations yet"), "{none}");
    for command in ["update", "pause", "resume", "rotate", "test", "owed", "retry", "remove"] {
        let more: &[&str] = match command {
            "update" => &["--parallel", "1"],
            "pause" => &["--reason", "x"],
            _ => &[],
        };
        let unknown = refused(&[&["destinations", command, "shop"], more].concat(), "").await;
        assert!(
            unknown.contains("error: there is no destination `shop`; none is configured"),
            "{command}: {unknown}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_that_was_removed_while_it_was_paused_begins_anew() {
    let _alone = DESTINATIONS.lock().await;
    let add = [
        "destinations",
        "add",
        "anew",
        "--url",
        "https://shop.example/",
        "--type",
        "x.y",
    ];
    done(&add, "").await;
    done(&["destinations", "pause", "anew", "--reason", "x"], "").await;
    done(&["destinations", "remove", "anew", "--yes"], "").await;
    done(&add, "").await;
    let list = done(&["destinations", "list", "--json"], "").await;
    let row: Value = serde_json::from_str(&list).unwrap();
    assert_eq!((&row["name"], &row["state"]), (&json!("anew"), &json!("recovering")));
    done(&["destinations", "remove", "anew", "--yes"], "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_add_at_the_same_moment_neither_loses_the_other() {
    let _alone = DESTINATIONS.lock().await;
    let names = ["first", "second", "third"];
    let add = names.map(async |name| {
        let url = "https://shop.example/";
        done(
            &["destinations", "add", name, "--url", url, "--type", "x.y", "--json"],
            "",
        )
        .await
    });
    let added = futures_util::future::join_all(add).await;
    for (name, printed) in names.iter().zip(added) {
        let printed: Value = serde_json::from_str(&printed).unwrap();
        assert_eq!(printed["name"], *name);
        assert!(printed["signing_secret"].as_str().unwrap().starts_with("whsec_"));
    }
    let list = done(&["destinations", "list"], "").await;
    assert!(names.iter().all(|name| list.contains(name)), "{list}");
    for name in names {
        done(&["destinations", "remove", name, "--yes"], "").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_destination_is_said_before_anything_is_stored() {
    let url = |url| ["destinations", "add", "other", "--url", url];
    for (arguments, expected) in [
        (
            &url("http://shop.example/hunter2")[..],
            "error: the URL is not encrypted; use https",
        ),
        (&url("https://u:hunter2@shop.example"), "put it into `headers`"),
        (
            &[&url("https://shop.example")[..], &["--header", "webhook-id: x"]].concat(),
            "Acuse or HTTP itself sets it",
        ),
        (
            &[&url("https://shop.example")[..], &["--timeout", "31"]].concat(),
            "31 is not in 1..=30",
        ),
        (
            &[&url("https://shop.example")[..], &["--type", "a b"]].concat(),
            "visible characters",
        ),
        (
            &["destinations", "add", "Shop", "--url", "https://shop.example"],
            "'Shop' for '<NAME>'",
        ),
        (&["destinations", "update", "other"], "nothing to change is given"),
        (
            &["destinations", "pause", "other", "--reason", " "],
            "it should say why",
        ),
    ] {
        let error = refused(arguments, "").await;
        assert!(
            error.contains(expected) && !error.contains("hunter2"),
            "{arguments:?}: {error}"
        );
    }
}

/// Starts `acuse listen`, with its standard input open, and returns it with its secret and its output.
async fn listen(url: &str, more: &[&str]) -> (Child, String, tokio::io::Lines<BufReader<tokio::process::ChildStdout>>) {
    stack().await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_acuse"));
    command
        .args(["listen", "--forward-to", url])
        .args(more)
        .arg("--state")
        .arg(state());
    command
        .current_dir("/")
        .env_remove("ACUSE_FORWARD_SECRET")
        .kill_on_drop(true);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut notes = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut secret = String::new();
    while let Some(line) = notes.next_line().await.unwrap() {
        if let Some(found) = line.strip_prefix("signing secret: ") {
            secret = found.to_owned();
        }
        if line.starts_with("press r and Enter") {
            break;
        }
    }
    // Kept open.
    tokio::spawn(async move { while let Ok(Some(_)) = notes.next_line().await {} });
    let printed = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, secret, printed)
}

#[tokio::test(flavor = "multi_thread")]
async fn listen_brings_new_events_to_a_backend_and_repeats_the_last() {
    const TYPE: &str = "listen.check";
    let backend = Backend::start().await;
    let before = event(TYPE).await;
    recorded(&before, |record| record["status"] == "COMPLETED").await;
    let (mut child, secret, mut printed) = listen(&backend.url, &["--type", TYPE]).await;
    event("listen.other").await;
    let id = event(TYPE).await;
    assert_signed(&backend.nth(1).await, &[&secret]);
    assert_eq!(backend.bodies()[0]["resource"]["id"], id);
    let line = printed.next_line().await.unwrap().unwrap();
    assert!(
        line.contains("unopago  listen.check") && line.contains("200 in "),
        "{line}"
    );
    backend.answer(500);
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"r\n").await.unwrap();
    let again = backend.nth(2).await;
    assert_eq!(again.0["webhook-id"], backend.received()[0].0["webhook-id"]);
    let line = printed.next_line().await.unwrap().unwrap();
    assert!(
        line.contains("  again  unopago") && line.contains("answered 500"),
        "{line}"
    );
    let line = printed.next_line().await.unwrap().unwrap();
    assert_eq!(line, r"  answer: \u{1b}[2Jnoted");

    // It ends at once, though standard input is open.
    let pid = child.id().unwrap().to_string();
    let kill = Command::new("kill").args(["-INT", &pid]).status();
    assert!(kill.await.unwrap().success());
    let ended = tokio::time::timeout(Duration::from_secs(10), child.wait()).await;
    assert!(ended.unwrap().unwrap().success());
    drop(stdin);

    // What came before, with --since.
    backend.answer(200);
    let (child, _, _printed) = listen(&backend.url, &["--type", TYPE, "--since", "1h"]).await;
    backend.nth(4).await;
    let ids: Vec<_> = backend.bodies()[2..]
        .iter()
        .map(|body| body["resource"]["id"].clone())
        .collect();
    assert_eq!(ids, [json!(before), json!(id)]);
    drop(child);
}

/// Runs `acuse` where there is no stack and no checkout.
async fn without_stack(arguments: &[&str], secret: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_acuse"));
    command
        .args(arguments)
        .current_dir("/")
        .env_remove("ACUSE_STACK")
        .stdin(Stdio::null());
    match secret {
        Some(secret) => command.env("ACUSE_FORWARD_SECRET", secret),
        None => command.env_remove("ACUSE_FORWARD_SECRET"),
    };
    command.kill_on_drop(true).output().await.unwrap()
}

#[tokio::test]
async fn a_sample_reaches_a_backend_without_any_stack() {
    let backend = Backend::start().await;
    let to = ["--forward-to", &backend.url];
    let send = ["send", "onepay", "payment.approved", "--reference", "ORD-7", "--twice"];
    let output = without_stack(&[&send[..], &to].concat(), None).await;
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        printed.lines().filter(|line| line.starts_with("200 in ")).count(),
        2,
        "{printed}"
    );
    let notes = String::from_utf8(output.stderr).unwrap();
    let secret = notes
        .lines()
        .find_map(|line| line.strip_prefix("signing secret: "))
        .unwrap();
    let received = backend.received();
    received.iter().for_each(|request| assert_signed(request, &[secret]));
    assert_eq!(received[0].0["webhook-id"], received[1].0["webhook-id"]);
    assert_eq!(backend.bodies()[0]["reference"], "ORD-7");

    let own = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";
    let scenario = ["send", "--scenario", "paid-then-refunded", "--json"];
    backend.answer(404);
    let output = without_stack(&[&scenario[..], &to].concat(), Some(own)).await;
    assert_eq!(output.status.code(), Some(1));
    let notes = String::from_utf8(output.stderr).unwrap();
    assert!(
        notes.contains("error: the backend did not take 4 of 4 requests") && !notes.contains("whsec"),
        "{notes}"
    );
    let lines = String::from_utf8(output.stdout).unwrap();
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!((&first["status"], &first["delivered"]), (&json!(404), &json!(false)));
    assert_signed(backend.received().last().unwrap(), &[own]);

    let wrong = without_stack(
        &["send", "onepay", "charge.paid", "--forward-to", "http://shop.example/x"],
        None,
    )
    .await;
    let error = String::from_utf8(wrong.stderr).unwrap();
    assert!(error.contains("the URL is not encrypted; use https"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_stack_forwards_every_event() {
    let backend = Backend::start().await;
    let state = Path::new(env!("CARGO_TARGET_TMPDIR")).join("forward");
    let mut options = Options::isolated(&state);
    options.forward = Some(acuse_core::destination::config::Target::parse(&backend.url).unwrap());
    let stack = Stack::start(options).await.unwrap();
    let (_, secret) = stack.forward().unwrap().clone();
    let provider = &unopago::PROVIDER;
    let body = payment(provider);
    assert_eq!(
        post_at(stack.running(), provider, &body, &local_secrets(provider)).await,
        200
    );
    assert_signed(&backend.nth(1).await, &[&secret.expose()]);
    let data = backend.bodies()[0]["data"].clone();
    assert_eq!(data, serde_json::from_slice::<Value>(&body).unwrap());
    stack.stop().await;
}
