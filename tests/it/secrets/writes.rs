//! What the operator's commands write: one account is changed, and no other one.

use std::sync::{Arc, Mutex, MutexGuard};

use acuse_cli::stack::secret::{StackSecret, StackSecretError, Stored};
use acuse_core::account::{AccountName, Environment};
use acuse_core::providers::onepay;
use acuse_core::receive::secrets::{LONGEST, StoredAccount};
use serde_json::{Value, json};

use super::fake::{Secret, client};

/// A secret that is stored, and its writer.
struct Case {
    secret: Arc<Mutex<Secret>>,
    writer: StackSecret,
}

impl Case {
    async fn with(stored: &[Value]) -> Self {
        let mut secret = Secret::default();
        stored.iter().for_each(|text| secret.store(&text.to_string()));
        let secret = Arc::new(Mutex::new(secret));
        let client = client(Arc::clone(&secret)).await;
        let writer = StackSecret::new(client, "onepay".to_owned(), &onepay::PROVIDER, true);
        Self { secret, writer }
    }

    fn secret(&self) -> MutexGuard<'_, Secret> {
        self.secret.lock().unwrap()
    }

    /// The text of the version with this label.
    fn text(&self, label: &str) -> Option<Value> {
        self.secret().text(label)
    }

    async fn get(&self) -> Stored {
        self.writer.get().await.unwrap()
    }
}

fn name(text: &str) -> AccountName {
    AccountName::parse(text).unwrap()
}

fn account(number: u32) -> StoredAccount {
    StoredAccount {
        signing_secrets: vec![format!("wh_tok_{number}")],
        tokens: vec![Some(format!("wh_hdr_{number}"))],
        ..StoredAccount::default()
    }
}

/// An account's object as it is stored.
fn object(number: u32) -> Value {
    json!({"signing_secrets": [format!("wh_tok_{number}")], "token": format!("wh_hdr_{number}")})
}

/// The default account's object that was flat before: it was changed last when that version was written.
fn flat(mut object: Value) -> Value {
    object["changed_at"] = "2026-11-20T08:00:00.000Z".into();
    object
}

/// An account's object while it is rotated.
fn rotating(new: u32, old: u32) -> Value {
    json!({
        "signing_secrets": [format!("wh_tok_{new}"), format!("wh_tok_{old}")],
        "token": [format!("wh_hdr_{new}"), format!("wh_hdr_{old}")],
    })
}

#[tokio::test]
async fn an_account_is_replaced_in_one_version_and_the_old_one_is_withdrawn() {
    let case = Case::with(&[object(1)]).await;
    let stored = case.get().await;
    case.writer
        .replace(&stored, &name("test"), Some(account(2)))
        .await
        .unwrap();
    let written = concat!(
        r#"{"accounts":{"default":{"signing_secrets":["wh_tok_1"],"token":"wh_hdr_1","#,
        r#""changed_at":"2026-11-20T08:00:00.000Z"},"#,
        r#""test":{"signing_secrets":["wh_tok_2"],"token":"wh_hdr_2"}}}"#
    );
    assert_eq!(
        case.secret().requests,
        [
            "GetSecretValue AWSCURRENT".to_owned(),
            "GetSecretValue AWSPREVIOUS".to_owned(),
            format!("PutSecretValue ACUSE_WRITING {written}"),
            "UpdateSecretVersionStage AWSCURRENT".to_owned(),
            "UpdateSecretVersionStage AWSPREVIOUS".to_owned(),
        ]
    );
    let written = json!({"accounts": {"default": flat(object(1)), "test": object(2)}});
    assert_eq!(case.text("AWSCURRENT"), Some(written));
    assert_eq!(case.text("AWSPREVIOUS"), None);

    // With its last account but an unbound `default`, it is flat again.
    let stored = case.get().await;
    case.writer.replace(&stored, &name("test"), None).await.unwrap();
    assert_eq!(case.text("AWSCURRENT"), Some(object(1)));
    let stored = case.get().await;
    case.writer.replace(&stored, &AccountName::DEFAULT, None).await.unwrap();
    assert_eq!(case.text("AWSCURRENT"), Some(json!({"placeholder": true})));
    assert!(case.get().await.version.accounts.is_empty());
}

