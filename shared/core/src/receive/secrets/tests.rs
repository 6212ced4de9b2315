mod written;

use super::*;
use crate::account::Environment;
use crate::providers::{kuenta, onepay};

fn error(provider: &'static str, problem: Problem) -> SecretError {
    SecretError {
        provider,
        account: AccountName::DEFAULT,
        problem,
    }
}

fn refusal(provider: &Provider, text: &str) -> SecretError {
    Secrets::parse(provider, text).unwrap_err()
}

/// A version of which every account can be read; `None` for the placeholder.
fn whole(provider: &Provider, text: &str) -> Result<Option<SecretVersion>, SecretError> {
    let Some(version::Each { accounts, unnamed }) = version::Each::read(provider, text)? else {
        return Ok(None);
    };
    let accounts = accounts.into_iter().map(|(name, account)| Ok((name, account?)));
    let accounts = accounts.collect::<Result<_, SecretError>>()?;
    match unnamed.into_iter().next() {
        Some(error) => Err(error),
        None => Ok(Some(SecretVersion { accounts })),
    }
}

fn placeholder(text: &str) -> bool {
    Accounts::parse(&kuenta::PROVIDER, text).unwrap().is_none()
}

#[test]
fn white_space_around_a_secret_is_trimmed() {
    let secrets = Secrets::parse(&kuenta::PROVIDER, r#"{"signing_secrets":["  s3cret\n"]}"#).unwrap();
    assert_eq!(secrets.signing().collect::<Vec<_>>(), [b"s3cret"]);
}

#[test]
fn the_placeholder_is_not_a_secret() {
    assert!(placeholder(r#"{"placeholder": true}"#));
}

#[test]
fn an_empty_secret_is_refused() {
    for text in [
        r#"{}"#,
        r#"{"signing_secrets":[]}"#,
        r#"{"signing_secrets":["ok"," "]}"#,
    ] {
        assert_eq!(
            refusal(&kuenta::PROVIDER, text),
            error("kuenta", Problem::EmptySigningSecret)
        );
    }
}

#[test]
fn swapped_secret_and_token_are_recognized() {
    let error = refusal(
        &onepay::PROVIDER,
        r#"{"signing_secrets":["wh_hdr_abc"],"token":"wh_tok_abc"}"#,
    );
    insta::assert_snapshot!(error, @"the secret of `onepay` has a wrong signing secret: it starts with `wh_hdr_`, so it is the token; put the value that starts with `wh_tok_` into `signing_secrets`, and this one into `token`");
}

#[test]
fn a_provider_with_a_token_needs_one() {
    let error = refusal(&onepay::PROVIDER, r#"{"signing_secrets":["wh_tok_a"],"token":" "}"#);
    assert!(matches!(
        error,
        SecretError {
            problem: Problem::MissingToken {
                header: "x-webhook-token"
            },
            ..
        }
    ));
}

#[test]
fn an_error_or_debug_never_shows_a_value() {
    let error = refusal(&kuenta::PROVIDER, r#"{"signing_secrets":"hunter2"}"#);
    assert!(!error.to_string().contains("hunter2") && !format!("{error:?}").contains("hunter2"));
    let secrets = Secrets::parse(&kuenta::PROVIDER, r#"{"signing_secrets":["hunter2"]}"#);
    assert!(!format!("{secrets:?}").contains("hunter2"));
}

#[test]
fn unknown_fields_are_named() {
    let error = refusal(
        &onepay::PROVIDER,
        r#"{"signing_secrets":["wh_tok_a"],"tokens":["hunter2"]}"#,
    );
    insta::assert_snapshot!(error, @r#"the secret of `onepay` has an unknown field: `tokens`; it should be {"signing_secrets": ["…"], "token": "… where the provider has one"}"#);
    for field in [
        "signing_secret",
        "signingSecrets",
        "Token",
        "TOKEN_ID",
        "secret",
        "x-webhook-token",
        "note",
    ] {
        let text = format!(r#"{{"{field}":"hunter2"}}"#);
        let message = refusal(&kuenta::PROVIDER, &text).to_string();
        let named = message.contains(&format!("`{field}`"));
        assert_eq!(named, !["TOKEN_ID", "x-webhook-token"].contains(&field), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
}

#[test]
fn field_names_that_may_be_secrets_are_not_shown() {
    let long = "a".repeat(10_000);
    for name in [
        "wh_tok_abc",
        "wh_hdr_abc",
        "whsec_abcdef",
        "sk_live_abcdef",
        "3f5a9c0d7e",
        "hunter2",
        "MfKQnVotFgNAsrFk",
        "qwrtpsdfg",
        "kuenta secret",
        "clé",
        "\u{1b}[31mred",
        "",
        &long,
    ] {
        let text = serde_json::json!({"token": "t", name: "v"}).to_string();
        let error = refusal(&kuenta::PROVIDER, &text);
        let Problem::UnknownField { field } = &error.problem else {
            panic!("{error}")
        };
        assert!(name.is_empty() || !field.contains(name), "{field}");
        assert!(
            field.ends_with(", whose name is not shown since it may be a secret"),
            "{field}"
        );
    }
}

#[test]
fn duplicate_fields_are_refused() {
    let error = refusal(
        &kuenta::PROVIDER,
        r#"{"signing_secrets":["hunter2"],"signing_secrets":["hunter3"]}"#,
    );
    insta::assert_snapshot!(error, @"the secret of `kuenta` has the field `signing_secrets` twice; keep one");
}

#[test]
fn wrong_types_name_the_right_one() {
    for (text, expected) in [
        (
            r#"{"signing_secrets":"hunter2"}"#,
            "the secret of `kuenta` has an invalid `signing_secrets`; it should be a list of strings",
        ),
        (r#"{"signing_secrets":[7]}"#, "it should be a list of strings"),
        (
            r#"{"token":["hunter2",7]}"#,
            "has an invalid `token`; it should be a string, `null`, or a list of these",
        ),
        (r#"{"placeholder":"hunter2"}"#, "it should be `true` or `false`"),
        (r#"["hunter2"]"#, "is not a JSON object; it should be"),
        (
            r#"{"signing_secrets":["hunter2"]} hunter2"#,
            "is not JSON (byte 32: expected the end of the document); it should be",
        ),
        ("", "is not JSON (byte 0: expected a value); it should be"),
    ] {
        let message = refusal(&kuenta::PROVIDER, text).to_string();
        assert!(message.contains(expected) && !message.contains("hunter2"), "{message}");
    }
}

#[test]
fn a_placeholder_with_a_secret_is_refused() {
    for text in [
        r#"{"placeholder":true,"signing_secrets":["hunter2"]}"#,
        r#"{"placeholder":true,"token":"hunter2"}"#,
    ] {
        let expected = error("kuenta", Problem::PlaceholderWithSecret);
        assert_eq!(refusal(&kuenta::PROVIDER, text), expected);
    }
    assert!(!placeholder(r#"{"placeholder":false,"signing_secrets":["s"]}"#));
}

#[test]
fn a_byte_order_mark_is_ignored() {
    let secrets = Secrets::parse(&kuenta::PROVIDER, "\u{feff}{\"signing_secrets\":[\"s3cret\"]}");
    let secrets = secrets.unwrap();
    assert_eq!(secrets.signing().collect::<Vec<_>>(), [b"s3cret"]);
}

#[test]
fn distinct_older_secrets_are_counted() {
    let parse = |text| Secrets::parse(&onepay::PROVIDER, text).unwrap();
    let (new, old) = (
        r#"{"signing_secrets":["wh_tok_b","wh_tok_a"],"token":"wh_hdr_b"}"#,
        r#"{"signing_secrets":["wh_tok_a"],"token":"wh_hdr_a"}"#,
    );
    let both = parse(new).and_previous(parse(old));
    assert_eq!((both.signing().count(), both.tokens().count(), both.older()), (2, 2, 2));
    let one = parse(old).and_previous(parse(old));
    assert_eq!((one.signing().count(), one.tokens().count(), one.older()), (1, 1, 0));
    assert_eq!(Secrets::default().older(), 0);
}

/// By these names a diagnosis says which secret signed.
#[test]
fn each_secret_has_a_name_and_keeps_its_account() {
    let parse = |text| Accounts::parse(&onepay::PROVIDER, text).unwrap().unwrap();
    let current = r#"{"accounts":{"shop":{"environment":"test","signing_secrets":["a","b"],"token":"t"}}}"#;
    let previous = r#"{"accounts":{"shop":{"signing_secrets":["c","d"],"token":"t"}}}"#;
    let accounts = parse(current).and_previous(parse(previous));
    let secrets = accounts.get("shop").unwrap().unwrap();
    let each: Vec<(String, Secrets)> = secrets.each().collect();
    let named = |(name, alone): &(String, Secrets)| {
        let values: Vec<_> = alone.signing().map(String::from_utf8_lossy).collect();
        format!("{name}: {}", values.join(" "))
    };
    assert_eq!(
        each.iter().map(named).collect::<Vec<_>>(),
        [
            "signing secret 1: a",
            "signing secret 2: b",
            "signing secret 1 of the previous version: c",
            "signing secret 2 of the previous version: d",
            "the stored token (swap the two with `acuse secrets put`): t",
        ]
    );
    assert!(each.iter().all(|(_, alone)| alone.account() == secrets.account()));
}

#[test]
fn secrets_read_back_as_written() {
    let read_back = |text: &str| {
        let version = whole(&onepay::PROVIDER, text).unwrap().unwrap();
        version.to_json()
    };
    let trimmed = read_back(r#"{"signing_secrets":[" a "],"token":" "}"#);
    assert_eq!(trimmed, r#"{"signing_secrets":["a"]}"#);
    for token in ["", r#","token":null"#, r#","token":"t""#] {
        let text = format!(r#"{{"signing_secrets":["a"]{token}}}"#);
        assert_eq!(read_back(&text), text);
    }
    for accounts in [
        r#"{"default":{"signing_secrets":["a"],"token":["t","u"]}}"#,
        r#"{"default":{"signing_secrets":["a"],"token":[null,"u"],"changed_at":"2026-11-26T15:04:05.000Z"}}"#,
        r#"{"default":{"environment":"live","signing_secrets":["a"],"token":"t"}}"#,
        r#"{"test":{"environment":"test","signing_secrets":["a","b"],"token":"t"}}"#,
        r#"{"default":{"signing_secrets":["a"],"token":"t"},"test":{"signing_secrets":["b"],"token":"u"}}"#,
    ] {
        let text = format!(r#"{{"accounts":{accounts}}}"#);
        assert_eq!(read_back(&text), text);
    }
    // What functions from before accounts can read is written as they read it.
    assert_eq!(
        read_back(r#"{"accounts":{"default":{"signing_secrets":["a"],"changed_at":"2026-11-26T15:04:05Z"}}}"#),
        r#"{"signing_secrets":["a"]}"#
    );
}

#[test]
fn a_mistake_in_an_account_names_the_account_and_stops_no_other() {
    let accounts = |text| Accounts::parse(&onepay::PROVIDER, text).map(|accounts| accounts.unwrap());
    let stored = accounts(
        r#"{"accounts":{"default":{"signing_secrets":["wh_tok_a"],"token":"wh_hdr_a"},"test":{"signing_secrets":["wh_tok_b"]}}}"#,
    );
    let stored = stored.unwrap();
    assert!(stored.get("default").unwrap().is_ok());
    insta::assert_snapshot!(stored.get("test").unwrap().unwrap_err(), @r#"the secret of `onepay/test` has no `token`; copy the value that the provider sends in `x-webhook-token` from its panel, or if its webhook has no token, store `"token": null`"#);
    assert!(stored.get("prod").is_none());
    // What `acuse` writes again must be readable as a whole.
    let version = |text| whole(&onepay::PROVIDER, text);
    let mistakes = [
        r#"{"accounts":[]}"#,
        r#"{"accounts":{"test":"hunter2"}}"#,
        r#"{"accounts":{"Test":{}}}"#,
        r#"{"accounts":{"wh_tok_Hunter2":{}}}"#,
        r#"{"accounts":{"test":{},"test":{}}}"#,
        r#"{"accounts":{"test":{"environment":"staging"}}}"#,
        r#"{"accounts":{"test":{"environment":"live","secret":"hunter2"}}}"#,
        r#"{"accounts":{"test":{"token":[]}}}"#,
        r#"{"accounts":{"test":{"changed_at":"yesterday"}}}"#,
        r#"{"accounts":{"test":{"placeholder":true}}}"#,
        r#"{"accounts":{},"token":"hunter2"}"#,
        r#"{"accounts":{},"accounts":{}}"#,
    ];
    let errors = mistakes.map(|text| version(text).map(drop).unwrap_err().to_string());
    assert!(!errors.concat().to_lowercase().contains("hunter2"));
    insta::assert_snapshot!(errors.join("\n"), @r#"
    the secret of `onepay` has `accounts` that are not an object of accounts by name: {"default": {"signing_secrets": ["…"], "token": "… where the provider has one"}}
    the secret of `onepay/test` is not a JSON object; it should be {"signing_secrets": ["…"], "token": "… where the provider has one"}
    the secret of `onepay` has an account with an invalid name: `Test`; it should be 1 to 64 of a-z, 0-9, - and _, beginning with a letter or digit
    the secret of `onepay` has an account with an invalid name: number 1, whose name is not shown since it may be a secret; it should be 1 to 64 of a-z, 0-9, - and _, beginning with a letter or digit
    the secret of `onepay/test` is there twice; keep one
    the secret of `onepay/test` has an invalid `environment`; it should be `test` or `live`
    the secret of `onepay/test` has an unknown field: `secret`; it should be {"signing_secrets": ["…"], "token": "… where the provider has one"}
    the secret of `onepay/test` has an invalid `token`; it should be a string, `null`, or a list of these
    the secret of `onepay/test` has an invalid `changed_at`; it should be a time such as 2026-11-26T15:04:05Z
    the secret of `onepay/test` is marked as a placeholder, but is not empty; remove `placeholder`
    the secret of `onepay` has other fields beside `accounts`; put them into an account: {"accounts": {"default": {…}}}
    the secret of `onepay` has the field `accounts` twice; keep one
    "#);
}

/// Somebody wrote it in a console.
#[test]
fn an_account_that_cannot_be_read_stops_no_other() {
    for account in [
        r#""test":"hunter2""#,
        r#""test":{},"test":{}"#,
        r#""test":{"signing_secrets":["a"]},"test":{"signing_secrets":["b"]}"#,
        r#""test":{"environment":"staging"}"#,
        r#""test":{"signing_secrets":["a"],"secret":"hunter2"}"#,
        r#""test":{"signing_secrets":"hunter2"}"#,
        r#""test":{"changed_at":"yesterday"}"#,
        r#""test":{"placeholder":true}"#,
    ] {
        let text = format!(r#"{{"accounts":{{{account},"default":{{"signing_secrets":["d"]}}}}}}"#);
        let accounts = Accounts::parse(&kuenta::PROVIDER, &text).unwrap().unwrap();
        assert!(accounts.get("default").unwrap().is_ok(), "{text}");
        assert!(accounts.get("test").unwrap().is_err(), "{text}");
        let errors: Vec<_> = accounts.errors().map(ToString::to_string).collect();
        assert!(
            errors.len() == 1
                && errors[0].starts_with("the secret of `kuenta/test` ")
                && !errors[0].contains("hunter2"),
            "{errors:?}"
        );
        // The previous version of that account is used.
        let previous = r#"{"accounts":{"test":{"environment":"test","signing_secrets":["before"]}}}"#;
        let previous = Accounts::parse(&kuenta::PROVIDER, previous).unwrap().unwrap();
        let both = accounts.and_previous(previous);
        let test = both.get("test").unwrap().unwrap();
        assert_eq!(test.signing().collect::<Vec<_>>(), [b"before"]);
        assert_eq!(test.account().environment, Some(Environment::Test));
    }
}

/// The previous version adds to each account what that account had, and nothing to another.
#[test]
fn a_previous_version_is_merged_account_by_account() {
    let parse = |text| Accounts::parse(&kuenta::PROVIDER, text).unwrap().unwrap();
    let current = parse(
        r#"{"accounts":{"a":{"environment":"live","signing_secrets":["a2"]},"b":{"signing_secrets":["b1"]},"bad":{"signing_secrets":[]}}}"#,
    );
    let previous = parse(
        r#"{"accounts":{"a":{"signing_secrets":["a1"]},"gone":{"environment":"test","signing_secrets":["g1"]},"bad":{"signing_secrets":["c1"]},"default":{"environment":"live","signing_secrets":["d1"]}}}"#,
    );
    let both = current.and_previous(previous);
    let signing = |name: &str| {
        let secrets = both.get(name).unwrap().unwrap();
        let signing = secrets.signing().map(|secret| std::str::from_utf8(secret).unwrap());
        (secrets.account().environment, signing.collect::<Vec<_>>().join(" "))
    };
    assert_eq!(signing("a"), (Some(Environment::Live), "a2 a1".to_owned()));
    assert_eq!(signing("b"), (None, "b1".to_owned()));
    assert_eq!(signing("bad"), (None, "c1".to_owned()));
    assert_eq!(signing("gone"), (Some(Environment::Test), "g1".to_owned()));
    assert_eq!(signing("default"), (Some(Environment::Live), "d1".to_owned()));
    assert_eq!(both.iter().count(), 5);
}

/// A secret that lost its token doesn't lose its binding with it.
#[test]
fn a_mistake_leaves_the_binding_of_an_account() {
    let parse = |text: &str| Accounts::parse(&onepay::PROVIDER, text).unwrap().unwrap();
    let older = r#"{"accounts":{"a":{"signing_secrets":["wh_tok_a"],"token":"wh_hdr_a"}}}"#;
    for (binding, bound) in [(r#""environment":"test","#, Some(Environment::Test)), ("", None)] {
        let current = format!(r#"{{"accounts":{{"a":{{{binding}"signing_secrets":["wh_tok_b"]}}}}}}"#);
        let both = parse(&current).and_previous(parse(older));
        let secrets = both.get("a").unwrap().unwrap();
        assert_eq!(secrets.signing().collect::<Vec<_>>(), [b"wh_tok_a"]);
        assert_eq!(secrets.account().environment, bound);
    }
}

/// Nothing can take the place of what has a mistake, so the mistake is still told.
#[test]
fn a_mistake_stays_if_the_previous_version_has_no_secret() {
    let wrong = r#"{"accounts":{"default":{"signing_secrets":[]}}}"#;
    let accounts = Accounts::parse(&kuenta::PROVIDER, wrong).unwrap().unwrap();
    let both = accounts.and_previous(Secrets::default().into());
    let expected = error("kuenta", Problem::EmptySigningSecret);
    assert_eq!(both.get("default").unwrap().unwrap_err(), &expected);
}

/// What functions accept of a version, and what `acuse secrets` adds to.
#[test]
fn a_version_is_read_without_the_accounts_that_have_a_mistake() {
    let text = r#"{"accounts":{"shop":{"signing_secrets":["a"]},"wrong":{"signing_secrets":7}}}"#;
    let readable = SecretVersion::readable(&kuenta::PROVIDER, text);
    assert_eq!(readable.to_json(), r#"{"accounts":{"shop":{"signing_secrets":["a"]}}}"#);
    for nothing in [r#"{"placeholder": true}"#, "not json"] {
        let readable = SecretVersion::readable(&kuenta::PROVIDER, nothing);
        assert!(readable.accounts.is_empty(), "{nothing}");
    }
}

#[test]
fn an_invalid_name_stops_no_account() {
    let text = r#"{"accounts":{"default":{"signing_secrets":["a"]},"Merchant-7":{"signing_secrets":["b"]}}}"#;
    let accounts = Accounts::parse(&kuenta::PROVIDER, text).unwrap().unwrap();
    assert!(accounts.get("default").unwrap().is_ok());
    assert!(accounts.get("Merchant-7").is_none());
    let errors: Vec<String> = accounts.errors().map(ToString::to_string).collect();
    insta::assert_snapshot!(errors.join("\n"), @"the secret of `kuenta` has an account with an invalid name: number 2, whose name is not shown since it may be a secret; it should be 1 to 64 of a-z, 0-9, - and _, beginning with a letter or digit");
    assert!(
        whole(&kuenta::PROVIDER, text).is_err(),
        "what is written back is complete"
    );
}

/// `acuse secrets put --account` must not take another account's object for it.
#[test]
fn an_account_is_read_without_a_name_around_it() {
    let error = refusal(
        &kuenta::PROVIDER,
        r#"{"accounts":{"default":{"signing_secrets":["a"]}}}"#,
    );
    insta::assert_snapshot!(error, @r#"the secret of `kuenta` has an unknown field: `accounts`; it should be {"signing_secrets": ["…"], "token": "… where the provider has one"}"#);
}

#[test]
fn having_no_token_must_be_explicit() {
    let parse = |text| Secrets::parse(&onepay::PROVIDER, text);
    let none = parse(r#"{"signing_secrets":["wh_tok_a"],"token":null}"#).unwrap();
    assert!(none.has_no_token() && none.tokens().next().is_none());
    for silent in [
        r#"{"signing_secrets":["wh_tok_a"]}"#,
        r#"{"signing_secrets":["wh_tok_a"],"token":""}"#,
    ] {
        assert!(
            matches!(
                parse(silent),
                Err(SecretError {
                    problem: Problem::MissingToken { .. },
                    ..
                })
            ),
            "{silent}"
        );
    }
    assert!(
        !parse(r#"{"signing_secrets":["a"],"token":"t"}"#)
            .unwrap()
            .has_no_token()
    );
    for wrong in [r#"{"token":false}"#, r#"{"token":[]}"#, r#"{"token":0}"#] {
        assert!(
            matches!(
                parse(wrong),
                Err(SecretError {
                    problem: Problem::WrongType { .. },
                    ..
                })
            ),
            "{wrong}"
        );
    }
}

#[test]
fn a_token_that_is_the_only_proof_is_required() {
    let scheme = crate::provider::scheme::Scheme {
        signatures: &[],
        ..onepay::PROVIDER.scheme
    };
    let provider = Provider {
        scheme,
        ..onepay::PROVIDER
    };
    let found = refusal(&provider, r#"{"token":null}"#);
    assert_eq!(found, error("onepay", Problem::NoProof));
}

/// During a rotation both are accepted, in either direction.
#[test]
fn a_token_and_no_token_count_as_two() {
    let parse = |text| Secrets::parse(&onepay::PROVIDER, text).unwrap();
    let with = parse(r#"{"signing_secrets":["wh_tok_a"],"token":"wh_hdr_a"}"#);
    let without = parse(r#"{"signing_secrets":["wh_tok_a"],"token":null}"#);
    for both in [
        with.clone().and_previous(without.clone()),
        without.clone().and_previous(with.clone()),
    ] {
        assert!(both.has_no_token());
        assert_eq!((both.older(), both.older_tokens()), (1, 1));
    }
    for one in [with.clone().and_previous(with), without.clone().and_previous(without)] {
        assert_eq!((one.older(), one.older_tokens()), (0, 0));
    }
}

#[test]
fn a_secret_that_is_not_hex_is_refused() {
    let provider = kuenta::PROVIDER.with_settings("key=hex").unwrap();
    for text in ["xyz", "abc", "0x00"] {
        let json = serde_json::json!({"signing_secrets": [text]}).to_string();
        assert_eq!(refusal(&provider, &json), error("kuenta", Problem::NotHex));
    }
}
