//! Waiting until every running function accepts a new secret.

use std::time::Duration;

use acuse_cli::note;
use acuse_core::receive::{FRESH_FOR, RELOAD_EVERY};

use crate::command::interrupt::interrupted;
use crate::command::progress::countdown;

/// A read just after a write to Secrets Manager may still return the old value.
const MARGIN: Duration = Duration::from_secs(10);

/// How long after it is stored every running function accepts a secret: by then each of them has read it, or reads it
/// at the next delivery that fails verification.
pub(crate) const ACCEPTED_AFTER: Duration = RELOAD_EVERY.saturating_add(MARGIN);

/// How long after it is withdrawn a secret may be accepted: a function that has just read it uses it for so long.
pub(crate) const WITHDRAWN_AFTER: Duration = FRESH_FOR.saturating_add(MARGIN);

/// Waits, and shows how long. Returns false if interrupted: some functions may not accept the secret yet.
pub(crate) async fn until_accepted() -> bool {
    let wait = async {
        let seconds = ACCEPTED_AFTER.as_secs();
        note!("waiting {seconds} s until every running function accepts it");
        countdown(ACCEPTED_AFTER).await;
    };
    tokio::select! {
        // Listens before the wait is announced.
        biased;
        () = interrupted() => false,
        () = wait => true,
    }
}
