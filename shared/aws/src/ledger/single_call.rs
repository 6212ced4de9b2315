//! A new event and all that its first hooks write, in one call.

use acuse_core::clock::Timestamp;
use acuse_core::event::Event;
use acuse_core::hook::Effects;
use acuse_core::ledger::{Claimed, Commit, HookDone, Lease, LedgerResult, Progress, RecordAs, Refused, decide};
use aws_sdk_dynamodb::types::TransactWriteItem;

use super::error::{Source, failed, outage};
use super::write::Updated;
use super::{DynamoLedger, Item, item};

const OPERATION: &str = "commit_new";

impl DynamoLedger {
    /// ```text
    /// absent ──────▶ COMPLETED, or IN_PROGRESS under the lease, with the hooks and their effects
    /// any record │ refused, and nothing is written; the item comes back with the answer
    /// ```
    pub(super) async fn commit_event(
        &self,
        event: &Event,
        lease: &Lease,
        hooks: Vec<HookDone<Effects<TransactWriteItem>>>,
        record_as: RecordAs,
        now: Timestamp,
    ) -> LedgerResult<Result<Commit, Refused>> {
        let outage = outage(OPERATION, &event.key);
        let placement = self
            .write_ahead(event, now.plus(self.retention))
            .await
            .map_err(&outage)?;
        let names: Vec<&str> = hooks.iter().map(|(name, _)| *name).collect();
        let step = item::opened(self.step(&event.key), event, placement, lease, now);
        let step = item::committed(step, &names, record_as, lease, now).condition("attribute_not_exists(pk)");
        let destinations: Vec<_> = hooks
            .iter()
            .flat_map(|(_, effects)| effects.destinations())
            .cloned()
            .collect();
        let step = item::owed_to(step, &destinations);
        let effects = hooks.into_iter().map(|(_, effects)| effects.into_parts()).collect();
        let written = self.write(step, effects).await;
        match written.map_err(failed(OPERATION, &event.key))? {
            Updated::Refused(found) => known(event, lease, found, now).map_err(&outage),
            Updated::Written(_) => Ok(Ok(match record_as {
                RecordAs::Completed => Commit::Completed,
                RecordAs::Claimed => {
                    let hooks = names.iter().map(|name| ((*name).to_owned(), now)).collect();
                    Commit::Claimed(Claimed::under(lease, event, Progress::new(hooks)))
                }
            })),
        }
    }
}

/// What the item that refused a commit says of its event.
///
/// It may be the commit's own, sent again because the answer was lost. Then it has our lease or, if it is completed,
/// our message, our time and our bytes: a message may bring several events of one key.
fn known(event: &Event, lease: &Lease, found: Option<Item>, now: Timestamp) -> Result<Result<Commit, Refused>, Source> {
    let found = found.ok_or("refused without the item that refused it")?;
    let record = item::state(&found)?;
    let decision = decide(Some(&record), event.body_sha256(), lease, now);
    let ours = record.message_id == lease.message_id
        && item::moment(&found, "completed_at") == Some(now)
        && record.body_sha256 == event.body_sha256();
    Ok(match decision {
        Ok(progress) if record.lease_token == lease.token => {
            Ok(Commit::Claimed(Claimed::under(lease, event, progress)))
        }
        _ if ours => Ok(Commit::Completed),
        decision => decision.map(|_| Commit::Claimable),
    })
}

#[cfg(test)]
mod tests {
    use acuse_core::event::{Environment, Event};
    use acuse_core::ledger::Override;
    use acuse_core::providers::kuenta;
    use acuse_core::wire::envelope::Envelope;

    use super::super::expression::{n, s};
    use super::*;

    fn event(note: &str) -> Event {
        let body = format!(r#"{{"event":"payment.completed","data":{{"id":"p1"}},"note":"{note}"}}"#);
        let attribute = |name: &str| match name {
            "envelope" => Some("1"),
            "provider" => Some("kuenta"),
            "delivery_id" => Some("018bcfe5-6800-7707-8707-070707070707"),
            "received_at" => Some("1700000000000"),
            "form" => Some("raw"),
            _ => None,
        };
        let envelope = Envelope::from_message(body.as_str(), attribute).unwrap();
        Event::read(envelope, &kuenta::PROVIDER, Environment::Live)
    }

    /// An array may have both, and they may be committed within one millisecond.
    #[test]
    fn a_commit_is_not_taken_for_that_of_another_event_of_its_message() {
        let now = Timestamp::from_seconds(1_700_000_000);
        let lease = Lease {
            token: "of the second".to_owned(),
            expires_at: now,
            message_id: "m".to_owned(),
            overrides: Override::None,
        };
        let (first, second) = (event("a"), event("b"));
        assert_eq!(first.key, second.key);
        let found = Item::from([
            ("status".to_owned(), s("COMPLETED")),
            ("message_id".to_owned(), s("m")),
            ("completed_at".to_owned(), n(now.as_millis())),
            ("attempts".to_owned(), n(1)),
            ("body_sha256".to_owned(), s(first.body_sha256())),
        ]);
        let known = |event| known(event, &lease, Some(found.clone()), now).unwrap();
        assert_eq!(known(&first), Ok(Commit::Completed), "the answer was lost");
        assert_eq!(known(&second), Err(Refused::Conflict));
    }
}
