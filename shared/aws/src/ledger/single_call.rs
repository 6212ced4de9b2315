//! A new event and all that its first hooks write, in one call.

use acuse_core::clock::Timestamp;
use acuse_core::event::Event;
use acuse_core::hook::Effects;
use acuse_core::ledger::{Claimed, Extent, Lease, LedgerError, Replay, Settlement, Taken, decide};
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure::AllOld;
use aws_sdk_dynamodb::types::TransactWriteItem;

use super::expression::bool_error;
use super::write::{Cancelled, Updated, commit, update};
use super::{DynamoLedger, Item, effects_invalid, effects_refused, item, service};

const OPERATION: &str = "settle";

/// A hook's writes, and those instead where a condition of theirs does not hold.
type Writes = (Vec<TransactWriteItem>, Option<Vec<TransactWriteItem>>);

impl DynamoLedger {
    /// ```text
    /// absent ──────▶ COMPLETED, or IN_PROGRESS under the lease, with its hooks and their effects
    /// any record │ refused, and nothing is written; the item comes back with the answer: with other bytes,
    ///            │ it is a conflict
    ///
    /// delivery A: hooks ── settle ✓
    /// delivery B: hooks ────────── settle: refused, there is an item; its effects roll back
    /// ```
    pub(super) async fn settle_new(
        &self,
        event: &Event,
        lease: &Lease,
        hooks: Vec<(&'static str, Effects<TransactWriteItem>)>,
        extent: Extent,
        now: Timestamp,
    ) -> Result<Settlement, LedgerError> {
        let failed = |error| service(OPERATION, &event.key, error);
        let expires_at = now.plus(self.retention);
        let payload = self.keep_parts(OPERATION, event, expires_at).await?;
        let day = self.day_key(event).await.map_err(failed)?;
        let names: Vec<&str> = hooks.iter().map(|(name, _)| *name).collect();
        let step = item::kept(self.step(&event.key), event, day, lease, now, expires_at, payload);
        let step = item::settled(step, &names, extent, lease, now).condition("attribute_not_exists(pk)");
        let done = || match extent {
            Extent::Whole => Settlement::Completed,
            Extent::Begun => {
                let hooks = names.iter().map(|name| ((*name).to_owned(), now)).collect();
                Settlement::Claimed(Claimed::under(lease, event, Taken::first(hooks)))
            }
        };
        let mut effects: Vec<Writes> = hooks.into_iter().map(|(_, effects)| effects.into_parts()).collect();
        loop {
            let writes: Vec<_> = effects.iter().flat_map(|(writes, _)| writes).cloned().collect();
            if writes.is_empty() {
                let call = step.into_update(&self.client);
                return match update(call.return_values_on_condition_check_failure(AllOld)).await {
                    Ok(Updated::Written(_)) => Ok(done()),
                    Ok(Updated::Refused(found)) => known(event, lease, found, now),
                    Err(error) => Err(failed(error)),
                };
            }
            let own = step
                .clone()
                .into_transaction_item(AllOld)
                .map_err(|e| failed(e.into()))?;
            match commit(&self.client, [vec![own], writes].concat()).await {
                Ok(()) => return Ok(done()),
                Err(Cancelled::Refused { places, first }) if places.first() == Some(&0) => {
                    return known(event, lease, first, now);
                }
                Err(Cancelled::Refused { places, .. }) if give_way(&mut effects, &places) => {}
                Err(Cancelled::Refused { .. }) => {
                    return Err(effects_refused(OPERATION, &event.key));
                }
                Err(Cancelled::Invalid(error)) => return Err(effects_invalid(OPERATION, &event.key, error)),
                Err(Cancelled::Otherwise(error)) => return Err(failed(error)),
            }
        }
    }
}

/// What the item that refused a settlement says of its event.
///
/// The very settlement may be its own obstacle: sent again because the answer was lost. Then it has our
/// lease; or, completed, the name of our message, our moment, and our bytes: a message may bring several events
/// of one key.
fn known(event: &Event, lease: &Lease, found: Option<Item>, now: Timestamp) -> Result<Settlement, LedgerError> {
    let failed = |error| service(OPERATION, &event.key, error);
    let found = found.ok_or_else(|| failed(bool_error("refused, and not told by what")))?;
    if item::text(&found, "lease_token") == Some(lease.token.as_str()) {
        let taken = item::taken(&found).map_err(|error| failed(error.into()))?;
        return Ok(Settlement::Claimed(Claimed::under(lease, event, taken)));
    }
    let ours = item::text(&found, "message_id") == Some(lease.message_id.as_str())
        && item::moment(&found, "completed_at") == Some(now)
        && item::text(&found, "body_sha256") == Some(event.body_sha256());
    if ours {
        return Ok(Settlement::Completed);
    }
    let standing = item::standing(&found).map_err(|error| failed(error.into()))?;
    Ok(Settlement::Known(decide(
        Some(&standing),
        event.body_sha256(),
        Replay::No,
        now,
    )))
}

/// Puts in the place of each hook's refused writes those that it wants instead. False where one wants none.
/// `places` are the transaction's, whose first write is the ledger's own.
fn give_way(hooks: &mut [Writes], places: &[usize]) -> bool {
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
    use acuse_core::ledger::Decision;
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

    /// An array may have both, and they may be settled within one millisecond.
    #[test]
    fn a_settlement_is_not_taken_for_that_of_another_event_of_its_message() {
        let now = Timestamp::from_seconds(1_700_000_000);
        let lease = Lease {
            token: "of the second".to_owned(),
            expires_at: now,
            message_id: "m".to_owned(),
            first: true,
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
        assert_eq!(known(&first), Settlement::Completed, "the answer was lost");
        assert_eq!(known(&second), Settlement::Known(Decision::Conflict));
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
    fn only_the_hooks_whose_writes_are_refused_give_way_and_once() {
        let mut hooks = vec![
            (writes(&["a", "b"]), Some(writes(&["instead of a, b"]))),
            (writes(&["c"]), None),
            (writes(&["d"]), Some(writes(&["e", "f"]))),
        ];
        // The ledger's own, a, b, c, d.
        assert!(give_way(&mut hooks, &[4]));
        assert_eq!(hooks[0].0, writes(&["a", "b"]));
        assert_eq!(hooks[2].0, writes(&["e", "f"]));
        // The ledger's own, a, b, c, e, f.
        assert!(give_way(&mut hooks, &[1, 2]));
        assert_eq!(hooks[0].0, writes(&["instead of a, b"]));
        // The ledger's own, the one instead, c, e, f.
        assert!(!give_way(&mut hooks, &[1]), "there is no third choice");
        assert!(!give_way(&mut hooks, &[2]), "it has none");
        assert!(!give_way(&mut hooks, &[4]));
    }
}
