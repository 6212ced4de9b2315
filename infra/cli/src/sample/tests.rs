use std::collections::HashSet;

use acuse_core::account::{AccountName, Environment};
use acuse_core::providers;

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

#[test]
fn a_sample_is_of_the_environment_of_its_account() {
    for provider in providers::ALL {
        for type_name in provider.types {
            for environment in [None, Some(Environment::Test), Some(Environment::Live)] {
                let name = AccountName::DEFAULT;
                let body = event(provider, type_name, &Account { name, environment }, NOW).unwrap();
                let fixture = fields::read(provider, &payload(provider, type_name).unwrap()).unwrap();
                let expected = fixture.environment.and(environment).or(fixture.environment);
                let sample = fields::read(provider, &body).unwrap();
                assert_eq!(sample.environment, expected, "{type_name}");
                assert_ne!(sample.resource, fixture.resource, "{type_name}");
                assert_eq!(sample.reference.is_some(), fixture.reference.is_some(), "{type_name}");
            }
        }
    }
}

#[test]
fn each_event_has_its_own_reference() {
    let mut references = HashSet::new();
    for _ in 0..2000 {
        let body = event(
            &providers::onepay::PROVIDER,
            "payment.approved",
            &Account::default(),
            NOW,
        )
        .unwrap();
        let about = About::read(
            &providers::onepay::PROVIDER,
            &body.into(),
            &Account::default(),
            Environment::Live,
            NOW,
        );
        let about = about.unwrap();
        let reference = about.reference.unwrap();
        // Made of the resource's id, which is in the key.
        let id = about.key.replace('-', "");
        assert!(id.contains(&format!("#{}", &reference["ORD-".len()..])), "{reference}");
        assert!(references.insert(reference));
    }
}

#[test]
fn an_unknown_type_is_answered_with_the_list_of_types() {
    let error = payload(&providers::unopago::PROVIDER, "paid").unwrap_err().to_string();
    assert!(
        error.contains("payment_received\n  invoice_created\n  customer_updated"),
        "{error}"
    );
}
