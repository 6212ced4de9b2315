//! Attacks on the port that a tunnel exposes: only invocations of the matched route's function reach the emulator.

use std::net::Ipv4Addr;
use std::sync::Mutex;

use axum::http::Uri;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::super::deploy::Function;
use super::*;
use crate::loopback::Loopback;

/// How long a test waits for an answer, which is longer than the server's time-outs.
const TIMEOUT: Duration = Duration::from_secs(60);

const INVOCATION: &str = "/2015-03-31/functions/pagosya/invocations";

/// The server, and an emulator that records the paths it is called at.
struct Attacked {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Attacked {
    /// With the routes of a function in the template.
    async fn start() -> Self {
        Self::with(&[
            "POST /webhooks/pagosya",
            "ANY /webhooks/pagosya",
            "ANY /webhooks/pagosya/{proxy+}",
        ])
        .await
    }

    async fn with(routes: &[&str]) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (emulator, seen) = (Loopback::bind(0).await.unwrap(), Arc::clone(&asked));
        let endpoint = format!("http://127.0.0.1:{}", emulator.port());
        let record = move |uri: Uri| {
            seen.lock().unwrap().push(uri.path().to_owned());
            async { r#"{"statusCode":200,"body":"OK"}"# }
        };
        tokio::spawn(emulator.serve(Router::new().fallback(record), true));
        let routes = routes.iter().map(|route| self::route(route)).collect();
        let front = Front::new(Api::new(endpoint).unwrap(), None, routes).unwrap();
        let loopback = Loopback::bind(0).await.unwrap();
        let port = loopback.port();
        tokio::spawn(loopback.serve(front.router(), true));
        Self { port, asked }
    }

    /// Sends exactly this and closes its side. Returns the answer's status, if any.
    async fn send(&self, request: &[u8]) -> Option<u16> {
        let mut stream = self.open(request).await;
        stream.shutdown().await.unwrap();
        status(&mut stream).await
    }

