use super::*;
use crate::providers::{kuenta, onepay};

fn error(provider: &'static str, problem: Problem) -> SecretError {
    SecretError { provider, problem }
}

fn refusal(provider: &Provider, text: &str) -> SecretError {
    Secrets::parse(provider, text).unwrap_err()
}

#[test]
fn white_space_around_a_secret_is_trimmed() {
    let secrets = Secrets::parse(&kuenta::PROVIDER, r#"{"signing_secrets":["  s3cret\n"]}"#)
        .unwrap()
        .unwrap();
    assert_eq!(secrets.signing().collect::<Vec<_>>(), [b"s3cret"]);
}

#[test]
fn the_placeholder_is_not_a_secret() {
    let none = Secrets::parse(&kuenta::PROVIDER, r#"{"placeholder": true}"#).unwrap();
    assert!(none.is_none());
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
            provider: "onepay",
            problem: Problem::MissingToken {
                header: "x-webhook-token"
            }
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
            "the secret of `kuenta` has a `signing_secrets` that is not a list of strings",
        ),
        (r#"{"signing_secrets":[7]}"#, "that is not a list of strings"),
        (
            r#"{"token":["hunter2"]}"#,
            "has a `token` that is not a string or `null`",
        ),
        (r#"{"placeholder":"hunter2"}"#, "that is not `true` or `false`"),
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
    let secrets = Secrets::parse(&kuenta::PROVIDER, r#"{"placeholder":false,"signing_secrets":["s"]}"#);
    assert!(secrets.unwrap().is_some());
}

#[test]
fn a_byte_order_mark_is_ignored() {
    let secrets = Secrets::parse(&kuenta::PROVIDER, "\u{feff}{\"signing_secrets\":[\"s3cret\"]}");
    let secrets = secrets.unwrap().unwrap();
    assert_eq!(secrets.signing().collect::<Vec<_>>(), [b"s3cret"]);
}

#[test]
fn distinct_older_secrets_are_counted() {
    let parse = |text| Secrets::parse(&onepay::PROVIDER, text).unwrap().unwrap();
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

#[test]
fn secrets_read_back_as_written() {
    let stored = SecretVersion::parse(&onepay::PROVIDER, r#"{"signing_secrets":[" a "],"token":" "}"#);
    let stored = stored.unwrap().trimmed();
    assert_eq!(stored.to_json(), r#"{"signing_secrets":["a"]}"#);
    for token in ["", r#","token":null"#, r#","token":"t""#] {
        let text = format!(r#"{{"signing_secrets":["a"]{token}}}"#);
        let stored = SecretVersion::parse(&onepay::PROVIDER, &text).unwrap().trimmed();
        assert_eq!(stored.to_json(), text);
    }
}

#[test]
fn having_no_token_must_be_explicit() {
    let parse = |text| Secrets::parse(&onepay::PROVIDER, text).map(|secrets| secrets.unwrap());
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
    let parse = |text| Secrets::parse(&onepay::PROVIDER, text).unwrap().unwrap();
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
