//! Signed deliveries, posted as a provider posts them.

use std::time::Duration;

use acuse_aws::system::SystemClock;
use acuse_cli::local::Running;
use acuse_cli::sample::{self, Sample};
use acuse_core::clock::Clock;
use acuse_core::provider::Provider;
use acuse_core::receive::secrets::Secrets;
use reqwest::{Client, Response, Result};

/// How often [`Post::send`] sends again after a 503.
const RESENDS: u32 = 10;

/// A delivery to post.
#[derive(Debug)]
pub struct Post<'a> {
    /// Whose delivery it is.
    pub provider: &'static Provider,
    body: &'a [u8],
    headers: Vec<(String, String)>,
}

impl<'a> Post<'a> {
    /// `body` as JSON, with the signature and token of the local secrets.
    ///
    /// # Panics
    /// If the provider's scheme cannot sign it.
    pub fn signed(provider: &'static Provider, body: &'a [u8]) -> Self {
        let secrets = Secrets::parse(provider, &sample::local_secret(provider).to_string());
        Self::signed_with(provider, body, &secrets.unwrap())
    }

    /// `body` as JSON, with the signature and token of these secrets.
    ///
    /// # Panics
    /// If the provider's scheme cannot sign it.
    pub fn signed_with(provider: &'static Provider, body: &'a [u8], secrets: &Secrets) -> Self {
        let sample = Sample::signed(provider, body.to_vec(), secrets, SystemClock.now(), None).unwrap();
        let signed = sample.headers.into_iter().map(|(name, value)| (name.to_owned(), value));
        let json = ("content-type".to_owned(), "application/json".to_owned());
        Self {
            provider,
            body,
            headers: signed.chain([json]).collect(),
        }
    }

    /// Without this header.
    pub fn without(mut self, header: &str) -> Self {
        self.headers.retain(|(name, _)| name != header);
        self
    }

    /// With this header, in place of one of the same name.
    pub fn with(self, header: &str, value: &str) -> Self {
        let mut post = self.without(header);
        post.headers.push((header.to_owned(), value.to_owned()));
        post
    }

    /// With another body under the same signature.
    pub fn with_body(mut self, body: &'a [u8]) -> Self {
        self.body = body;
        self
    }

    /// Posts it, and again after a 503, as providers do: a busy machine may take too long.
    ///
    /// # Panics
    /// If there is no answer.
    pub async fn send(&self, client: &Client, url: &str) -> Response {
        let mut answer = self.send_once(client, url).await.unwrap();
        for _ in 0..RESENDS {
            if answer.status() != 503 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
            answer = self.send_once(client, url).await.unwrap();
        }
        answer
    }

    async fn send_once(&self, client: &Client, url: &str) -> Result<Response> {
        let headers = self.headers.iter();
        let post = client.post(url).body(self.body.to_vec());
        headers
            .fold(post, |post, (name, value)| post.header(name, value))
            .send()
            .await
    }
}

/// Where `provider` posts its deliveries.
pub fn url(running: &Running, provider: &Provider) -> String {
    format!("{}/webhooks/{}", running.http, provider.name)
}

/// Posts `body` until it is answered 200, and returns how many attempts were answered 5xx or not at all.
///
/// # Panics
/// If it is answered anything else.
pub async fn deliver(client: &Client, running: &Running, provider: &'static Provider, body: &str) -> u32 {
    const TIMEOUT: Duration = Duration::from_secs(10);
    let url = url(running, provider);
    let mut failed = 0;
    loop {
        // Signed again each time: a signature expires.
        let post = Post::signed(provider, body.as_bytes());
        let answer = tokio::time::timeout(TIMEOUT, post.send_once(client, &url)).await;
        match answer.map(|answer| answer.map(|answer| answer.status().as_u16())) {
            Ok(Ok(200)) => return failed,
            Ok(Ok(500..) | Err(_)) | Err(_) => failed += 1,
            Ok(Ok(status)) => panic!("a genuine delivery was answered {status}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
