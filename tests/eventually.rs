//! Waiting for what comes about by itself.

use std::time::Duration;

/// Longer than a lease, which is what a duplicate may have to wait for.
const PATIENCE: Duration = Duration::from_secs(90);

/// Asks again and again until there is an answer.
///
/// # Panics
/// Where there is none in a minute and a half: `what` was waited for in vain.
pub async fn eventually<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let wait = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait)
        .await
        .unwrap_or_else(|_| panic!("waited in vain for {what}"))
}
