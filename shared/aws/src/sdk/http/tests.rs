//! What happens to connections while Lambda freezes the sandbox and the other end closes them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use acuse_core::clock::Timestamp;
use acuse_core::testing::StoppedClock;

use super::*;

/// Answers on every connection that it has not forgotten.
#[derive(Clone, Default)]
struct Server {
    opened: Arc<AtomicUsize>,
    /// Connections with a lower number get no answer.
    forgotten: Arc<AtomicUsize>,
}

impl Server {
    fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let server = self.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (server, number) = (server.clone(), server.opened.fetch_add(1, Ordering::SeqCst));
                std::thread::spawn(move || server.answer(stream.unwrap(), number));
            }
        });
        url
    }

    fn answer(&self, mut stream: TcpStream, number: usize) {
        let mut request = [0; 4096];
        while stream.read(&mut request).is_ok_and(|length| length > 0) {
            // As a gateway does that has dropped the connection.
            if number < self.forgotten.load(Ordering::SeqCst) {
                return;
            }
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .unwrap();
        }
    }

    /// Drops the open connections without closing them.
    fn forget(&self) {
        self.forgotten
            .store(self.opened.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }
}

struct Scene {
    server: Server,
    url: String,
    clock: StoppedClock,
    client: SharedHttpClient,
}

impl Scene {
    fn new() -> Self {
        let (server, clock) = (
            Server::default(),
            StoppedClock::at(Timestamp::from_seconds(1_700_000_000)),
        );
        let url = server.start();
        let client = client(Arc::new(clock.clone())).unwrap();
        Self {
            server,
            url,
            clock,
            client,
        }
    }

    async fn call(&self) -> bool {
        let components = aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder::for_tests();
        let settings = HttpConnectorSettings::builder().build();
        let connector = self.client.http_connector(&settings, &components.build().unwrap());
        let mut request = HttpRequest::new(SdkBody::from("x"));
        request.set_uri(self.url.as_str()).unwrap();
        connector
            .call(request)
            .await
            .is_ok_and(|response| response.status().as_u16() == 200)
    }

    /// Calls in parallel, so that this many connections are open.
    async fn calls(&self, number: usize) {
        let calls = (0..number).map(|_| self.call());
        assert!(futures_util::future::join_all(calls).await.into_iter().all(|well| well));
    }
}

#[tokio::test]
async fn connections_from_before_a_freeze_are_not_used() {
    let scene = Scene::new();
    scene.calls(3).await;
    let before = scene.server.opened();
    scene.server.forget();
    scene.clock.advance(Duration::from_secs(60));
    scene.calls(3).await;
    assert!(scene.server.opened() > before);
}

/// This is what the wall clock prevents.
#[tokio::test]
async fn a_call_over_a_dead_connection_fails() {
    let scene = Scene::new();
    assert!(scene.call().await);
    scene.server.forget();
    assert!(!scene.call().await);
}

#[tokio::test]
async fn frequent_calls_share_one_connection() {
    let scene = Scene::new();
    for _ in 0..5 {
        assert!(scene.call().await);
        scene.clock.advance(Duration::from_secs(15));
    }
    assert_eq!(scene.server.opened(), 1);
}
