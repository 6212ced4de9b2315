//! For any accounts, secrets, tokens and environments: a delivery verifies exactly if its secret and its token are both
//! of the account that it is sent to, and everything after that names this account.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use acuse_core::account::{Account, AccountName, Environment};
use acuse_core::clock::Timestamp;
use acuse_core::event::Event;
use acuse_core::provider::Provider;
use acuse_core::providers::{kuenta, onepay};
use acuse_core::receive::secrets::{Accounts, SecretVersion, StoredAccount};
use acuse_core::receive::signature::{sign, verify};
use acuse_core::wire::delivery::{Delivery, DeliveryId, Verified};
use acuse_core::wire::envelope::Envelope;
use bytes::Bytes;
use http::HeaderMap;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);
/// Two signed bodies: one names an environment, one does not.
const BODIES: [&str; 2] = [
    r#"{"event":{"type":"payment.approved","environment":"live"},"payment":{"id":"p1"}}"#,
    r#"{"event":"payment.completed","data":{"id":"p1"}}"#,
];

/// Accounts by name, each with its environment, secrets and tokens: a [`StoredAccount`] can't be printed.
type Parts = BTreeMap<String, (Option<Environment>, Vec<String>, Vec<Option<String>>)>;

/// Few names and values, so that accounts share some by chance.
fn parts() -> impl Strategy<Value = Parts> {
    let name = prop_oneof![Just("default".to_owned()), "[ab]", "[a-z0-9][a-z0-9_-]{0,63}"];
    let environment = option::of(prop_oneof![Just(Environment::Live), Just(Environment::Test)]);
    let value = |kind: &'static str| (0..12u8).prop_map(move |number| format!("{kind}{number}"));
    let token = prop_oneof![1 => Just(None), 9 => value("t").prop_map(Some)];
    btree_map(name, (environment, vec(value("s"), 1..4), vec(token, 1..3)), 0..4)
}

fn version(parts: Parts) -> SecretVersion {
    let accounts = parts.into_iter().map(|(name, (environment, signing_secrets, tokens))| {
        let account = StoredAccount {
            environment,
            signing_secrets,
            tokens,
            changed_at: None,
        };
        (AccountName::parse(&name).unwrap(), account)
    });
    SecretVersion {
        accounts: accounts.collect(),
    }
}

/// What each account accepts: its own lists of both versions, and the binding of the newest.
fn accepted(current: &SecretVersion, previous: &SecretVersion) -> BTreeMap<AccountName, StoredAccount> {
    let mut accepted = current.accounts.clone();
    for (name, older) in &previous.accounts {
        let own = accepted
            .get(name)
            .map_or_else(|| older.clone(), |own| own.clone().beside(older));
        accepted.insert(name.clone(), own);
    }
    accepted
}

fn parsed(provider: &Provider, version: &SecretVersion) -> Accounts {
    Accounts::parse(provider, &version.to_json()).unwrap().unwrap()
}

/// What comes of a delivery to `account` that is signed with this secret and carries this token.
fn received(
    provider: &Provider,
    accounts: &Accounts,
    account: &str,
    (secret, token): (&str, &str),
    body: &'static str,
) -> Option<Delivery<Verified>> {
    let mut headers = HeaderMap::new();
    headers.insert("signature", sign(secret, body.as_bytes()).parse().unwrap());
    headers.insert("x-webhook-token", token.parse().unwrap());
    let delivery = Delivery::received(
        DeliveryId::new(NOW, [7; 10]),
        NOW,
        headers,
        Bytes::from_static(body.as_bytes()),
    );
    let delivery = delivery.sent_to(account);
    let secrets = accounts.get(delivery.account())?.unwrap();
    verify(&delivery, &provider.scheme, secrets, NOW).ok()
}

