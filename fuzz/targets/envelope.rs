//! Input: one attribute per line as `name=value`, an empty line, and the message's text.
#![no_main]

use std::collections::HashMap;

use acuse_core::account::Account;
use acuse_core::clock::Timestamp;
use acuse_core::wire::delivery::{CanonicalForm, DeliveryId};
use acuse_core::wire::envelope::{Envelope, LONGEST_TEXT};
use bytes::Bytes;
use libfuzzer_sys::fuzz_target;

/// What the attribute `provider` may name.
const SENDERS: [&str; 4] = ["onepay", "onepay@live", "onepay/test@test", "onepay/0_-"];

fuzz_target!(|input: &[u8]| {
    let sender = SENDERS[input.len() % SENDERS.len()];
    let (provider, account) = Account::split(sender).unwrap();
    round_trips(&Envelope {
        account,
        provider: provider.to_owned(),
        content: Default::default(),
        delivery_id: DeliveryId::new(Timestamp::from_seconds(1_700_000_000), [7; 10]),
        received_at: Timestamp::from_millis(1_700_000_000_123),
        form: CanonicalForm::Raw,
        body: Bytes::copy_from_slice(input),
        replay: None,
    });

    let Ok(message) = std::str::from_utf8(input) else {
        return;
    };
    let (attributes, text) = message.split_once("\n\n").unwrap_or((message, ""));
    let attributes: HashMap<&str, &str> = attributes.lines().filter_map(|line| line.split_once('=')).collect();
    if let Ok(envelope) = Envelope::from_message(text, |name| attributes.get(name).copied()) {
        round_trips(&envelope);
    }
});

/// The message fits SQS, and reads back unchanged.
fn round_trips(envelope: &Envelope) {
    let Ok(message) = envelope.to_message() else {
        assert!(envelope.body.len() > LONGEST_TEXT / 2, "a short body does not fit");
        return;
    };
    assert!(message.text.len() <= LONGEST_TEXT);
    // An empty body never verifies, so it is never sent.
    assert!(!message.text.is_empty() || envelope.body.is_empty());
    let refused = |c: char| (c < ' ' && !"\t\n\r".contains(c)) || matches!(c, '\u{FFFE}' | '\u{FFFF}');
    assert!(!message.text.contains(refused), "SQS refuses this text");

    let back = Envelope::from_message(message.text.clone(), |name| message.attribute(name)).unwrap();
    assert_eq!(back.body, envelope.body);
    assert_eq!(back.form, envelope.form);
    assert_eq!((&back.provider, &back.account), (&envelope.provider, &envelope.account));
    assert_eq!(back.received_at, envelope.received_at);
    assert_eq!(back.delivery_id, envelope.delivery_id);
}
