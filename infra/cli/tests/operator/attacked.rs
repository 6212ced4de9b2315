//! Attacks by pages of other sites, open in the developer's browser, on every port of a running stack.

use axum::Router;
use axum::response::{Html, Redirect};
use axum::routing::get;
use fantoccini::Client;
use serde_json::{Value, json};

use super::browser::Browser;
use super::*;

/// Tries to reach `url` in every way that a page has, and returns what the page learns from each.
const ATTACK: &str = r#"
const [{ url, body, type }, done] = arguments;
const late = new Promise((resolve) => setTimeout(resolve, 20000, "late"));
const outcome = (tried) => Promise.race([tried.then(String, () => "refused"), late]);
const post = (more) => fetch(url, { method: "POST", body, ...more });
const framed = (tag, prepare) => new Promise((resolve) => {
  const frame = document.createElement("iframe");
  frame.name = "frame" + Math.random();
  frame.addEventListener("load", () => resolve("loaded"));
  document.body.append(frame);
  prepare(frame);
});
const form = (enctype) => framed("form", (frame) => {
  const form = document.createElement("form");
  Object.assign(form, { method: "post", action: url, enctype, target: frame.name });
  const field = document.createElement("input");
  // As text/plain, a form sends `name=value`: together, they are the JSON.
  [field.name, field.value] = [body.slice(0, body.indexOf("=")), body.slice(body.indexOf("=") + 1)];
  form.append(field);
  document.body.append(form);
  form.submit();
});
Promise.all([
  outcome(post({ mode: "no-cors", headers: { "content-type": type } })),
  outcome(post({ headers: { "content-type": type } }).then((answer) => answer.text())),
  outcome(post({ headers: { "content-type": "application/json", "x-amz-target": "AmazonSQS.CreateQueue" } }).then((answer) => answer.text())),
  outcome(fetch(url).then((answer) => answer.text())),
  outcome(form("text/plain")),
  outcome(form("application/x-www-form-urlencoded")),
  outcome(new Promise((resolve, reject) => {
    const events = new EventSource(url);
    events.onopen = () => resolve("open");
    events.onerror = () => (events.close(), reject());
  })),
  outcome(new Promise((resolve, reject) => {
    const socket = new WebSocket(url.replace("http", "ws"));
    socket.onopen = () => resolve("open");
    socket.onerror = reject;
  })),
]).then(done);
"#;

/// What a page of another site learns from [`ATTACK`]: an opaque answer, nothing that it may read, that two frames
/// loaded, and no stream.
const NOTHING: [&str; 8] = [
    "[object Response]",
    "refused",
    "refused",
    "refused",
    "loaded",
    "loaded",
    "refused",
    "refused",
];

/// Lets the open page attack `url` with `body`, as a content type that browsers send without preflight.
async fn attack(browser: &Client, url: &str, kind: &str, body: &str) -> Vec<String> {
    let attack = json!({"url": url, "type": kind, "body": body});
    let told = browser.execute_async(ATTACK, vec![attack]).await.unwrap();
    let mut told: Vec<String> = serde_json::from_value(told).unwrap();
    // A refusal that comes before the body was read may reset the connection: the page learns even less.
    if told[0] == "refused" {
        told[0] = NOTHING[0].to_owned();
    }
    told
}

