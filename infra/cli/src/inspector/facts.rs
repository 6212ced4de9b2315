//! What a list shows of a record that its payload has.

use acuse_aws::destinations::events;
use acuse_aws::ledger::reader::LedgerReader;
use acuse_aws::ledger::record::Record;
use acuse_core::event::Event;

use crate::registry::providers;
use crate::terminal::escape;

/// What a payment is about, in a merchant's words. Ready to be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// The merchant's own reference, such as an order number.
    pub(super) reference: String,
    /// The amount as sent, with its currency.
    pub(super) amount: String,
}

impl Facts {
    /// Those of a record. A payload with items of its own is not read for it.
    pub(super) async fn of(ledger: &LedgerReader, record: &Record) -> Self {
        let event = match record.parts {
            0 => events::event(ledger, record, providers()).await.ok(),
            _ => None,
        };
        let read = event.as_ref().map(Self::of_event).unwrap_or_default();
        Self {
            reference: record.reference.as_deref().map_or(read.reference, escape),
            amount: read.amount,
        }
    }

    /// Those of an event.
    pub(super) fn of_event(event: &Event) -> Self {
        let amount = event.amount.as_deref().map(|amount| match &event.currency {
            Some(currency) => format!("{amount} {currency}"),
            None => amount.to_owned(),
        });
        Self {
            reference: event.reference.as_deref().map(escape).unwrap_or_default(),
            amount: amount.as_deref().map(escape).unwrap_or_default(),
        }
    }
}
