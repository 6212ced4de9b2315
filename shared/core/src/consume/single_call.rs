//! Opening an event: by one call together with its first hooks, or by a claim.
//!
//! Hooks that only return writes are called before anything is claimed, and their writes commit with the event's
//! record. If all hooks are of that kind, the same call completes the event, so it is never seen in progress.
//! Otherwise it claims the event for the hooks that are left.
//!
//! ```text
//! first hooks, each only returns writes ── commit_new ─▶ new: COMPLETED, or IN_PROGRESS, with all effects
//!   │                                            ├─────▶ finished, in progress, or other bytes: as a claim says
//!   │                                            └─────▶ else: claim, as if nothing had been tried
//!   └ one fails ───────────────────────────────────────▶ claim; their answers count if this is the first attempt
//! ```
//!
//! A single-call commit that goes wrong has changed nothing or has committed all; a claim finds which.

use std::collections::HashMap;

use tracing::warn;

use super::{Consumer, Inbox, Received};
use crate::clock::Timestamp;
use crate::error::chain;
use crate::event::Event;
use crate::hook::{AnyHook, Effects, HookError, Order};
use crate::ledger::{Claimed, Commit, Lease, Ledger, LedgerError, RecordAs, Refused};

/// What hooks answered, by name, before their event was claimed for its first attempt.
/// These hooks must not be called again for that attempt.
pub(super) type FirstAnswers<W> = HashMap<&'static str, Result<Effects<W>, HookError>>;

/// What comes of opening an event.
pub(super) enum Opened<W> {
    /// All its hooks are done, by the write that recorded it.
    Completed,
    /// It is ours. What its hooks answered before the claim counts for this attempt.
    Claimed(Claimed, FirstAnswers<W>),
    Refused(Refused),
}

type Hooks<'c, W> = [&'c dyn AnyHook<W>];

impl<L: Ledger, I: Inbox> Consumer<L, I> {
    /// Commits `event` in a single call if its first hooks allow that, or claims it.
    pub(super) async fn open(
        &self,
        message: &Received,
        event: &Event,
        lease: &Lease,
        cut: Timestamp,
    ) -> Result<Opened<L::Write>, LedgerError> {
        let mut answers = FirstAnswers::default();
        let wanting = self.wanting(event).await;
        if let Some((hooks, record_as)) = first_hooks(message, event, &wanting) {
            match self.ask(hooks, event, cut).await {
                Ok(effects) => {
                    let commit = self
                        .ledger
                        .commit_new(event, lease, effects, record_as, self.clock.now());
                    match commit.await {
                        Ok(Ok(Commit::Completed)) => return Ok(Opened::Completed),
                        Ok(Ok(Commit::Claimed(claimed))) => return Ok(Opened::Claimed(claimed, answers)),
                        Ok(Ok(Commit::Claimable)) => {}
                        Ok(Err(refused)) => return Ok(Opened::Refused(refused)),
                        // Refused effects or an outage: a claim comes first, so that it can be recorded.
                        Err(error) => {
                            let (key, delivery_id) = (&event.key, event.delivery_id);
                            warn!(%key, %delivery_id, error = chain(&error), "event not committed in a single call");
                        }
                    }
                }
                Err(failed) => answers = failed,
            }
        }
        Ok(match self.ledger.claim(event, lease, self.clock.now()).await? {
            Ok(claimed) if claimed.progress.attempt == 1 => Opened::Claimed(claimed, answers),
            Ok(claimed) => Opened::Claimed(claimed, FirstAnswers::default()),
            Err(refused) => Opened::Refused(refused),
        })
    }

    /// Calls `hooks` for their writes, up to the first that fails; then all their answers.
    async fn ask(
        &self,
        hooks: &Hooks<'_, L::Write>,
        event: &Event,
        cut: Timestamp,
    ) -> Result<Vec<(&'static str, Effects<L::Write>)>, FirstAnswers<L::Write>> {
        let mut effects = Vec::new();
        for hook in hooks {
            match self.call(*hook, event, 1, false, cut).await {
                Ok(own) => effects.push((hook.name(), own)),
                Err(error) => {
                    let answers = effects.into_iter().map(|(name, own)| (name, Ok(own)));
                    return Err(answers.chain([(hook.name(), Err(error))]).collect());
                }
            }
        }
        Ok(effects)
    }
}

/// The first of `hooks`, up to one with external side effects or one that asks for the order of events, which costs a
/// read that a duplicate is not worth. `None` if there are none, and for a message that was received before or that an
/// operator replays: its event probably has a record.
fn first_hooks<'h, 'c, W>(
    message: &Received,
    event: &Event,
    hooks: &'h Hooks<'c, W>,
) -> Option<(&'h Hooks<'c, W>, RecordAs)> {
    if message.receives > 1 || event.replay {
        return None;
    }
    let mut all = hooks.iter();
    match all.position(|hook| !hook.transactional() || hook.order() != Order::Any) {
        None => Some((hooks, RecordAs::Completed)),
        Some(0) => None,
        Some(first) => Some((hooks.get(..first)?, RecordAs::Claimed)),
    }
}