#[tokio::test]
async fn a_lost_answer_is_no_failure() {
    for lost in [
        ("PutSecretValue", "ACUSE_WRITING"),
        ("UpdateSecretVersionStage", "AWSCURRENT"),
        ("UpdateSecretVersionStage", "AWSPREVIOUS"),
    ] {
        let case = Case::with(&[object(1)]).await;
        case.secret().lost.push(lost);
        let stored = case.get().await;
        case.writer
            .replace(&stored, &AccountName::DEFAULT, Some(account(2)))
            .await
            .unwrap();
        let sent = case.secret().requests.clone();
        let twice = sent
            .iter()
            .filter(|sent| sent.starts_with(&format!("{} {}", lost.0, lost.1)));
        assert_eq!(twice.count(), 2, "{sent:?}");
        assert_eq!(
            (case.text("AWSCURRENT"), case.text("AWSPREVIOUS")),
            (Some(object(2)), None)
        );
        assert_eq!(case.secret().count(), 2, "{lost:?}");
    }
}

#[tokio::test]
async fn a_change_of_another_account_at_the_same_moment_is_kept() {
    let case = Case::with(&[object(1)]).await;
    let stored = case.get().await;
    let theirs = |numbers: &[u32]| {
        let mut accounts = json!({"default": object(1)});
        numbers
            .iter()
            .for_each(|number| accounts[format!("their-{number}")] = object(*number));
        json!({"accounts": accounts})
    };
    // Six of them, one after the other.
    let others = (5..=10)
        .rev()
        .map(|last| theirs(&(5..=last).collect::<Vec<_>>()).to_string());
    case.secret().others = others.collect();
    case.writer
        .replace(&stored, &name("test"), Some(account(2)))
        .await
        .unwrap();
    let mut expected = theirs(&[5, 6, 7, 8, 9, 10]);
    expected["accounts"]["test"] = object(2);
    assert_eq!(
        (case.text("AWSCURRENT"), case.text("AWSPREVIOUS")),
        (Some(expected), None)
    );
}

#[tokio::test]
async fn a_change_of_the_same_account_at_the_same_moment_is_not_overwritten() {
    let case = Case::with(&[object(1)]).await;
    let stored = case.get().await;
    case.secret().others = vec![object(7).to_string()];
    let error = case
        .writer
        .put(&stored, &AccountName::DEFAULT, account(2))
        .await
        .unwrap_err();
    assert!(matches!(error, StackSecretError::Changed { .. }), "{error:?}");
    assert_eq!(error.advice().unwrap(), "run this again");
    assert_eq!(case.text("AWSCURRENT"), Some(object(7)));

    // Two put the same new account.
    let stored = case.get().await;
    case.secret().others = vec![json!({"accounts": {"default": object(7), "test": object(3)}}).to_string()];
    let error = case.writer.put(&stored, &name("test"), account(2)).await.unwrap_err();
    assert!(matches!(error, StackSecretError::Changed { .. }), "{error:?}");
    assert_eq!(case.text("AWSCURRENT").unwrap()["accounts"]["test"], object(3));
}

