//! One search for whatever people know of an event: its key, an order number, a payment's id, a delivery's id, the
//! `webhook-id` that a destination got, or an amount and a day.
//!
//! ```text
//! ledger, by keys and indexes     a few reads, whatever the ledger's size      [`in_ledger`]
//! quarantine, dead letters        messages, read without being taken away      [`in_queues`]
//! ledger, day by day              everything that was received, payloads too   [`in_days`]
//! ```
//!
//! What is in quarantine is not proven to be the provider's. It is read for the search, and shown as unverified.

mod amount;
mod queues;

use std::collections::BTreeSet;

use acuse_aws::ledger::reader::{LedgerReader, ReadError, Wanted};
use acuse_aws::ledger::record::Record;
use acuse_core::account::AccountName;
use acuse_core::clock::Timestamp;
use acuse_core::event::reference::References;
use acuse_core::wire::delivery::DeliveryId;

pub use amount::{Amount, OnDay};
pub use queues::{InQueues, Quarantine, When, in_dead_letters, in_quarantine, in_queues, mentions, of_resources};

use crate::registry::providers;
use crate::stack::error::StackError;
use crate::stack::events::newest_first;
use crate::stack::filter::Filter;
use crate::stack::lookup;
use crate::stack::target::Target;
use crate::terminal::unescape;

/// What to look for.
#[derive(Debug, Clone, Copy)]
pub struct Find<'a> {
    /// What somebody knows, as it was sent, as a list prints it or with a `*` at its end.
    pub text: &'a str,
    /// Only in this account; an id is looked up in it.
    pub account: Option<&'a AccountName>,
    /// Most events of one reference.
    pub limit: usize,
}

/// What the text turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum By {
    Key,
    Reference,
    /// The beginning of references.
    ReferencePrefix,
    /// A resource's id, or the provider's of the event.
    Id,
    Delivery,
    /// The delivery is a duplicate of the event.
    Duplicate,
    WebhookId,
    AmountOnDay,
    /// It occurs in the payload.
    Payload,
}

/// What the ledger has.
#[derive(Debug, Clone, Default)]
pub struct InLedger {
    /// The events, newest first.
    pub records: Vec<Record>,
    /// What the text is. Nothing if nothing was found.
    pub by: Vec<By>,
    /// Whether there are more of this reference.
    pub more: bool,
    /// The table has no index of references yet.
    pub no_index: bool,
    /// What was looked up, for a miss.
    pub looked_for: Vec<&'static str>,
}

impl InLedger {
    fn add(&mut self, by: By, records: Vec<Record>) {
        if !records.is_empty() {
            self.by.push(by);
            self.records.extend(records);
        }
    }

    /// Newest first, each once. An event found by its key comes before its conflicts, and a resource's events by type.
    fn sorted(mut self, account: Option<&AccountName>) -> Self {
        let mut seen = BTreeSet::new();
        self.records
            .retain(|record| account.is_none_or(|own| *own == record.account) && seen.insert(record.key.clone()));
        if self.by != [By::Key] {
            self.records.sort_by(newest_first);
        }
        if self.records.is_empty() {
            self.by.clear();
        }
        self
    }
}

/// What the ledger has under its keys and indexes. It takes a few reads, whatever the ledger's size; an amount takes
/// those of its day.
///
/// | the text | found by | calls for each provider |
/// |---|---|---|
/// | a key | its partition | one query for all |
/// | a reference | the index `by-reference` | a query for each shard; one batch of records for all |
/// | an id | likely keys | at most 20 queries |
/// | a delivery's id | its millisecond in the index `by-day` | a query for each shard, and one read for all |
/// | a `webhook-id` | the index `by-reference` | one query and one batch for all |
///
/// # Errors
/// The ledger can't be read.
pub async fn in_ledger(target: &Target, find: &Find<'_>) -> Result<InLedger, StackError> {
    Ok(look_in(&target.ledger()?, &target.references(), find).await?)
}

/// The same in this ledger, whose consumer reads references there.
///
/// # Errors
/// The ledger can't be read.
pub async fn look_in(ledger: &LedgerReader, references: &References, find: &Find<'_>) -> Result<InLedger, ReadError> {
    let text = find.text.trim();
    let found = look_for(ledger, references, find, text).await?;
    // A list prints characters that a terminal obeys as escapes.
    let unescaped = unescape(text);
    if !found.records.is_empty() || unescaped == text {
        return Ok(found);
    }
    let as_sent = look_for(ledger, references, find, &unescaped).await?;
    Ok(match as_sent.records.is_empty() {
        true => found,
        false => as_sent,
    })
}

