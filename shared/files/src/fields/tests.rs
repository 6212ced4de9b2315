use acuse_core::providers::{self, kuenta, onepay, unopago};

use super::*;
use crate::payload::payload;

#[test]
fn a_reference_goes_where_the_provider_puts_it() {
    for (provider, type_name, path) in [
        (&onepay::PROVIDER, "payment.approved", ["payment", "reference"]),
        // The sample has none; the provider sends one.
        (&onepay::PROVIDER, "charge.paid", ["charge", "reference"]),
        (&onepay::PROVIDER, "cashout.created", ["cashout", "reference"]),
        (&unopago::PROVIDER, "payment_received", ["data", "reference"]),
    ] {
        let changed = with_reference(provider, &payload(provider, type_name).unwrap(), "ORD/1 \"ñ\"").unwrap();
        let value = json::parse(changed.as_bytes()).unwrap();
        assert_eq!(
            value.path(&path).unwrap().scalar_text().unwrap(),
            "ORD/1 \"ñ\"",
            "{type_name}"
        );
    }
    let other_name = r#"{"payment":{"id":"1","external_id":"A"},"event":{"type":"payment.approved"}}"#;
    assert_eq!(
        with_reference(&onepay::PROVIDER, other_name, "B").unwrap(),
        other_name.replace("\"A\"", "\"B\"")
    );
    let kuenta = payload(&kuenta::PROVIDER, "payment.completed").unwrap();
    assert_eq!(with_reference(&kuenta::PROVIDER, &kuenta, "B"), None);
}

#[test]
fn an_environment_changes_where_one_is_named() {
    for provider in providers::ALL {
        for type_name in provider.types {
            let payload = payload(provider, type_name).unwrap();
            let named = read(provider, &payload).unwrap().environment;
            for environment in [Environment::Test, Environment::Live] {
                let changed = with_environment(provider, &payload, environment);
                assert_eq!(changed.is_some(), named.is_some(), "{type_name}");
                let now = changed.and_then(|changed| read(provider, &changed)?.environment);
                assert_eq!(now, named.map(|_| environment), "{type_name}");
            }
        }
    }
}