/// As version 0.1 left it: the old secret is in the previous version alone.
#[tokio::test]
async fn a_flat_secret_in_mid_rotation_keeps_accepting_both() {
    let case = Case::with(&[object(1), object(2)]).await;
    let stored = case.get().await;
    case.writer
        .replace(&stored, &name("test"), Some(account(3)))
        .await
        .unwrap();
    let expected = json!({"accounts": {"default": flat(rotating(2, 1)), "test": object(3)}});
    assert_eq!(
        (case.text("AWSCURRENT"), case.text("AWSPREVIOUS")),
        (Some(expected), None)
    );

    // Rotating one leaves the other's overlap as it is.
    let stored = case.get().await;
    let new = account(4).beside(stored.account(&name("test")).unwrap());
    case.writer.put(&stored, &name("test"), new).await.unwrap();
    let stored = case.get().await;
    case.writer
        .replace(&stored, &name("test"), Some(account(4)))
        .await
        .unwrap();
    let expected = json!({"accounts": {"default": flat(rotating(2, 1)), "test": object(4)}});
    assert_eq!(case.text("AWSCURRENT"), Some(expected));

    let stored = case.get().await;
    case.writer
        .replace(&stored, &AccountName::DEFAULT, Some(account(2)))
        .await
        .unwrap();
    let stored = case.get().await;
    case.writer.replace(&stored, &name("test"), None).await.unwrap();
    assert_eq!(case.text("AWSCURRENT"), Some(object(2)));
}

#[tokio::test]
async fn what_is_not_withdrawn_is_withdrawn_by_the_next_run() {
    let both = json!({"accounts": {"default": object(1), "test": object(2)}});
    let case = Case::with(&[both]).await;
    let failing = ("UpdateSecretVersionStage", "AWSPREVIOUS", "InvalidRequestException");
    case.secret().failing = Some(failing);
    let stored = case.get().await;
    let error = case.writer.replace(&stored, &name("test"), None).await.unwrap_err();
    assert!(matches!(error, StackSecretError::NotWithdrawn { .. }), "{error:?}");
    let stored = case.get().await;
    assert!(stored.account(&name("test")).is_none() && stored.contains(&name("test")));

    case.secret().failing = None;
    case.writer.replace(&stored, &name("test"), None).await.unwrap();
    assert!(!case.get().await.contains(&name("test")));
    assert_eq!(
        (case.text("AWSCURRENT"), case.text("AWSPREVIOUS")),
        (Some(object(1)), None)
    );
}

#[tokio::test]
async fn what_can_not_be_stored_changes_nothing() {
    let case = Case::with(&[object(1)]).await;
    let stored = case.get().await;
    let old = StackSecret::new(
        client(Arc::clone(&case.secret)).await,
        "onepay".to_owned(),
        &onepay::PROVIDER,
        false,
    );
    let bound = StoredAccount {
        environment: Some(Environment::Live),
        ..account(1)
    };
    let written = [
        (name("test"), account(2)),
        (AccountName::DEFAULT, bound),
        (AccountName::DEFAULT, account(2).beside(&account(1))),
    ];
    for (name, account) in written {
        let error = old.put(&stored, &name, account).await.unwrap_err();
        assert!(matches!(error, StackSecretError::OldFunctions), "{error:?}");
        assert!(error.advice().unwrap().contains("deploy this version first"));
    }

    let long = StoredAccount {
        signing_secrets: vec!["x".repeat(LONGEST)],
        ..account(1)
    };
    let error = case.writer.put(&stored, &name("test"), long).await.unwrap_err();
    let StackSecretError::TooLong { accounts: 2, bytes } = error else {
        panic!("{error:?}")
    };
    assert!(bytes > LONGEST && error.advice().is_some());

    case.secret().failing = Some(("PutSecretValue", "ACUSE_WRITING", "LimitExceededException"));
    let error = case.writer.put(&stored, &name("test"), account(2)).await.unwrap_err();
    assert!(matches!(error, StackSecretError::TooOften { .. }), "{error:?}");
    assert_eq!((case.text("AWSCURRENT"), case.secret().count()), (Some(object(1)), 1));

    // Functions from before accounts read the flat form.
    case.secret().failing = None;
    old.replace(&stored, &AccountName::DEFAULT, Some(account(2)))
        .await
        .unwrap();
    assert_eq!(case.text("AWSCURRENT"), Some(object(2)));
    let stored = old.get().await.unwrap();
    old.replace(&stored, &AccountName::DEFAULT, None).await.unwrap();
    assert_eq!(case.text("AWSCURRENT"), Some(json!({"placeholder": true})));
}

