//! A merchant's backend that is anything but well, with a database that survives it.
//!
//! It may stand before a real one, which stores what it gets and has a database of its own: `tests/examples/trouble`
//! puts the receivers of `examples/` there.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acuse_core::clock::Timestamp;
use acuse_core::destination::sign::SigningSecret;
use acuse_tests::receiver::SECRET;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use crate::turn::{Turn, Turns};

/// Shorter than a destination's time-out here.
const SLOW: Duration = Duration::from_millis(1200);

/// Longer than it.
const FOREVER: Duration = Duration::from_secs(60);

/// A backend on a port of its own.
pub(crate) struct Backend {
    /// The destination's name.
    pub(crate) name: &'static str,
    pub(crate) url: String,
    shared: Arc<Shared>,
}

struct Shared {
    database: Mutex<Database>,
    turns: Mutex<Turns>,
    secret: SigningSecret,
    /// The URL of the real one, if there is one.
    behind: Option<String>,
    client: reqwest::Client,
}

/// What it has stored and seen.
#[derive(Debug, Default, Clone)]
pub(crate) struct Database {
    /// A table with the id as its primary key: the ledger key of each row.
    pub(crate) rows: HashMap<String, String>,
    /// Requests by id, and the body of the first.
    pub(crate) tries: HashMap<String, (u32, Vec<u8>)>,
    /// Inserts that met a row with the same id.
    pub(crate) duplicates: u32,
    /// Requests whose signature did not verify.
    pub(crate) unverified: u32,
    /// Requests that the one behind has not taken: it was killed.
    pub(crate) refused: u32,
    /// Tries of an event with another body than before.
    pub(crate) changed: u32,
    /// Requests in each kind of turn.
    pub(crate) turns: HashMap<&'static str, u32>,
}

/// The process of the backend dies: all its connections are reset, and nobody listens.
struct Death;

impl Backend {
    /// Starts it on a free port, with these turns, before the one with the URL `behind`.
    pub(crate) async fn start(
        name: &'static str,
        turns: Turns,
        mut random: fastrand::Rng,
        behind: Option<String>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            database: Mutex::default(),
            turns: Mutex::new(turns),
            secret: SigningSecret::parse(SECRET).unwrap(),
            behind,
            client: acuse_cli::http::client().unwrap(),
        });
        let own = Arc::clone(&shared);
        tokio::spawn(async move {
            let mut listener = listener;
            loop {
                live(&own, listener).await;
                tokio::time::sleep(Duration::from_millis(random.u64(100..2000))).await;
                listener = bind_again(address).await;
            }
        });
        let url = format!("http://{address}/webhooks");
        Self { name, url, shared }
    }

    /// What it has stored and seen so far.
    pub(crate) fn database(&self) -> Database {
        self.shared.database.lock().unwrap().clone()
    }
}

/// One life of the process: until a turn kills it.
async fn live(shared: &Arc<Shared>, listener: TcpListener) {
    let (deaths, mut death): (UnboundedSender<Death>, UnboundedReceiver<Death>) = unbounded_channel();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            Death = expect(&mut death) => break,
            accepted = listener.accept() => {
                let (stream, _) = accepted.unwrap();
                // What is not read or sent yet is lost with the process.
                stream.set_zero_linger().unwrap();
                let (shared, deaths) = (Arc::clone(shared), deaths.clone());
                connections.spawn(async move { serve(&shared, stream, &deaths).await });
            }
        }
    }
    connections.shutdown().await;
}

async fn expect(death: &mut UnboundedReceiver<Death>) -> Death {
    match death.recv().await {
        Some(death) => death,
        None => std::future::pending().await,
    }
}

/// Somebody else may have the port for a moment: a connection that was opened to it.
async fn bind_again(address: SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn serve(shared: &Shared, mut stream: TcpStream, deaths: &UnboundedSender<Death>) {
    while let Some((head, body)) = read(&mut stream).await {
        let turn = shared.turns.lock().unwrap().next();
        *shared.database.lock().unwrap().turns.entry(turn.name()).or_default() += 1;
        let row = Request::verified(shared, &head, body);
        match turn {
            Turn::Works => {
                let status = store(shared, row).await;
                answer(&mut stream, status).await;
            }
            Turn::Fails => answer(&mut stream, "500 Internal Server Error").await,
            Turn::Hangs => tokio::time::sleep(FOREVER).await,
            Turn::Slow => {
                tokio::time::sleep(SLOW).await;
                let status = store(shared, row).await;
                answer(&mut stream, status).await;
            }
            Turn::Resets => return,
            Turn::CommitsAndDies => {
                store(shared, row).await;
                let _ = deaths.send(Death);
                return;
            }
            Turn::AnswersAndDies => {
                let status = store(shared, row).await;
                answer(&mut stream, status).await;
                let _ = deaths.send(Death);
            }
            Turn::Restarts => {
                let _ = deaths.send(Death);
                return;
            }
        }
    }
}

struct Request {
    id: String,
    /// Its key in the ledger.
    key: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// Verifies it as a backend does, and notes that it came.
    fn verified(shared: &Shared, head: &str, body: Vec<u8>) -> Option<Self> {
        let header = |wanted: &str| {
            let mut headers = head.lines().filter_map(|line| line.split_once(": "));
            let found = headers.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.map(|(_, value)| value.to_owned()).unwrap_or_default()
        };
        let id = header("webhook-id");
        let at = Timestamp::from_seconds(header("webhook-timestamp").parse().unwrap_or_default());
        let expected = shared.secret.sign(&id, at, &body);
        let mut database = shared.database.lock().unwrap();
        if header("webhook-signature") != expected || header("idempotency-key") != id {
            database.unverified += 1;
            return None;
        }
        let json: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let (tries, first) = database.tries.entry(id.clone()).or_insert((0, body.clone()));
        *tries += 1;
        if *first != body || json["id"] != id {
            database.changed += 1;
        }
        let key = json["key"].as_str().unwrap_or_default().to_owned();
        let headers = head.lines().filter_map(|line| line.split_once(": "));
        let headers = headers
            .filter(|(name, _)| *name == "content-type" || name.starts_with("webhook-"))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Some(Self { id, key, headers, body })
    }
}

/// `INSERT … ON CONFLICT (id) DO NOTHING`, here and in the one behind. Returns the status to answer with.
async fn store(shared: &Shared, request: Option<Request>) -> &'static str {
    let Some(request) = request else {
        return "401 Unauthorized";
    };
    if let Some(url) = &shared.behind {
        let mut post = shared.client.post(url).body(request.body);
        for (name, value) in &request.headers {
            post = post.header(name, value);
        }
        if !post.send().await.is_ok_and(|answer| answer.status().is_success()) {
            shared.database.lock().unwrap().refused += 1;
            return "502 Bad Gateway";
        }
    }
    let mut database = shared.database.lock().unwrap();
    match database.rows.contains_key(&request.id) {
        true => database.duplicates += 1,
        false => drop(database.rows.insert(request.id, request.key)),
    }
    "200 OK"
}

async fn answer(stream: &mut TcpStream, status: &str) {
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
    let _ = stream.write_all(answer.as_bytes()).await;
}

/// Head and body of the next request; `None` once the other side has closed the connection.
async fn read(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let length = stream.read(&mut buffer).await.ok().filter(|length| *length > 0)?;
        request.extend_from_slice(&buffer[..length]);
        let Some(end) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&request[..end]).into_owned();
        let expected = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
            .unwrap_or(0);
        if request.len() >= end + 4 + expected {
            return Some((head, request.split_off(end + 4)));
        }
    }
}
