//! Until every running function accepts a secret that was just stored.

use std::time::Duration;

use acuse_cli::note;
use acuse_core::receive::{FRESH_FOR, RELOAD_EVERY};

use crate::command::interrupt::interrupted;
use crate::command::progress::countdown;

/// For the store itself: a read just after a write may still give what was there before.
const MARGIN: Duration = Duration::from_secs(10);

/// How long after it was stored a secret is accepted by every running function: each has read it
/// again by then, or reads it at the next delivery that does not verify.
pub(crate) const ACCEPTED_AFTER: Duration = RELOAD_EVERY.saturating_add(MARGIN);

/// How long after it was withdrawn a secret may be accepted: a function that read it just then uses
/// it for so long.
pub(crate) const WITHDRAWN_AFTER: Duration = FRESH_FOR.saturating_add(MARGIN);

/// How the wait ended.
pub(crate) enum Waited {
    /// Every running function accepts it.
    Whole,
    /// Ctrl-C: some may not.
    Interrupted,
}

/// Waits, and shows how long.
pub(crate) async fn until_accepted() -> Waited {
    let wait = async {
        let seconds = ACCEPTED_AFTER.as_secs();
        note!("waiting {seconds} s, until every running function accepts it");
        countdown(ACCEPTED_AFTER).await;
    };
    tokio::select! {
        // Listens before the wait is announced.
        biased;
        () = interrupted() => Waited::Interrupted,
        () = wait => Waited::Whole,
    }
}
