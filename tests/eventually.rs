//! Waiting for a condition.

use std::time::Duration;

/// Longer than a lease, which a duplicate may have to wait for.
const TIMEOUT: Duration = Duration::from_secs(90);

/// Calls `ask` every 100 ms until it returns a value.
///
/// # Panics
/// After a minute and a half, with `what` it was waiting for.
pub async fn eventually<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let wait = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(TIMEOUT, wait)
        .await
        .unwrap_or_else(|_| panic!("timed out waiting for {what}"))
}