async fn look_for(
    ledger: &LedgerReader,
    references: &References,
    find: &Find<'_>,
    text: &str,
) -> Result<InLedger, ReadError> {
    let mut found = InLedger::default();
    if let Some(on_day) = OnDay::parse(text) {
        found.looked_for = vec!["amount and day"];
        found.add(By::AmountOnDay, on_day.records(ledger, references).await?);
        return Ok(found.sorted(find.account));
    }
    found.add(By::Key, lookup::with_conflicts(ledger, text).await?);
    if found.records.is_empty() {
        found.looked_for = vec!["key", "reference", "resource or event id", "delivery id", "webhook-id"];
        let names = || providers().names();
        let (wanted, only_prefix) = match text.strip_suffix('*').filter(|prefix| !prefix.is_empty()) {
            Some(prefix) => (Wanted::Prefix(prefix), true),
            None => (Wanted::Exact(text), false),
        };
        let default = AccountName::DEFAULT;
        let account = find.account.unwrap_or(&default);
        let delivery = DeliveryId::parse(text);
        let (references, by_id, by_delivery, by_webhook_id) = tokio::try_join!(
            ledger.by_reference(names(), wanted, find.limit),
            lookup::by_ids(ledger, account, text),
            lookup::by_delivery(ledger, text),
            async {
                // Any UUID may be one: it has no version of its own.
                match delivery {
                    Some(id) => ledger.by_webhook_id(&id.to_string()).await,
                    None => Ok(Vec::new()),
                }
            },
        )?;
        (found.more, found.no_index) = (references.more, references.no_index);
        let by = if only_prefix {
            By::ReferencePrefix
        } else {
            By::Reference
        };
        found.add(by, references.records);
        found.add(By::Id, by_id);
        found.add(By::Delivery, by_delivery);
        found.add(By::WebhookId, by_webhook_id);
        if let (Some(delivery), true) = (delivery, found.records.is_empty())
            && let Some(key) = ledger.duplicate_of(delivery).await?
        {
            found.add(By::Duplicate, lookup::by_key(ledger, &key).await?.into_iter().collect());
        }
        if found.records.is_empty() && !only_prefix {
            let references = ledger.by_reference(names(), Wanted::Prefix(text), find.limit).await?;
            found.more = references.more;
            found.add(By::ReferencePrefix, references.records);
        }
    }
    Ok(found.sorted(find.account))
}

/// The events whose reference is `reference` or, with a `*` at its end, begins with it: those that pass the filter,
/// newest first. Only the index is read, whatever days the filter names.
///
/// # Errors
/// The ledger can't be read.
pub async fn by_reference(
    target: &Target,
    filter: &Filter,
    reference: &str,
    limit: usize,
) -> Result<InLedger, StackError> {
    fn wanted(reference: &str) -> Wanted<'_> {
        match reference.strip_suffix('*') {
            Some(prefix) => Wanted::Prefix(prefix),
            None => Wanted::Exact(reference),
        }
    }
    let names = || filter.providers().into_iter().map(|provider| provider.name);
    let ledger = target.ledger()?;
    let mut references = ledger.by_reference(names(), wanted(reference), limit).await?;
    let unescaped = unescape(reference);
    if references.records.is_empty() && unescaped != reference {
        references = ledger.by_reference(names(), wanted(&unescaped), limit).await?;
    }
    let mut found = InLedger {
        more: references.more,
        no_index: references.no_index,
        ..InLedger::default()
    };
    let passes = |record: &Record| crate::stack::events::passes(filter, record);
    found.add(By::Reference, references.records.into_iter().filter(passes).collect());
    Ok(found.sorted(None))
}

/// The events of the last `days` days that have this id or whose payload has this text, on the newest day that has any.
/// It reads everything that was received, and so finds what was recorded before there were references.
///
/// # Errors
/// The ledger can't be read.
pub async fn in_days(target: &Target, find: &Find<'_>, days: u32, now: Timestamp) -> Result<InLedger, StackError> {
    let mut found = InLedger::default();
    let records = lookup::in_daily_lists(&target.ledger()?, find.text.trim(), days, now).await?;
    found.add(By::Payload, records);
    Ok(found.sorted(find.account))
}
