use acuse_core::event::Kind;
use serde_json::{Value, json};

use super::*;

#[test]
fn a_sample_is_the_payload_of_the_guide_with_what_was_changed() {
    let event = sample("onepay", "payment.approved")
        .with("payment.reference", "ORD-1")
        .with("/payment/amount", number("150000.00"))
        .without("payment.customer")
        .event();
    assert_eq!(event.kind, Kind::PaymentSucceeded);
    assert_eq!(event.reference.as_deref(), Some("ORD-1"));
    assert_eq!(event.amount.as_deref(), Some("150000.00"), "to the digit");
    let payload: Value = event.payload().unwrap();
    assert_eq!(payload["payment"]["customer"], Value::Null);
    assert_eq!(payload["payment"]["currency"], json!("COP"), "the rest stays");
    assert_eq!((event.occurred_at, event.received_at), (Some(START), START));
    assert_eq!(event.unreadable, None);
}

#[test]
fn each_event_is_about_a_new_resource_unless_one_is_given() {
    let payment = sample("unopago", "payment_received");
    let (first, second) = (payment.event(), payment.event());
    assert_ne!(first.key, second.key);
    assert!(first.resource.as_ref().unwrap().id.starts_with("pay_0000"));
    let again = sample("unopago", "payment_received").about(&first).event();
    assert_eq!(again.resource, first.resource);
    assert_eq!(again.key, first.key, "the same event");
    assert_ne!(again.delivery_id, first.delivery_id, "in another delivery");
    let named = sample("kuenta", "payment.completed").resource("pmt_7").event();
    assert_eq!(named.resource.unwrap().id, "pmt_7");
}

#[test]
fn account_environment_and_time_are_the_given_ones() {
    for provider in ["onepay", "kuenta", "unopago"] {
        let type_name = providers::ALL.by_name(provider).unwrap().types[0];
        for environment in [Environment::Test, Environment::Live] {
            let event = sample(provider, type_name)
                .account("second")
                .environment(environment)
                .after(Duration::from_secs(90))
                .event();
            assert_eq!(
                (event.environment, event.unreadable.clone()),
                (environment, None),
                "{provider}"
            );
            assert_eq!(event.account.name.as_str(), "second");
            assert_eq!(event.at(), START.plus(Duration::from_secs(90)));
            assert_eq!(event.received_at, event.at());
        }
    }
    let early = sample("onepay", "payment.created")
        .at(START.minus(Duration::from_secs(60)))
        .event();
    assert_eq!(early.received_at, START, "sent later");
}

#[test]
#[should_panic(
    expected = "onepay's payment.approved: `payment.refrence`: `payment` has no `refrence`; it has id, amount"
)]
fn a_name_that_is_not_there_is_answered_with_those_that_are() {
    let _ = sample("onepay", "payment.approved").without("payment.refrence");
}

#[test]
#[should_panic(expected = "no provider is called `onpay`; there are unopago, onepay, kuenta")]
fn an_unknown_provider_is_answered_with_those_there_are() {
    let _ = sample("onpay", "payment.approved");
}
