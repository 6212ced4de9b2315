//! What a payload will be in the ledger.

use acuse_core::account::{Account, Environment};
use acuse_core::clock::Timestamp;
use acuse_core::event::payload;
use acuse_core::provider::Provider;
use acuse_core::wire::delivery::{CanonicalForm, DeliveryId};
use acuse_core::wire::envelope::Envelope;
use bytes::Bytes;

/// What the consumer will read in a payload.
#[derive(Debug, Clone)]
pub struct About {
    /// The event's type.
    pub type_name: String,
    /// The merchant's order number.
    pub reference: Option<String>,
    /// The event's key.
    pub key: String,
}

impl About {
    /// Reads `body` as the event of `account` in a stack of `environment`. `None` if it is not one event.
    pub fn read(
        provider: &'static Provider,
        body: &Bytes,
        account: &Account,
        environment: Environment,
        now: Timestamp,
    ) -> Option<Self> {
        let envelope = Envelope {
            account: account.clone(),
            provider: provider.name.to_owned(),
            delivery_id: DeliveryId::new(now, [0; 10]),
            received_at: now,
            form: CanonicalForm::Raw,
            body: body.clone(),
            content: Default::default(),
            replay: None,
        };
        let [event] = <[_; 1]>::try_from(payload::events(&envelope, provider, environment)).ok()?;
        event.unreadable.is_none().then(|| Self {
            key: event.key.to_string(),
            type_name: event.type_name,
            reference: event.reference,
        })
    }
}