#[tokio::test]
async fn an_unreadable_version_is_replaced_by_what_functions_use() {
    let both = json!({"accounts": {"default": object(1), "test": object(2)}});
    let unreadable = json!({"accounts": {"default": object(4)}, "more": 1});
    let case = Case::with(&[both, unreadable.clone()]).await;
    assert!(matches!(case.writer.get().await, Err(StackSecretError::Secret(_))));
    let stored = case.writer.get_replaceable().await.unwrap();
    assert!(stored.invalid.is_some());
    case.writer
        .replace(&stored, &AccountName::DEFAULT, Some(account(3)))
        .await
        .unwrap();
    let expected = json!({"accounts": {"default": object(3), "test": object(2)}});
    assert_eq!(case.text("AWSCURRENT"), Some(expected));

    // There may be accounts in it that are in no other version, so only a person can decide.
    let case = Case::with(&[unreadable]).await;
    assert!(matches!(
        case.writer.get_replaceable().await,
        Err(StackSecretError::Secret(_))
    ));
    // A single account is replaced, by a new secret of its own.
    let case = Case::with(&[json!({"signing_secret": ["wh_tok_1"]})]).await;
    let stored = case.writer.get_replaceable().await.unwrap();
    let error = case.writer.put(&stored, &name("test"), account(2)).await.unwrap_err();
    assert!(matches!(error, StackSecretError::OtherMistake(_)), "{error}");
    case.writer
        .replace(&stored, &AccountName::DEFAULT, Some(account(3)))
        .await
        .unwrap();
    assert_eq!(case.text("AWSCURRENT"), Some(object(3)));
}

/// What is stored of an account with a mistake: a field misspelt, the token forgotten, and a token as the secret.
fn mistakes() -> [Value; 3] {
    [
        json!({"signing_secrets": ["wh_tok_new"], "tokn": "wh_hdr_new"}),
        json!({"environment": "test", "signing_secrets": ["wh_tok_new"]}),
        json!({"signing_secrets": ["wh_hdr_9"], "token": "wh_hdr_9"}),
    ]
}

#[tokio::test]
async fn no_write_loses_another_account_that_has_a_mistake() {
    let both = |default: Value, test: Value| json!({"accounts": {"default": default, "test": test}});
    for mistake in mistakes() {
        for before in [both(object(1), object(2)), object(1)] {
            let now = both(object(1), mistake.clone());
            let case = Case::with(&[before, now.clone()]).await;
            let stored = case.get().await;
            assert_eq!(stored.mistakes.keys().collect::<Vec<_>>(), [&name("test")]);
            for change in [Some(account(3)), None] {
                let default = case.writer.replace(&stored, &AccountName::DEFAULT, change);
                let error = default.await.unwrap_err();
                assert!(matches!(error, StackSecretError::OtherMistake(_)), "{error}");
                let advice = error.advice().unwrap();
                assert!(advice.contains("`acuse secrets put onepay --account test`"), "{advice}");
            }
            assert_eq!((case.text("AWSCURRENT"), case.secret().count()), (Some(now), 2));

            // It is corrected, or removed.
            for (change, expected) in [(Some(account(3)), both(object(1), object(3))), (None, object(1))] {
                let stored = case.get().await;
                case.writer.replace(&stored, &name("test"), change).await.unwrap();
                assert_eq!(case.get().await.mistakes.len(), 0);
                assert_eq!(case.text("AWSCURRENT"), Some(expected));
            }
        }
        // An invalid old secret is not added to a valid new one.
        let case = Case::with(&[both(object(1), mistake), both(object(1), object(2))]).await;
        let stored = case.get().await;
        case.writer
            .put(&stored, &AccountName::DEFAULT, account(3))
            .await
            .unwrap();
        assert_eq!(case.text("AWSCURRENT"), Some(both(object(3), object(2))));
    }
}

