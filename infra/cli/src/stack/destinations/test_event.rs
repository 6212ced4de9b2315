//! The event that `acuse destinations test` sends: signed and shaped like any other, and of no payment.

use acuse_aws::system::{SystemClock, SystemRandom};
use acuse_core::account::Account;
use acuse_core::clock::{Clock, Random};
use acuse_core::event::key::IdempotencyKey;
use acuse_core::event::{Environment, Event, Kind};
use acuse_core::provider::Provider;
use acuse_core::wire::delivery::{CanonicalForm, DeliveryId};
use acuse_core::wire::envelope::Envelope;
use bytes::Bytes;
use serde_json::json;

/// Its type.
pub const TYPE: &str = "acuse.test";

/// What its body calls its provider.
pub const PROVIDER: &str = "acuse";

/// A new test event. `provider` only lends its rules of reading, of which none apply.
pub fn new(provider: &'static Provider) -> Event {
    let now = SystemClock.now();
    let body = json!({"message": "a test event of `acuse destinations test`: no payment", "sent_at": now.to_string()});
    let mut event = read(provider, Account::default(), body.to_string().into(), Environment::Test);
    event.provider = PROVIDER;
    event.type_name = TYPE.to_owned();
    event.kind = Kind::Unknown;
    event.environment = Environment::Test;
    event.resource = None;
    event.unreadable = None;
    // Another id each time, as another event has.
    event.key = IdempotencyKey::new("acuse#test", event.delivery_id.to_string());
    event
}

/// `body` as an event that `provider` has sent just now.
pub fn read(provider: &'static Provider, account: Account, body: Bytes, environment: Environment) -> Event {
    let now = SystemClock.now();
    let random = SystemRandom.bits().to_le_bytes();
    let envelope = Envelope {
        provider: provider.name.to_owned(),
        account,
        content: acuse_core::wire::content::Content::default(),
        delivery_id: DeliveryId::new(now, random.first_chunk().copied().unwrap_or_default()),
        received_at: now,
        form: CanonicalForm::Raw,
        body,
        replay: None,
    };
    Event::read(envelope, provider, environment)
}

#[cfg(test)]
mod tests {
    use acuse_core::destination::body;
    use acuse_core::providers::onepay;
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_test_event_is_of_no_payment_and_has_an_id_of_its_own() {
        let [first, second] = [new(&onepay::PROVIDER), new(&onepay::PROVIDER)];
        assert_ne!(first.idempotency_key(), second.idempotency_key());
        let body: Value = serde_json::from_slice(&body::of(&first)).unwrap();
        assert_eq!(body["type"], "acuse.test");
        assert_eq!(
            (&body["provider"], &body["environment"]),
            (&json!("acuse"), &json!("test"))
        );
        assert_eq!((&body["resource"], &body["amount"]), (&Value::Null, &Value::Null));
        assert!(body["data"]["message"].as_str().unwrap().contains("no payment"));
    }
}