/// The event that the consumer reads from the message of a verified delivery.
fn consumed(provider: &'static Provider, verified: &Delivery<Verified>, own: Environment) -> Event {
    let message = Envelope::seal(provider.name, verified).to_message().unwrap();
    let envelope = Envelope::from_message(message.text.clone(), |name| message.attribute(name)).unwrap();
    Event::read(envelope, provider, own)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn only_its_own_secret_and_token_prove_an_account(
        current in parts(),
        previous in parts(),
        is_kuenta in any::<bool>(),
        body in prop_oneof![Just(BODIES[0]), Just(BODIES[1])],
        own in prop_oneof![Just(Environment::Live), Just(Environment::Test)],
    ) {
        let provider = if is_kuenta { &kuenta::PROVIDER } else { &onepay::PROVIDER };
        let (current, previous) = (version(current), version(previous));
        let accounts = parsed(provider, &current).and_previous(parsed(provider, &previous));
        let accepted = accepted(&current, &previous);
        let secrets: BTreeSet<&str> = accepted.values().flat_map(|own| &own.signing_secrets).map(String::as_str).collect();
        let tokens: BTreeSet<&str> = accepted.values().flat_map(|own| own.tokens.iter().flatten()).map(String::as_str).collect();
        let unknown = StoredAccount::default();
        let mut names: BTreeSet<&str> = accepted.keys().map(AccountName::as_str).collect();
        names.extend(["default", "unknown", "a/b", ""]);
        for secret in secrets.iter().copied().chain(["forged"]) {
            for token in tokens.iter().copied().chain(["forged"]) {
                for name in &names {
                    let stored = accepted.get(*name).unwrap_or(&unknown);
                    let knows_token = provider.scheme.token.is_none()
                        || stored.tokens.iter().any(|known| known.as_deref().is_none_or(|known| known == token));
                    let expected = stored.signing_secrets.iter().any(|known| known == secret) && knows_token;
                    let verified = received(provider, &accounts, name, (secret, token), body);
                    prop_assert_eq!(verified.is_some(), expected, "{} with {} at {:?}", secret, token, name);
                    let Some(verified) = verified else { continue };
                    let account = Account {
                        name: AccountName::parse(name).unwrap(),
                        environment: stored.environment,
                    };
                    prop_assert_eq!(verified.account(), &account);
                    let event = consumed(provider, &verified, own);
                    prop_assert_eq!(&event.account, &account);
                    let scope = format!("{}#{}#", account.name.scope(provider.name), event.environment.name());
                    prop_assert!(event.key.partition.starts_with(&scope), "{}", event.key);
                    let named = body == BODIES[0] && provider.name == "onepay";
                    let expected = account.environment.unwrap_or(own);
                    prop_assert_eq!(event.environment, if named { Environment::Live } else { expected });
                }
            }
        }
    }

    /// Where no two accounts share a value: the secret, the token and the URL are of one account, or it is refused.
    #[test]
    fn a_delivery_of_three_accounts_verifies_only_if_they_are_one(
        shapes in vec((option::of(any::<bool>()), 1..4usize, 1..3usize, 0..3usize), 2..5),
    ) {
        let (mut current, mut previous) = (SecretVersion::default(), SecretVersion::default());
        for (place, (live, secrets, tokens, older)) in shapes.iter().enumerate() {
            let name = match place {
                0 => AccountName::DEFAULT,
                _ => AccountName::parse(&format!("a{place}")).unwrap(),
            };
            let values = |kind: &str, from: usize, count: usize| (from..from + count).map(|number| format!("{kind}-{place}-{number}")).collect::<Vec<_>>();
            let environment = live.map(|live| if live { Environment::Live } else { Environment::Test });
            let account = |from, secrets, tokens| StoredAccount {
                environment,
                signing_secrets: values("secret", from, secrets),
                tokens: values("token", from, tokens).into_iter().map(Some).collect(),
                changed_at: Some(NOW),
            };
            if *older > 0 {
                previous.accounts.insert(name.clone(), account(10, *older, *older));
            }
            current.accounts.insert(name, account(0, *secrets, *tokens));
        }
        let provider = &onepay::PROVIDER;
        let accounts = parsed(provider, &current).and_previous(parsed(provider, &previous));
        let accepted = accepted(&current, &previous);
        for (of_secret, secrets) in &accepted {
            for (of_token, tokens) in &accepted {
                for (sent_to, stored) in &accepted {
                    for secret in &secrets.signing_secrets {
                        for token in tokens.tokens.iter().flatten() {
                            let verified = received(provider, &accounts, sent_to.as_str(), (secret, token), BODIES[0]);
                            let account = verified.map(|verified| verified.account().clone());
                            let expected = (of_secret == sent_to && of_token == sent_to).then(|| Account {
                                name: sent_to.clone(),
                                environment: stored.environment,
                            });
                            prop_assert_eq!(account, expected, "{} {} {}", secret, token, sent_to);
                        }
                    }
                }
            }
        }
    }
}
