//! Events in the ledger: listing them, and queueing them again.

use std::cmp::Ordering;

use acuse_aws::ledger::reader::{LedgerReader, ReadError};
use acuse_aws::ledger::record::Record;
use acuse_aws::system::SystemClock;
use acuse_core::account::Account;
use acuse_core::clock::{Clock, Timestamp};
use acuse_core::consume::SetAside;
use acuse_core::event::reference::References;
use acuse_core::event::{Environment, Event};
use acuse_core::ledger::Status;
use acuse_core::wire::delivery::{CanonicalForm, DeliveryId};
use acuse_core::wire::envelope::{Envelope, Message, Replay};

use crate::registry::providers;
use crate::stack::DAY;
use crate::stack::bindings::Bindings;
use crate::stack::error::StackError;
use crate::stack::filter::{Filter, RETRYING};

/// The events of the last `days` days that pass the filter, newest first; at most `limit` of each provider.
pub async fn recent(ledger: &LedgerReader, filter: &Filter, days: u32, limit: usize) -> Result<Vec<Record>, ReadError> {
    let now = SystemClock.now();
    let since = filter
        .since
        .map_or(0, |since| now.since(since).as_secs() / DAY.as_secs() + 2);
    let days = days.max(u32::try_from(since).unwrap_or(u32::MAX)).min(400);
    let mut records = Vec::new();
    for provider in filter.providers() {
        let mut found = Vec::new();
        for back in 0..days {
            if found.len() >= limit {
                break;
            }
            // A filter needs the whole day: what it wants may be the day's oldest event.
            let most = match filter.is_open() {
                true => limit - found.len(),
                false => usize::MAX,
            };
            let day = ledger
                .on_day(provider.name, filter.account.as_ref(), now.minus(DAY * back), most)
                .await?;
            found.extend(day.into_iter().filter(|record| passes(filter, record)));
        }
        records.extend(found.into_iter().take(limit));
    }
    records.sort_by(newest_first);
    Ok(records)
}

/// The order of lists.
pub fn newest_first(a: &Record, b: &Record) -> Ordering {
    b.received_at.cmp(&a.received_at).then_with(|| a.key.cmp(&b.key))
}

/// Reads amount, currency and reference in the payload of a record from before they had attributes.
pub fn complete(references: &References, record: &mut Record) {
    if record.amount.is_some() || record.payload.is_none() {
        return;
    }
    let Some(mut event) = read(record) else {
        return;
    };
    references.apply(&mut event);
    record.amount = event.amount;
    record.currency = event.currency;
    record.reference = record.reference.take().or(event.reference);
}

/// The event that a record's own payload tells, for lists.
fn read(record: &Record) -> Option<Event> {
    let envelope = Envelope {
        provider: record.provider.clone(),
        account: Account::default(),
        content: record.content.clone(),
        delivery_id: record.delivery_id.as_deref().and_then(DeliveryId::parse)?,
        received_at: record.received_at.as_deref().and_then(Timestamp::from_rfc3339)?,
        form: CanonicalForm::Raw,
        body: record.payload.clone()?.into(),
        replay: None,
    };
    let provider = providers().by_name(&record.provider)?;
    let environment = Environment::from_name(&record.environment)?;
    Some(Event::read(envelope, provider, environment))
}

/// Whether a record passes the filter.
pub fn passes(filter: &Filter, record: &Record) -> bool {
    let received_at = record.received_at.as_deref().and_then(Timestamp::from_rfc3339);
    let error = record.error.as_deref();
    filter.passes_status(record)
        && filter.passes(&record.provider, &record.account, &record.type_name, error, received_at)
}

/// A status as people read it. `--json` keeps the ledger's names.
pub fn status_word(status: &str) -> &str {
    if status == Status::Released.name() {
        RETRYING
    } else {
        status
    }
}

/// A record's status as people read it.
pub fn status(record: &Record) -> String {
    marked(record, status_word(record.status))
}

/// `status` of a record, with what sets it apart from the events that deliveries bring.
pub fn marked(record: &Record, status: &str) -> String {
    if record.reconciled {
        return format!("{status} (reconciled)");
    }
    if record.confirmation {
        return format!("{status} (confirms)");
    }
    // Once it is released or dismissed, a conflict would look like an event.
    let is_decided = record.conflict_of.is_some() && status != Status::Conflict.name();
    match (is_decided, record.erased_at.is_some()) {
        (true, true) => format!("{status} (conflict, erased)"),
        (true, false) => format!("{status} (conflict)"),
        (false, true) => format!("{status} (erased)"),
        (false, false) => status.to_owned(),
    }
}

/// Why a record's event was set aside; `None` if it was not.
pub fn set_aside_reason(record: &Record) -> Option<SetAside> {
    let rejected = record.status == Status::Rejected.name();
    SetAside::from_reason(record.error.as_deref().filter(|_| rejected)?)
}

/// The message group and the message that queues a record's event again, with its own delivery id and time of receipt.
/// A conflict's message carries the key of the conflict's record. `None` if the payload is gone.
pub async fn replayed(
    ledger: &LedgerReader,
    bindings: &Bindings,
    record: &Record,
) -> Result<Option<(String, Message)>, StackError> {
    let (Some(body), Some(provider), Some(delivery_id), Some(received_at)) = (
        ledger.payload(record).await?,
        providers().by_name(&record.provider),
        record.delivery_id.as_deref().and_then(DeliveryId::parse),
        record.received_at.as_deref().and_then(Timestamp::from_rfc3339),
    ) else {
        return Ok(None);
    };
    let form = record.form.as_deref().and_then(CanonicalForm::from_name);
    let mut envelope = Envelope {
        provider: record.provider.clone(),
        account: Account::default(),
        content: record.content.clone(),
        delivery_id,
        received_at,
        form: form.unwrap_or(CanonicalForm::Raw),
        body: body.into(),
        replay: Some(as_what(record)),
    };
    bindings.bind(&mut envelope, provider, record)?;
    Ok(Some((record.scope().into_owned(), envelope.to_message()?)))
}

/// As what a record's event is queued again.
fn as_what(record: &Record) -> Replay {
    match record.conflict_of {
        Some(_) => Replay::Conflict,
        // Hooks, destinations and EventBridge are told again that no signature vouches for it. It was not set aside when
        // it was taken in, so that there is nothing to override.
        None if record.reconciled => Replay::Reconciled,
        None => Replay::Event,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;

    fn record(sort: &str, reconciled: bool) -> Record {
        let texts = [
            ("pk", "onepay#live#payment#p1"),
            ("sk", sort),
            ("provider", "onepay"),
            ("environment", "live"),
            ("type", "payment.approved"),
            ("status", "REJECTED"),
            ("body_sha256", "5a"),
        ];
        let texts = texts.map(|(name, text)| (name.to_owned(), AttributeValue::S(text.to_owned())));
        let mut item: HashMap<_, _> = texts.into();
        item.insert("attempts".to_owned(), AttributeValue::N("1".to_owned()));
        item.insert("reconciled".to_owned(), AttributeValue::Bool(reconciled));
        Record::from_item(&item).unwrap()
    }

    #[test]
    fn a_reconciled_event_is_replayed_as_one() {
        assert_eq!(as_what(&record("payment.approved", true)), Replay::Reconciled);
        assert_eq!(as_what(&record("payment.approved", false)), Replay::Event);
        let conflict = record("payment.approved|conflict#5a", false);
        assert_eq!(as_what(&conflict), Replay::Conflict);
    }
}
