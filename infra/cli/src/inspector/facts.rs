//! What a list shows of an event in a merchant's words.

use acuse_aws::ledger::record::Record;
use acuse_core::event::Event;

use crate::terminal::escape;

/// An event's order and money. Ready to be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// The merchant's own reference, such as an order number.
    pub(super) reference: String,
    /// The amount as sent, with its currency.
    pub(super) amount: String,
}

impl Facts {
    /// Those of a record.
    pub(super) fn of(record: &Record) -> Self {
        Self::new(&record.reference, &record.amount, &record.currency)
    }

    /// Those of an event.
    pub(super) fn of_event(event: &Event) -> Self {
        Self::new(&event.reference, &event.amount, &event.currency)
    }

    fn new(reference: &Option<String>, amount: &Option<String>, currency: &Option<String>) -> Self {
        let shown = |text: &Option<String>| text.as_deref().map(escape).unwrap_or_default();
        // A currency alone is no money.
        let amount = match amount {
            Some(_) => format!("{} {}", shown(amount), shown(currency)),
            None => String::new(),
        };
        Self {
            reference: shown(reference),
            amount: amount.trim().to_owned(),
        }
    }
}
