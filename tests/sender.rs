//! A provider that sends until its delivery is taken in.

use std::time::Duration;

use acuse_aws::system::SystemClock;
use acuse_cli::local::Running;
use acuse_cli::sample::{self, Sample};
use acuse_core::clock::Clock;
use acuse_core::provider::Provider;

/// Sends `body`, signed, until it is answered 200; gives how often it was answered otherwise.
///
/// # Panics
/// Where a genuine delivery is refused.
pub async fn deliver(client: &reqwest::Client, running: &Running, provider: &'static Provider, body: &str) -> u32 {
    let url = format!("{}/webhooks/{}", running.http, provider.name);
    let mut refused = 0;
    loop {
        // Signed anew each time: a signature's time must not be old.
        let secrets = sample::local_secrets(provider);
        let sample = Sample::signed(provider, body.as_bytes().to_vec(), &secrets, SystemClock.now(), None).unwrap();
        let post = client
            .post(&url)
            .body(sample.body.clone())
            .timeout(Duration::from_secs(10));
        let post = sample
            .headers
            .iter()
            .fold(post, |post, (name, value)| post.header(*name, value));
        match post.send().await.map(|answer| answer.status().as_u16()) {
            Ok(200) => return refused,
            // The queue, or the store of secrets.
            Ok(500..) | Err(_) => refused += 1,
            Ok(status) => panic!("a genuine delivery was answered {status}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
