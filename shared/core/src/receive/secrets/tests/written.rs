//! What is written reads back, and functions from before accounts can read the flat form.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::clock::Timestamp;

/// A value as it is stored: trimmed and not empty.
fn value() -> impl Strategy<Value = String> {
    let text = prop_oneof!["[a-z0-9_]{1,8}", any::<String>(), "[\\PC\"\\\\\u{1}é😀]{1,4}"];
    text.prop_map(|text| text.trim().to_owned())
        .prop_filter("a value", |text| !text.is_empty())
}

/// An account's environment, secrets, tokens and time: a [`StoredAccount`] can't be printed.
type Parts = (Option<Environment>, Vec<String>, Vec<Option<String>>, Option<i64>);

fn parts() -> impl Strategy<Value = Parts> {
    let environment = option::of(prop_oneof![Just(Environment::Live), Just(Environment::Test)]);
    let tokens = vec(option::of(value()), 0..3);
    (
        environment,
        vec(value(), 0..3),
        tokens,
        option::of(0..4_000_000_000_000i64),
    )
}

fn account((environment, signing_secrets, tokens, changed_at): Parts) -> StoredAccount {
    StoredAccount {
        environment,
        signing_secrets,
        tokens,
        changed_at: changed_at.map(Timestamp::from_millis),
    }
}

fn accounts() -> impl Strategy<Value = BTreeMap<String, Parts>> {
    let name = prop_oneof![2 => Just("default".to_owned()), 3 => "[a-z0-9][a-z0-9_-]{0,63}"];
    btree_map(name, parts(), 0..4)
}

fn version(accounts: BTreeMap<String, Parts>) -> SecretVersion {
    let accounts = accounts.into_iter();
    let accounts = accounts.map(|(name, parts)| (AccountName::parse(&name).unwrap(), account(parts)));
    SecretVersion {
        accounts: accounts.collect(),
    }
}

/// The fields of the flat form, as version 0.1 reads it: these and no others, with one token or `null`.
fn is_readable_by_0_1(text: &str) -> bool {
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    let is_text = |value: &serde_json::Value| value.is_string();
    value
        .as_object()
        .unwrap()
        .iter()
        .all(|(name, value)| match name.as_str() {
            "signing_secrets" => value.as_array().is_some_and(|list| list.iter().all(is_text)),
            "token" => is_text(value) || value.is_null(),
            _ => false,
        })
}

proptest! {
    #[test]
    fn a_version_reads_back_as_written(accounts in accounts()) {
        let version = version(accounts);
        let text = version.to_json();
        let read = whole(&onepay::PROVIDER, &text).unwrap().unwrap();
        let mut expected = version.clone();
        if version.single().is_some() {
            // The flat form has no room for it.
            expected.accounts.values_mut().for_each(|account| account.changed_at = None);
        }
        prop_assert!(read == expected, "{}", text);
        prop_assert_eq!(read.to_json(), text);
    }

    #[test]
    fn the_flat_form_is_written_exactly_where_it_says_everything(accounts in accounts()) {
        let version = version(accounts);
        let text = version.to_json();
        let default = version.accounts.get("default");
        let is_simple = |account: &StoredAccount| account.environment.is_none() && account.tokens.len() < 2;
        let allowed = version.accounts.len() == 1 && default.is_some_and(is_simple);
        prop_assert_eq!(version.single().is_some(), allowed);
        prop_assert_eq!(is_readable_by_0_1(&text), allowed, "{}", text);
    }

    /// Whatever the text: no panic, and an account that is read as a whole is read by itself.
    #[test]
    fn no_text_panics(text in ".*", name in ".*", field in ".*") {
        let nested = serde_json::json!({"accounts": {name: {field: text.as_str()}}}).to_string();
        for text in [text, nested] {
            let read = whole(&onepay::PROVIDER, &text);
            let each = Accounts::parse(&onepay::PROVIDER, &text);
            prop_assert!(read.is_err() || each.is_ok());
        }
    }

    /// A rotation keeps what was accepted, newest first, and adds nothing.
    #[test]
    fn an_account_beside_an_older_one_accepts_both(new in parts(), old in parts()) {
        let (new, old) = (account(new), account(old));
        let both = new.clone().beside(&old);
        prop_assert!(both.signing_secrets.starts_with(&new.signing_secrets));
        prop_assert!(both.tokens.starts_with(&new.tokens));
        prop_assert_eq!((both.environment, both.changed_at), (new.environment, new.changed_at));
        for secret in old.signing_secrets.iter().chain(&new.signing_secrets) {
            prop_assert!(both.signing_secrets.contains(secret));
        }
        for token in &both.tokens {
            prop_assert!(old.tokens.contains(token) || new.tokens.contains(token));
        }
        for secret in &both.signing_secrets {
            prop_assert!(old.signing_secrets.contains(secret) || new.signing_secrets.contains(secret));
        }
        prop_assert!(both.clone().beside(&old) == both);
    }
}

/// As version 0.1 wrote them, in fixtures that are never changed.
#[test]
fn secrets_of_version_0_1_are_read_as_the_default_account() {
    let text = include_str!("../../../../../../tests/fixtures/upgrade/v1/secrets.json");
    let stored: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).unwrap();
    for (case, secret) in &stored {
        let provider = match case.split(' ').next() {
            Some("onepay") => &onepay::PROVIDER,
            _ => &kuenta::PROVIDER,
        };
        let text = secret.to_string();
        let version = whole(provider, &text).unwrap();
        let accounts = Accounts::parse(provider, &text).unwrap().unwrap_or_default();
        let default = accounts.get("default").unwrap().unwrap();
        assert_eq!(default.account(), &Account::default(), "{case}");
        assert_eq!(
            accounts.iter().count(),
            usize::from(!case.ends_with("placeholder")),
            "{case}"
        );
        let Some(version) = version else {
            assert!(case.ends_with("placeholder"), "{case}");
            continue;
        };
        // Written again, functions of version 0.1 still read it.
        assert!(is_readable_by_0_1(&version.to_json()), "{case}");
        let written: serde_json::Value = serde_json::from_str(&version.to_json()).unwrap();
        assert_eq!(written["signing_secrets"], secret["signing_secrets"], "{case}");
        assert_eq!(written.get("token"), secret.get("token"), "{case}");
    }
}