    async fn open(&self, request: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.unwrap();
        // A server that refuses early may close before reading everything.
        let _ = stream.write_all(request).await;
        stream
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn route(key: &str) -> Route {
    let (method, path) = key.split_once(' ').unwrap();
    Route {
        method: method.into(),
        path: path.into(),
        function: Function::named("pagosya"),
    }
}

async fn status(stream: &mut TcpStream) -> Option<u16> {
    let mut head = [0; 12];
    let read = tokio::time::timeout(TIMEOUT, stream.read_exact(&mut head)).await;
    read.expect("answered or closed").ok()?;
    std::str::from_utf8(&head)
        .unwrap()
        .strip_prefix("HTTP/1.1 ")?
        .parse()
        .ok()
}

fn request(method: &str, target: &str, host: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
        .into()
}

#[tokio::test]
async fn only_the_routes_paths_reach_the_emulator() {
    let attacked = Attacked::start().await;
    for target in [
        "/webhooks/../../../../../2015-03-31/functions",
        "/webhooks/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/2015-03-31/functions",
        "/webhooks/..%2f..%2f..%2f..%2f..%2f2015-03-31%2ffunctions",
        "/webhooks/pagosya/../../2015-03-31/functions",
        "/webhooks/..%5c..%5c2015-03-31",
        "/webhooks/..\\..\\2015-03-31\\functions",
        "//webhooks/pagosya",
        "/webhooks//pagosya",
        "/./webhooks/pagosya",
        "/webhooks/pagosya//",
        "/webhooks/pagosya/Test",
        "/webhooks/pagosya/_test",
        "/webhooks/pagosya/test//",
        "/webhooks/pagosya//test",
        "/webhooks/pagosya/a/b",
        "/webhooks/pagosya/test/..",
        "/webhooks/pagosya/a%2fb",
        "/webhooks/pagosya/%74est",
        "/webhooks/pagosya/test%00",
        "/webhooks/pagosya/test;a=b",
        "/webhooks/pagosya/..",
        "/webhooks/pagosya/%2e%2e/",
        "/webhooks/pagosya/{proxy+}",
        "/webhooks/pagosya;a=b",
        "/webhooks/pagosya%00",
        "/webhooks/%70agosya",
        "/WEBHOOKS/pagosya",
        "/webhooks/pagosya%3f",
        "/webhooks/",
        "/webhooks",
        "/",
        "/2015-03-31/functions",
        "/_ministack/reset",
        "/_aws/execute-api/x/$default/webhooks/pagosya",
        "/healthz/../2015-03-31/functions",
        "http://127.0.0.1:4566/2015-03-31/functions",
        "http://evil.example/webhooks/../2015-03-31/functions",
    ] {
        let status = attacked.send(&request("POST", target, "127.0.0.1:3000", "{}")).await;
        // Invalid targets are refused as malformed.
        assert!(matches!(status, Some(404 | 400)), "{target}: {status:?}");
    }
    assert_eq!(attacked.asked(), Vec::<String>::new());
    let served = [
        "/webhooks/pagosya",
        "/webhooks/pagosya/",
        "/webhooks/pagosya/test",
        "/webhooks/pagosya/test/?to=/../2015-03-31/functions",
        "/webhooks/pagosya?to=../../2015-03-31/functions",
        "/webhooks/pagosya/?/../../2015-03-31/functions",
        "/webhooks/pagosya?",
        "/webhooks/pagosya?a=%20%22%3C%3E&b='`{}|^[]",
        "/webhooks/pagosya?a=ñ",
        "http://127.0.0.1:4566/webhooks/pagosya",
    ];
    for target in served {
        let status = attacked.send(&request("POST", target, "127.0.0.1:3000", "{}")).await;
        assert_eq!(status, Some(200), "{target}");
    }
    assert_eq!(attacked.asked(), [INVOCATION; 10]);
    // Invalid request targets (RFC 9112, 3.2), which the HTTP library refuses.
    for target in [
        "/webhooks/pagosya?a=b c",
        "/webhooks/pagosya?a\tb",
        "/webhooks/pagosya?a=\"b\"",
        "/webhooks/pagosya?<b>",
    ] {
        let status = attacked.send(&request("POST", target, "127.0.0.1:3000", "{}")).await;
        assert_eq!(status, Some(400), "{target}");
    }
    assert_eq!(attacked.asked(), [INVOCATION; 10]);
}

#[tokio::test]
async fn each_method_reaches_only_the_routes_function() {
    let attacked = Attacked::start().await;
    let methods = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "FOO",
    ];
    for target in ["/webhooks/pagosya", "/webhooks/pagosya/"] {
        for method in methods {
            let status = attacked.send(&request(method, target, "localhost", "")).await;
            assert_eq!(status, Some(200), "{method} {target}");
        }
    }
    assert_eq!(attacked.asked(), [INVOCATION; 18]);
}

#[tokio::test]
async fn a_method_without_a_route_is_answered_405() {
    let attacked = Attacked::with(&["POST /webhooks/pagosya"]).await;
    for method in ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "FOO"] {
        let status = attacked
            .send(&request(method, "/webhooks/pagosya", "localhost", ""))
            .await;
        assert_eq!(status, Some(405), "{method}");
    }
    for method in ["POST", "OPTIONS", "DELETE"] {
        let status = attacked.send(&request(method, "/healthz", "localhost", "")).await;
        assert_eq!(status, Some(405), "{method} /healthz");
    }
    let status = attacked
        .send(&request("CONNECT", "127.0.0.1:4566", "127.0.0.1:4566", ""))
        .await;
    assert!(matches!(status, Some(404 | 405 | 400)), "CONNECT: {status:?}");
    let status = attacked.send(&request("OPTIONS", "*", "localhost", "")).await;
    assert!(matches!(status, Some(404)), "OPTIONS *: {status:?}");
    assert_eq!(attacked.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn any_host_is_accepted() {
    let attacked = Attacked::start().await;
    for host in [
        "a1b2.ngrok.app",
        "evil.example:443",
        "127.0.0.1:4566",
        "a/b",
        "bad host",
        "[",
        "",
    ] {
        let status = attacked.send(&request("POST", "/webhooks/pagosya", host, "{}")).await;
        assert_eq!(status, Some(200), "{host}");
    }
    assert!(attacked.asked().iter().all(|path| path == INVOCATION));
}

#[tokio::test]
async fn an_incomplete_body_is_answered_400_and_a_too_long_one_413() {
    let attacked = Attacked::start().await;
    let head = "POST /webhooks/pagosya HTTP/1.1\r\nHost: a\r\n";
    let half = format!("{head}Content-Length: 100\r\n\r\n{{\"half\":");
    assert_eq!(attacked.send(half.as_bytes()).await, Some(400));
    let half = format!("{head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    assert_eq!(attacked.send(half.as_bytes()).await, Some(400));
    let broken = format!("{head}Transfer-Encoding: chunked\r\n\r\nxyz\r\n");
    assert_eq!(attacked.send(broken.as_bytes()).await, Some(400));
    // By its announced length, before it is sent.
    let announced = format!("{head}Content-Length: {}\r\n\r\n", LONGEST_BODY + 1);
    let mut stream = attacked.open(announced.as_bytes()).await;
    assert_eq!(status(&mut stream).await, Some(413));
    // By what is sent.
    let mut chunks = format!("{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n", LONGEST_BODY + 1).into_bytes();
    chunks.resize(chunks.len() + LONGEST_BODY + 1, b'a');
    let mut stream = attacked.open(&chunks).await;
    assert_eq!(status(&mut stream).await, Some(413));
    assert_eq!(attacked.asked(), Vec::<String>::new());
    for smuggled in [
        format!("{head}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}a"),
        format!("{head}Content-Length: -1\r\n\r\n"),
        format!("{head}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
    ] {
        assert_eq!(attacked.send(smuggled.as_bytes()).await, Some(400), "{smuggled}");
    }
    assert_eq!(attacked.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn idle_connections_are_closed_and_block_nobody() {
    let attacked = Attacked::start().await;
    let mut idle = Vec::new();
    for start in ["", "POST", "POST /webhooks/pagosya HTTP/1.1\r\nHost: a\r\nX-Slow: "] {
        idle.push(attacked.open(start.as_bytes()).await);
    }
    let status = attacked.send(&request("POST", "/webhooks/pagosya", "a", "{}")).await;
    assert_eq!(status, Some(200));
    for mut stream in idle {
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(TIMEOUT, stream.read_to_end(&mut rest)).await;
        assert!(closed.is_ok(), "still open");
    }
    assert_eq!(attacked.asked(), [INVOCATION]);
}

#[test]
fn a_path_is_built_from_the_route_and_the_account() {
    let greedy = Served::new(route("ANY /webhooks/pagosya/{proxy+}")).unwrap();
    for (below, proxy) in [
        ("", Some("")),
        ("test", Some("test")),
        ("test/", Some("test/")),
        ("/", None),
        ("test//", None),
        ("test/a", None),
        ("Test", None),
        (&"a".repeat(65), None),
    ] {
        let path = format!("/webhooks/pagosya/{below}");
        let matched = greedy.matches(&path).map(|matched| (matched.path, matched.proxy));
        assert_eq!(matched, proxy.map(|proxy| (path, Some(proxy.to_owned()))), "{below}");
    }
    assert!(greedy.matches("/webhooks/pagosya").is_none());
    let exact = Served::new(route("POST /webhooks/pagosya")).unwrap();
    assert!(exact.matches("/webhooks/pagosya/").is_none());
    assert_eq!(exact.matches("/webhooks/pagosya").unwrap().proxy, None);
}

#[test]
fn a_route_with_a_parameter_is_an_error_that_names_it() {
    for key in [
        "POST /webhooks/{name}",
        "POST /webhooks/{proxy+}/pagosya",
        "POST /{name}/{proxy+}",
        "ANY $default",
    ] {
        let api = Api::new("http://127.0.0.1:1".into()).unwrap();
        let refused = Front::new(api, None, vec![route(key)]).err().unwrap();
        let path = key.split_once(' ').unwrap().1;
        assert!(refused.to_string().ends_with(path), "{refused}");
    }
}
