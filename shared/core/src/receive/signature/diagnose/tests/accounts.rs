//! A delivery that another account's secret signed, or that was sent to an account that can't verify it.

use super::*;
use crate::account::AccountName;

const STORED: &str = r#"{"accounts":{
    "default":{"signing_secrets":["wh_tok_live"],"token":"wh_hdr_live"},
    "test":{"environment":"test","signing_secrets":["wh_tok_test","wh_tok_older"],"token":["wh_hdr_test",null]},
    "half":{"signing_secrets":["wh_tok_half"]}
}}"#;

fn sent_to(account: &str, secret: &str, token: &str) -> Diagnosis {
    let signature = sign(secret, BODY.as_bytes());
    let delivery = delivery(
        &[("x-signature", &signature), ("x-webhook-token", token)],
        BODY.as_bytes(),
    );
    diagnosed(&delivery.sent_to(account))
}

fn diagnosed(delivery: &Delivery<Unverified>) -> Diagnosis {
    let accounts = Accounts::parse(&onepay::PROVIDER, STORED).unwrap().unwrap();
    diagnose(delivery, &onepay::PROVIDER.scheme, &accounts, NOW)
}

#[test]
fn a_diagnosis_names_the_account_whose_secret_signed() {
    let long = "x".repeat(100_000);
    let cases = [
        ("right", "default", "wh_tok_live", "wh_hdr_live"),
        ("of test, at default", "default", "wh_tok_test", "wh_hdr_test"),
        (
            "of test, with the token of default",
            "default",
            "wh_tok_older",
            "wh_hdr_live",
        ),
        ("of default, at test", "test", "wh_tok_live", "wh_hdr_live"),
        (
            "of default, at test, with the token of test",
            "test",
            "wh_tok_live",
            "wh_hdr_test",
        ),
        ("of test, at an unknown account", "tset", "wh_tok_test", "wh_hdr_test"),
        (
            "of test, at an account with a mistake",
            "half",
            "wh_tok_test",
            "wh_hdr_test",
        ),
        ("of nobody, at an unknown account", "prod", "forged", "wh_hdr_live"),
        ("of nobody, at an account with a mistake", "half", "wh_tok_half", "t"),
        ("of nobody, at what is no account", &long, "forged", "t"),
        (
            "the wrong token of its own account",
            "default",
            "wh_tok_live",
            "wh_hdr_test",
        ),
        ("of nobody", "default", "forged", "wh_hdr_live"),
    ];
    let rows = cases.map(|(name, account, secret, token)| format!("{name}: {}", sent_to(account, secret, token)));
    insta::assert_snapshot!(rows.join("\n"), @r#"
    right: it verifies now, with canonical form `raw`: `release` queues it
    of test, at default: it is signed with the secret of account `test`, but was sent to `default`: correct the URL at the provider; if this delivery is to be accepted as one of `test`, release it with `--as-account test`
    of test, with the token of default: it is signed with the secret of account `test`, but was sent to `default`: correct the URL at the provider; if this delivery is to be accepted as one of `test`, release it with `--as-account test`
    of default, at test: it is signed with the secret of account `default`, but was sent to `test`: correct the URL at the provider; if this delivery is to be accepted as one of `default`, release it with `--as-account default`
    of default, at test, with the token of test: it is signed with the secret of account `default`, but was sent to `test`: correct the URL at the provider; the token in `x-webhook-token` is not the stored one
    of test, at an unknown account: it is signed with the secret of account `test`, but was sent to `tset`: correct the URL at the provider; if this delivery is to be accepted as one of `test`, release it with `--as-account test`
    of test, at an account with a mistake: it is signed with the secret of account `test`, but was sent to `half`: correct the URL at the provider; if this delivery is to be accepted as one of `test`, release it with `--as-account test`
    of nobody, at an unknown account: there is no account `prod`
    of nobody, at an account with a mistake: the secret of `onepay/half` has no `token`; copy the value that the provider sends in `x-webhook-token` from its panel, or if its webhook has no token, store `"token": null`
    of nobody, at what is no account: there is no account `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx?`
    the wrong token of its own account: the token in `x-webhook-token` is not the stored one; header `x-signature` contains a valid signature of the canonical form `raw` with signing secret 1
    of nobody: no header contains a valid signature of this body: it is forged, or signed with a secret that is not stored; compare the stored secret with the provider's panel (headers received: x-signature, x-webhook-token)
    "#);
}

#[test]
fn the_verdict_is_that_of_the_account_it_was_sent_to() {
    for (account, secret, token, verdict, other) in [
        ("default", "wh_tok_live", "wh_hdr_live", Ok(CanonicalForm::Raw), None),
        (
            "default",
            "wh_tok_test",
            "wh_hdr_live",
            Err(Refusal::SignatureWrong),
            Some("test"),
        ),
        ("default", "wh_tok_live", "wh_hdr_test", Err(Refusal::TokenWrong), None),
        (
            "prod",
            "wh_tok_live",
            "wh_hdr_live",
            Err(Refusal::AccountUnknown),
            Some("default"),
        ),
    ] {
        let diagnosis = sent_to(account, secret, token);
        assert_eq!(diagnosis.verdict, verdict, "{account} {secret} {token}");
        assert_eq!(diagnosis.other_account.as_ref().map(AccountName::as_str), other);
        assert_eq!(diagnosis.settings(), None);
    }
}

#[test]
fn nothing_is_stored_yet() {
    let diagnosis = |account: &str| {
        let delivery = delivery(&[("x-signature", &sign("s", BODY.as_bytes()))], BODY.as_bytes());
        let accounts = Accounts::default();
        diagnose(&delivery.sent_to(account), &onepay::PROVIDER.scheme, &accounts, NOW).to_string()
    };
    assert_eq!(diagnosis("default"), "no secret is stored yet");
    assert_eq!(diagnosis("test"), "there is no account `test`");
}

/// A signature in a header that no setting names is found in other accounts as well.
#[test]
fn other_headers_are_tried_with_other_accounts() {
    let delivery = delivery(&[("x-hook", &sign("wh_tok_test", BODY.as_bytes()))], BODY.as_bytes());
    assert_eq!(diagnosed(&delivery).other_account.unwrap().as_str(), "test");
}