/// What an attacker would change in the emulator: its functions and queues.
async fn loot() -> (Vec<String>, Vec<String>) {
    let running = stack().await;
    let client = acuse_cli::http::client().unwrap();
    let functions = client.get(format!("{}/2015-03-31/functions/", running.endpoint));
    let functions: Value = serde_json::from_str(&functions.send().await.unwrap().text().await.unwrap()).unwrap();
    let names = functions["Functions"].as_array().unwrap().iter();
    let functions = names.map(|function| function["FunctionName"].to_string()).collect();
    let sqs = aws_sdk_sqs::Client::new(&running.sdk());
    let queues = sqs.list_queues().send().await.unwrap().queue_urls.unwrap_or_default();
    (functions, queues)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_site_reaches_nothing() {
    let Some(browser) = Browser::open("attacked").await else {
        return;
    };
    let running = stack().await;
    // Another site: a server on this machine, under that name for the browser.
    let loot_by_link = format!(
        "{}/?Action=CreateQueue&Version=2012-11-05&QueueName=evil",
        running.endpoint
    );
    let router = Router::new()
        .route("/link", get(async move || Redirect::to(&loot_by_link)))
        .fallback(async || Html("<!doctype html><body>"));
    let site = serve(router).await;
    let port = site.rsplit(':').next().unwrap();
    let before = loot().await;
    assert_eq!(before.0.len(), 5, "{before:?}");
    // The form splits it at `=`.
    let function = json!({
        "FunctionName": "evil", "Runtime": "python3.11", "Handler": "a.b=",
        "Role": "arn:aws:iam::000000000000:role/evil", "Code": {"ZipFile": "UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA=="},
    });
    for site in ["evil.example", "localhost", "127.0.0.1"] {
        browser.client.goto(&format!("http://{site}:{port}/")).await.unwrap();
        for url in [
            format!("{}/2015-03-31/functions", running.endpoint),
            format!("{}/2015-03-31/functions", running.http),
            format!("{}/2015-03-31/functions", running.inspector),
        ] {
            let told = attack(&browser.client, &url, "text/plain", &function.to_string()).await;
            assert_eq!(told, NOTHING, "{site} at {url}");
        }
        let queue = "Action=CreateQueue&QueueName=evil";
        let told = attack(
            &browser.client,
            &running.endpoint,
            "application/x-www-form-urlencoded",
            queue,
        )
        .await;
        assert_eq!(told, NOTHING, "{site} at the emulator");
        for path in ["/", "/live", "/send", "/replay", "/inspector.js"] {
            let (url, form) = (
                format!("{}{path}", running.inspector),
                "sample=unopago+payment_received",
            );
            let told = attack(&browser.client, &url, "application/x-www-form-urlencoded", form).await;
            assert_eq!(told, NOTHING, "{site} at the inspector's {path}");
        }
        for path in ["/webhooks/unopago", "/healthz"] {
            let url = format!("{}{path}", running.http);
            let told = attack(&browser.client, &url, "text/plain", "{\"a\":\"=\"}").await;
            assert_eq!(told, NOTHING, "{site} at {path}");
        }
    }
    assert_eq!(loot().await, before);

    // A link that somebody typed or found in a chat redirects to the emulator.
    browser
        .client
        .goto(&format!("http://evil.example:{port}/link"))
        .await
        .unwrap();
    let shown = browser.client.source().await.unwrap();
    assert!(shown.contains("refused: a browser sent this"), "{shown}");
    assert_eq!(loot().await, before);

    // If the other site points one of its names to this machine, its page has the same origin as what answers
    // there (DNS rebinding).
    for base in [&running.endpoint, &running.inspector] {
        let port = base.rsplit(':').next().unwrap();
        let url = format!("http://evil.example:{port}/");
        browser.client.goto(&url).await.unwrap();
        let shown = browser.client.source().await.unwrap();
        assert!(shown.contains("localhost"), "{url}: {shown}");
        let told = attack(
            &browser.client,
            &format!("{url}live"),
            "text/plain",
            &function.to_string(),
        )
        .await;
        assert_eq!(told[6..], ["refused", "refused"], "{url}");
    }
    assert_eq!(loot().await, before);
    browser.client.clone().close().await.unwrap();
}

/// Headers that only browsers send.
#[tokio::test(flavor = "multi_thread")]
async fn the_emulator_refuses_requests_from_browsers() {
    let running = stack().await;
    let client = acuse_cli::http::client().unwrap();
    let url = format!("{}/2015-03-31/functions/", running.endpoint);
    for (name, value, expected) in [
        ("origin", "http://evil.example", 403),
        ("origin", "null", 403),
        ("origin", "", 403),
        ("sec-fetch-site", "cross-site", 403),
        ("sec-fetch-site", "same-site", 403),
        ("sec-fetch-site", "same-origin", 403),
        ("sec-fetch-site", "none", 403),
        ("sec-fetch-mode", "navigate", 403),
        ("referer", "http://evil.example/", 403),
        ("cookie", "a=b", 403),
        ("user-agent", "Mozilla/5.0 (X11; Linux x86_64)", 403),
        ("host", "evil.example", 403),
        ("host", "127.0.0.1.evil.example", 403),
        ("host", "localhost.evil.example:4566", 403),
        ("host", "evil.example:localhost", 403),
        ("host", "localhost:4566", 200),
        ("host", "[::1]:4566", 200),
        ("host", "bucket.s3.localhost:4566", 200),
    ] {
        let answer = client.get(&url).header(name, value).send().await.unwrap();
        let cors = answer
            .headers()
            .keys()
            .any(|name| name.as_str().starts_with("access-control-"));
        assert!(!cors, "{name}: {value} has {:?}", answer.headers());
        let status = answer.status().as_u16();
        // Another service answers under a bucket's name.
        assert_eq!(status == 403, expected == 403, "{name}: {value}: {status}");
    }
    let preflight = client.request(reqwest::Method::OPTIONS, &url);
    let preflight = preflight
        .header("access-control-request-method", "POST")
        .send()
        .await
        .unwrap();
    assert!(!preflight.headers().contains_key("access-control-allow-origin"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tunnelled_port_has_no_inspector_and_streams_are_capped() {
    // The other browser test needs one of the streams.
    let _queues = QUARANTINE.lock().await;
    let running = stack().await;
    let client = acuse_cli::http::client().unwrap();
    for path in [
        "/",
        "/live",
        "/event",
        "/quarantine",
        "/dead-letters",
        "/send",
        "/inspector.js",
    ] {
        let status = client
            .get(format!("{}{path}", running.http))
            .send()
            .await
            .unwrap()
            .status();
        assert_eq!(status, 404, "{path}");
    }
    let live = format!("{}/live", running.inspector);
    let mut open = Vec::new();
    let refused = loop {
        let answer = client.get(&live).send().await.unwrap();
        match answer.status().as_u16() {
            200 => open.push(answer),
            status => break status,
        }
        assert!(open.len() <= 64, "no end of streams");
    };
    assert_eq!(refused, 503);
    drop(open);
    // A stream whose reader is gone is closed at its next line.
    let room = async {
        while client.get(&live).send().await.unwrap().status() != 200 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, room)
        .await
        .expect("room for another page");
}

/// The ports at which the emulator gives the stack's functions their events: one for each.
#[cfg(target_os = "linux")]
fn runtime_apis(endpoint: &str) -> Vec<String> {
    let mut apis = Vec::new();
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(environment) = std::fs::read(process.path().join("environ")) else {
            continue;
        };
        let variables: Vec<&str> = environment
            .split(|byte| *byte == 0)
            .filter_map(|variable| std::str::from_utf8(variable).ok())
            .collect();
        let own = variables.contains(&format!("AWS_ENDPOINT_URL={endpoint}").as_str());
        let api = variables
            .iter()
            .find_map(|variable| variable.strip_prefix("AWS_LAMBDA_RUNTIME_API="));
        apis.extend(api.filter(|_| own).map(str::to_owned));
    }
    apis
}

/// Whoever asks there gets the next delivery with its headers, and can answer it in place of the function.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_functions_port_refuses_requests_from_browsers() {
    use acuse_core::providers::kuenta;
    let running = stack().await;
    let secrets = local_secrets(&kuenta::PROVIDER);
    assert_eq!(
        post(&kuenta::PROVIDER, &payment(&kuenta::PROVIDER), &secrets).await,
        200
    );
    let apis = runtime_apis(&running.endpoint);
    assert!(!apis.is_empty(), "no function runs");
    let client = acuse_cli::http::client().unwrap();
    for api in &apis {
        let next = format!("http://{api}/2018-06-01/runtime/invocation/next");
        for (name, value) in [
            ("origin", "http://evil.example"),
            ("sec-fetch-site", "cross-site"),
            ("host", "evil.example"),
        ] {
            let status = client.get(&next).header(name, value).send().await.unwrap().status();
            assert_eq!(status, 403, "{name}: {value} at {api}");
        }
    }
    assert_eq!(
        post(&kuenta::PROVIDER, &payment(&kuenta::PROVIDER), &secrets).await,
        200
    );
}

/// A write to a closed connection once ended the whole program, by a signal.
#[tokio::test(flavor = "multi_thread")]
async fn the_inspector_survives_clients_that_close_their_connection() {
    use tokio::io::{AsyncBufReadExt, BufReader};
    stack().await;
    let mut inspect = Command::new(env!("CARGO_BIN_EXE_acuse"));
    inspect.args(["inspect", "--port", "0", "--state"]).arg(state());
    let mut inspect = inspect.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(inspect.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let url = line.split_whitespace().next().unwrap();
    let address = url.strip_prefix("http://").unwrap();
    for _ in 0..20 {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let get = format!("GET / HTTP/1.1\r\nHost: {address}\r\n\r\n");
        stream.write_all(get.repeat(3).as_bytes()).await.unwrap();
    }
    for _ in 0..20 {
        let status = acuse_cli::http::client()
            .unwrap()
            .get(url)
            .send()
            .await
            .unwrap()
            .status();
        assert_eq!(status, 200);
    }
    assert!(inspect.try_wait().unwrap().is_none(), "it has ended");
}
