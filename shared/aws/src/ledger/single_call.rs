//! A new event and all that its first hooks write, in one call.

use acuse_core::clock::Timestamp;
use acuse_core::event::Event;
use acuse_core::hook::Effects;
use acuse_core::ledger::{Claimed, Commit, HookDone, Lease, LedgerResult, Progress, RecordAs, Refused, decide};
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure::AllOld;
use aws_sdk_dynamodb::types::TransactWriteItem;

use super::error::{Source, failed, outage};
use super::write::{Cancelled, Updated, commit, update};
use super::{DynamoLedger, Item, item};

const OPERATION: &str = "commit_new";

/// A hook's writes, and those to make instead if one of their conditions is false.
type Writes = (Vec<TransactWriteItem>, Option<Vec<TransactWriteItem>>);

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
        let known = |found| known(event, lease, found, now).map_err(&outage);
        let placement = self
            .write_ahead(event, now.plus(self.retention))
            .await
            .map_err(&outage)?;
        let names: Vec<&str> = hooks.iter().map(|(name, _)| *name).collect();
        let step = item::opened(self.step(&event.key), event, placement, lease, now);
        let step = item::committed(step, &names, record_as, lease, now).condition("attribute_not_exists(pk)");
        let done = || match record_as {
            RecordAs::Completed => Commit::Completed,
            RecordAs::Claimed => {
                let hooks = names.iter().map(|name| ((*name).to_owned(), now)).collect();
                Commit::Claimed(Claimed::under(lease, event, Progress::new(hooks)))
            }
        };
        let mut effects: Vec<Writes> = hooks.into_iter().map(|(_, effects)| effects.into_parts()).collect();
        loop {
            let writes: Vec<_> = effects.iter().flat_map(|(writes, _)| writes).cloned().collect();
            if writes.is_empty() {
                let call = step.into_update(&self.client);
                let call = call.return_values_on_condition_check_failure(AllOld);
                return match update(call).await.map_err(&outage)? {
                    Updated::Written(_) => Ok(Ok(done())),
                    Updated::Refused(found) => known(found),
                };
            }
            let own = step.clone().into_transaction_item(AllOld);
            let own = own.map_err(|error| outage(error.into()))?;
            match commit(&self.client, [vec![own], writes].concat()).await {
                Ok(()) => return Ok(Ok(done())),
                Err(Cancelled::Refused { places, first }) if places.first() == Some(&0) => return known(first),
                Err(Cancelled::Refused { places, .. }) if replace_refused(&mut effects, &places) => {}
                Err(cancelled) => return Err(failed(OPERATION, &event.key)(cancelled.into())),
            }
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

/// Replaces each hook's refused writes by those that it wants made instead; false if one wants none. `places` are those
/// in the transaction, whose first write is the ledger's own.
fn replace_refused(hooks: &mut [Writes], places: &[usize]) -> bool {
    let mut next = 1;
    hooks.iter_mut().all(|(writes, otherwise)| {
        let own = next..next + writes.len();
        next = own.end;
        if !places.iter().any(|place| own.contains(place)) {
            return true;
        }
        let instead = otherwise.take();
        instead.map(|instead| *writes = instead).is_some()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use acuse_core::event::{Environment, Event};
    use acuse_core::ledger::Override;
    use acuse_core::providers::kuenta;
    use acuse_core::wire::envelope::Envelope;
    use aws_sdk_dynamodb::types::Delete;

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
        let envelope = Envelope::from_message(&body, attribute).unwrap();
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

    fn writes(tables: &[&str]) -> Vec<TransactWriteItem> {
        let delete = |table: &&str| {
            Delete::builder()
                .table_name(*table)
                .set_key(Some(HashMap::new()))
                .build()
        };
        let write = |table| TransactWriteItem::builder().delete(delete(table).unwrap()).build();
        tables.iter().map(write).collect()
    }

    #[test]
    fn only_refused_writes_are_replaced_and_only_once() {
        let mut hooks = vec![
            (writes(&["a", "b"]), Some(writes(&["instead of a, b"]))),
            (writes(&["c"]), None),
            (writes(&["d"]), Some(writes(&["e", "f"]))),
        ];
        // The ledger's own, a, b, c, d.
        assert!(replace_refused(&mut hooks, &[4]));
        assert_eq!(hooks[0].0, writes(&["a", "b"]));
        assert_eq!(hooks[2].0, writes(&["e", "f"]));
        // The ledger's own, a, b, c, e, f.
        assert!(replace_refused(&mut hooks, &[1, 2]));
        assert_eq!(hooks[0].0, writes(&["instead of a, b"]));
        // The ledger's own, the one instead, c, e, f.
        assert!(!replace_refused(&mut hooks, &[1]), "there is no third choice");
        assert!(!replace_refused(&mut hooks, &[2]), "it has none");
        assert!(!replace_refused(&mut hooks, &[4]));
    }
}
