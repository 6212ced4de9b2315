//! A destination in the test's process.

use std::sync::{Arc, Mutex};

use acuse_cli::local::Running;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

/// Answers with these statuses in turn, and with the last one from then on. Keeps what it gets.
#[derive(Debug)]
pub struct Receiver {
    /// Where it receives.
    pub url: String,
    received: Received,
}

type Received = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

impl Receiver {
    /// Starts it on a free port.
    ///
    /// # Panics
    /// If there is none.
    pub async fn start(statuses: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/webhooks", listener.local_addr().unwrap());
        let received = Received::default();
        let answer = move |State(received): State<Received>, request: Request| async move {
            let (head, body) = request.into_parts();
            let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
            let mut received = received.lock().unwrap();
            received.push((head.headers, body));
            let status = statuses.get(received.len() - 1).or(statuses.last()).unwrap();
            StatusCode::from_u16(*status).unwrap()
        };
        let router = Router::new().fallback(answer).with_state(Arc::clone(&received));
        tokio::spawn(async { axum::serve(listener, router).await });
        Self { url, received }
    }

    /// The headers and bodies that it got.
    pub fn received(&self) -> Vec<(HeaderMap, Bytes)> {
        self.received.lock().unwrap().clone()
    }
}

/// The secret of all test destinations, as text.
pub const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";

/// Makes these the destinations of the stack: names and URLs.
///
/// # Panics
/// If the secret can't be written.
pub async fn configure(running: &Running, destinations: &[(&str, &str)]) {
    configure_with(running, destinations, &[]).await;
}

/// The same, each with these settings besides.
///
/// # Panics
/// If the secret can't be written.
pub async fn configure_with(running: &Running, destinations: &[(&str, &str)], settings: &[(&str, Value)]) {
    let destinations: Map<String, Value> = destinations
        .iter()
        .map(|(name, url)| {
            let mut own = json!({"url": url, "signing_secrets": [SECRET], "allow_private": true});
            for (setting, value) in settings {
                own[*setting] = value.clone();
            }
            ((*name).to_owned(), own)
        })
        .collect();
    let put = aws_sdk_secretsmanager::Client::new(&running.sdk())
        .put_secret_value()
        .secret_id(&running.outputs["DestinationsSecretId"])
        .secret_string(json!({ "destinations": destinations }).to_string());
    put.send().await.unwrap();
}