/// The functions use what was stored before.
#[tokio::test]
async fn of_two_accounts_with_a_mistake_one_is_corrected_and_the_other_stays_as_it_is_used() {
    let [misspelt, forgotten, _] = mistakes();
    let three =
        |default: Value, test: Value, new: Value| json!({"accounts": {"default": default, "new": new, "test": test}});
    let before = three(object(1), object(2), object(3));
    let now = three(misspelt.clone(), forgotten.clone(), object(4));
    let case = Case::with(&[before, now.clone()]).await;
    let stored = case.get().await;
    let put = case.writer.replace(&stored, &AccountName::DEFAULT, Some(account(5)));
    put.await.unwrap();
    let kept: Vec<_> = stored
        .other_mistakes(&AccountName::DEFAULT)
        .map(|kept| &kept.account)
        .collect();
    assert_eq!(kept, [&name("test")]);
    assert_eq!(
        case.text("AWSCURRENT"),
        Some(three(object(5), object(2), rotating(4, 3)))
    );

    // There is nothing else to keep of it.
    let case = Case::with(std::slice::from_ref(&now)).await;
    let stored = case.get().await;
    for own in ["default", "test"] {
        let put = case.writer.put(&stored, &name(own), account(5)).await;
        assert!(matches!(put, Err(StackSecretError::OtherMistake(_))));
    }
    assert_eq!(case.text("AWSCURRENT"), Some(now));
}

/// One writer has stored its version, and not yet withdrawn the one before: another writer must not read it back.
#[tokio::test]
async fn what_is_being_withdrawn_does_not_come_back() {
    let both = json!({"accounts": {"a": object(1), "b": object(2)}});
    let case = Case::with(&[both]).await;
    case.secret().failing = Some(("UpdateSecretVersionStage", "AWSPREVIOUS", "InvalidRequestException"));
    let stored = case.get().await;
    let (a, b) = (name("a"), name("b"));
    let first = case.writer.replace(&stored, &a, Some(account(9)));
    first.await.unwrap_err();
    let stored = case.get().await;
    case.secret().failing = None;
    let second = case.writer.replace(&stored, &b, Some(account(5)));
    second.await.unwrap();
    let expected = json!({"accounts": {"a": object(9), "b": object(5)}});
    assert_eq!(
        (case.text("AWSCURRENT"), case.text("AWSPREVIOUS")),
        (Some(expected), None)
    );
}

/// After a rollback.
#[tokio::test]
async fn accounts_are_removed_one_by_one_for_functions_from_before_accounts() {
    let three = json!({"accounts": {"default": object(1), "a": object(2), "b": object(3)}});
    let case = Case::with(&[three]).await;
    let client = client(Arc::clone(&case.secret)).await;
    let old = StackSecret::new(client, "onepay".to_owned(), &onepay::PROVIDER, false);
    for removed in ["a", "b"] {
        let stored = old.get().await.unwrap();
        old.replace(&stored, &name(removed), None).await.unwrap();
    }
    assert_eq!(case.text("AWSCURRENT"), Some(object(1)));

    // One that is bound can't be read by them either, until it is unbound.
    let mut bound = object(1);
    bound["environment"] = "live".into();
    let two = json!({"accounts": {"default": bound, "a": object(2)}});
    case.secret().store(&two.to_string());
    let stored = old.get().await.unwrap();
    old.replace(&stored, &name("a"), None).await.unwrap();
    let stored = old.get().await.unwrap();
    let unbound = old.replace(&stored, &AccountName::DEFAULT, Some(account(1)));
    unbound.await.unwrap();
    assert_eq!(case.text("AWSCURRENT"), Some(object(1)));
}
