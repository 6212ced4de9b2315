//! Events for tests.

use crate::event::{Environment, Event, payload};
use crate::provider::Provider;
use crate::wire::envelope::Envelope;

/// The event in `body`, which `sender` (`onepay`, `onepay/test@test`) sent.
pub(super) fn event(provider: &'static Provider, sender: &str, body: &str) -> Event {
    let envelope = Envelope::from_message(body, |name| match name {
        "envelope" => Some("1"),
        "provider" => Some(sender),
        "delivery_id" => Some("018bcfe5-6800-7707-8707-070707070707"),
        "received_at" => Some("1710928800250"),
        "form" => Some("raw"),
        _ => None,
    });
    let events = payload::events(&envelope.unwrap(), provider, Environment::Live);
    events.into_iter().next().unwrap()
}
