//! Requests to a server in the test's process.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Mutex;
use std::time::Duration;

use acuse_core::clock::Clock;
use acuse_core::hook::HookError;
use acuse_core::testing::StoppedClock;
use serde::Deserialize;

use super::*;
use crate::hook::tests::{attempt, event, now};
use crate::hook::{Hook, HookResult, Hooks, SecretText, TransactionalHook, Writes};

/// Answers every request with this text, or never if there is none, and keeps the requests.
struct Server {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn start(answer: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let kept = Arc::clone(&requests);
        std::thread::spawn(move || {
            let mut open = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = [0; 8192];
                let length = stream.read(&mut request).unwrap_or_default();
                kept.lock()
                    .unwrap()
                    .push(String::from_utf8_lossy(&request[..length]).into_owned());
                match answer {
                    Some(answer) => stream.write_all(answer.as_bytes()).unwrap(),
                    None => open.push(stream),
                }
            }
        });
        Self { address, requests }
    }

    fn url(&self) -> String {
        format!("http://{}/v1/invoices?key=juan", self.address)
    }

    fn request(&self) -> String {
        self.requests
            .lock()
            .unwrap()
            .remove(0)
            .replace(&self.address.to_string(), "{server}")
    }
}

fn http() -> Http {
    Http::new(Arc::new(StoppedClock::at(now()))).unwrap()
}

fn paid() -> Event {
    let mut event = event(r#"{"payment":{"id":"p-1"},"event":{"type":"payment.approved"}}"#);
    event.trace = Some("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1".to_owned());
    event
}

const CREATED: &str =
    "HTTP/1.1 201 Created\r\nlocation: /v1/invoices/7\r\ncontent-length: 8\r\nconnection: close\r\n\r\n{\"id\":7}";

#[derive(Debug, Deserialize)]
struct Invoice {
    id: u32,
}

#[tokio::test]
async fn a_request_carries_what_it_is_given_and_the_trace() {
    let server = Server::start(Some(CREATED));
    let (http, event) = (http(), paid());
    let (url, token) = (server.url(), SecretText::from("token"));
    let request = http
        .post(&url)
        .bearer(&token)
        .header("idempotency-key", event.idempotency_key())
        .json(&serde_json::json!({"payment": "p-1"}));
    assert!(!format!("{request:?}").contains("juan"));
    let response = limited_by(&event, attempt(), request.send()).await.unwrap();
    assert_eq!(
        (response.status(), response.header("location")),
        (201, Some("/v1/invoices/7"))
    );
    assert_eq!(response.json::<Invoice>().unwrap().id, 7);
    insta::assert_snapshot!(server.request().replace("\r\n", "\n"), @r#"
    POST /v1/invoices?key=juan HTTP/1.1
    user-agent: acuse
    authorization: Bearer token
    idempotency-key: e9568136-db1d-87b2-97ce-5eff4b58aae4
    content-type: application/json
    x-amzn-trace-id: Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1
    host: {server}
    content-length: 17

    {"payment":"p-1"}
    "#);

    let response = http.get(&url).send().await.unwrap();
    assert_eq!(response.body().as_ref(), b"{\"id\":7}");
    assert!(!server.request().contains("x-amzn-trace-id"), "outside of a hook");
    for request in [http.put(&url), http.patch(&url), http.delete(&url)] {
        request.send().await.unwrap();
    }
    let methods: Vec<_> = (0..3)
        .map(|_| server.request().split(' ').next().unwrap().to_owned())
        .collect();
    assert_eq!(methods, ["PUT", "PATCH", "DELETE"]);
}

/// Calls this URL.
struct Caller(Http, String);

impl Hook for Caller {
    fn name(&self) -> &'static str {
        "caller"
    }

    async fn call(&self, _: &Event, _: Attempt, _: &mut Writes) -> HookResult {
        self.0.get(&self.1).send().await?;
        Ok(())
    }
}

impl TransactionalHook for Caller {
    fn name(&self) -> &'static str {
        "reader"
    }

    async fn write(&self, _: &Event, _: &mut Writes) -> HookResult {
        self.0.get(&self.1).send().await?;
        Ok(())
    }
}

#[tokio::test]
async fn hooks_of_both_kinds_have_deadline_and_trace() {
    let server = Server::start(Some(CREATED));
    let mut hooks = Hooks::default();
    hooks.transactional(Caller(http(), server.url()));
    hooks.acting(Caller(http(), server.url()));
    let over = Attempt {
        deadline: now(),
        ..attempt()
    };
    for hook in hooks.into_vec() {
        assert!(hook.call(&paid(), attempt()).await.unwrap().is_none());
        assert!(
            server.request().contains("x-amzn-trace-id: Root=1-5759e988"),
            "{}",
            hook.name()
        );
        let error = hook.call(&paid(), over).await.unwrap_err();
        assert_eq!(
            error,
            HookError::retry("GET 127.0.0.1: the attempt ends before a request can be made")
        );
    }
}

#[tokio::test]
async fn every_error_is_a_retry_that_names_the_host_and_nothing_secret() {
    async fn reason(work: impl Future<Output = Result<Response, HttpError>>) -> String {
        let result: HookResult = async {
            work.await?.json::<Invoice>()?;
            Ok(())
        }
        .await;
        match result.unwrap_err() {
            HookError::Retry { reason, after: None } => reason,
            other => panic!("{other:?}"),
        }
    }
    let refused = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/juan", listener.local_addr().unwrap())
    };
    let answers = [
        "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\nconnection: close\r\n\r\njuan",
        "HTTP/1.1 409 Conflict\r\ncontent-length: 4\r\nconnection: close\r\n\r\njuan",
        "HTTP/1.1 302 Found\r\nlocation: /juan\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 13\r\nconnection: close\r\n\r\n{\"id\":\"juan\"}",
        "juan",
    ];
    let http = http();
    let mut reasons = Vec::new();
    for answer in answers {
        let server = Server::start(Some(answer));
        reasons.push(reason(http.post(&server.url()).send()).await);
    }
    let refused = reason(http.post(&refused).send()).await;
    assert!(refused.starts_with("POST 127.0.0.1: no answer: "), "{refused}");
    for request in [
        http.post("juan"),
        http.post("ftp://juan/"),
        http.post("https:// juan"),
        http.post("https://h/").header("ju an", "x"),
        http.post("https://h/").header("x-mail", "juan\n"),
        http.post("https://h/").header("Host", "juan"),
        http.post("https://h/")
            .json(&std::collections::BTreeMap::from([(None::<u8>, "juan")])),
    ] {
        reasons.push(reason(request.send()).await);
    }
    assert!(reasons.iter().all(|reason| !reason.contains("juan")), "{reasons:#?}");
    insta::assert_snapshot!(reasons.join("\n"), @r#"
    POST 127.0.0.1: 503 Service Unavailable
    POST 127.0.0.1: 409 Conflict
    POST 127.0.0.1: 302 Found
    the answer of 127.0.0.1 is not a valid `Invoice`: id: invalid type: string, expected u32
    POST 127.0.0.1: no answer: client error (SendRequest): invalid HTTP version parsed
    a POST request can't be sent: its URL should start with `https://` and a host
    a POST request can't be sent: its URL should start with `https://` and a host
    a POST request can't be sent: its URL is not valid
    a POST request can't be sent: "ju an" is not a name of a header
    a POST request can't be sent: the value of the header `x-mail` has control characters
    a POST request can't be sent: the header `host` follows from the URL
    a POST request can't be sent: its body can't be written as JSON
    "#);
}

#[tokio::test]
async fn a_hook_can_look_at_an_answer_that_is_an_error() {
    let server = Server::start(Some(
        "HTTP/1.1 422 \r\ncontent-length: 8\r\nconnection: close\r\n\r\n{\"id\":9}",
    ));
    let error = http().get(&server.url()).send().await.unwrap_err();
    assert_eq!(error.status(), Some(422));
    assert_eq!(error.response().unwrap().json::<Invoice>().unwrap().id, 9);
}

#[tokio::test]
async fn a_request_ends_before_its_attempt() {
    let server = Server::start(None);
    let clock = StoppedClock::at(now()).impatient();
    let http = Http::new(Arc::new(clock.clone())).unwrap();
    let (event, attempt, url) = (paid(), attempt(), server.url());
    clock.advance(attempt.deadline.since(now()) - Duration::from_millis(300));
    let error = limited_by(&event, attempt, http.get(&url).send()).await.unwrap_err();
    assert_eq!(error.to_string(), "GET 127.0.0.1: no answer within 50 ms");
    clock.advance(Duration::from_millis(51));
    let error = limited_by(&event, attempt, http.get(&url).send()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "GET 127.0.0.1: the attempt ends before a request can be made"
    );
    let short = http
        .get(&url)
        .timeout(Duration::from_millis(20))
        .send()
        .await
        .unwrap_err();
    assert_eq!(short.to_string(), "GET 127.0.0.1: no answer within 20 ms");
    assert_eq!(clock.now().since(attempt.started_at), Duration::from_millis(27_751));
}
