//! Headers that are repeated, empty or in another notation.

use super::*;

const NONE: &str = "0000000000000000000000000000000000000000000000000000000000000000";

fn base64(hex: &str) -> String {
    data_encoding::BASE64.encode(&data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap())
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pairs = pairs.iter().map(|(name, value)| {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        (name, HeaderValue::from_str(value).unwrap())
    });
    pairs.collect()
}

#[test]
fn repeated_headers_count_once() {
    let hex = sign(SECRET, BODY);
    let (k, u) = (&kuenta::PROVIDER, &unopago::PROVIDER);
    let stamped = format!("t=1700000000,v1={}", sign(SECRET, &[b"1700000000.", BODY].concat()));
    for (provider, name, value) in [
        (k, "signature", hex.clone()),
        (u, "webhook-signature", hex.clone()),
        (u, "webhook-signature", base64(&hex)),
        (u, "webhook-signature", stamped),
        (u, "webhook-signature", format!("{NONE},{hex}")),
    ] {
        let joined = [
            format!("{value},{value}"),
            format!("{value}, {value}, {value}"),
            format!(",{value}"),
            format!("{value} , "),
            format!(", ,{value},,{value}"),
        ];
        for joined in &joined {
            assert_eq!(
                check(provider, &[(name, joined)], BODY),
                Ok(CanonicalForm::Raw),
                "{joined}"
            );
        }
        let apart = [
            vec![value.as_str(), &value],
            vec!["", &value],
            vec![&value, ""],
            vec!["", &value, " ", &value],
            vec![&joined[0], &value],
        ];
        for values in apart {
            let pairs: Vec<_> = values.iter().map(|value| (name, *value)).collect();
            assert_eq!(check(provider, &pairs, BODY), Ok(CanonicalForm::Raw), "{values:?}");
        }
    }
}

#[test]
fn different_values_of_one_header_are_refused() {
    let (hex, another) = (sign(SECRET, BODY), sign("other", BODY));
    let check = |pairs: &[(&str, &str)]| check(&kuenta::PROVIDER, pairs, BODY);
    for (first, second) in [(&hex, &another), (&another, &hex)] {
        let apart = check(&[("signature", first), ("signature", second)]);
        assert_eq!(apart, Err(Refusal::SignatureUnreadable));
        let joined = check(&[("signature", &format!("{first},{second}"))]);
        assert_eq!(joined, Err(Refusal::SignatureUnreadable));
        let twice = check(&[("signature", &format!("{first},{second},{first},{second}"))]);
        assert_eq!(twice, Err(Refusal::SignatureUnreadable));
    }
}

#[test]
fn empty_headers_count_as_absent() {
    let hex = sign(SECRET, BODY);
    let check = |pairs: &[(&str, &str)]| check(&kuenta::PROVIDER, pairs, BODY);
    let names = kuenta::PROVIDER.scheme.signatures[0].headers;
    for empty in ["", " ", ",", " , ,"] {
        assert_eq!(
            check(&[(names[0], empty), (names[3], &hex)]),
            Ok(CanonicalForm::Raw),
            "{empty:?}"
        );
        assert_eq!(check(&[(names[0], empty)]), Err(Refusal::SignatureMissing), "{empty:?}");
    }
    assert_eq!(
        check(&[(names[0], "-"), (names[3], &hex)]),
        Err(Refusal::SignatureUnreadable)
    );
}

#[test]
fn a_repeated_token_counts_once() {
    let hex = sign(SECRET, BODY);
    let check = |values: &[&str]| {
        let mut pairs = vec![("signature", hex.as_str())];
        pairs.extend(values.iter().map(|value| ("x-webhook-token", *value)));
        check(&onepay::PROVIDER, &pairs, BODY)
    };
    for values in [
        &["wh_hdr_1", "wh_hdr_1"][..],
        &["wh_hdr_1,wh_hdr_1"],
        &["", "wh_hdr_1"],
        &[",wh_hdr_1"],
        &["Bearer wh_hdr_1"],
        &["bearer wh_hdr_1,bearer wh_hdr_1"],
    ] {
        assert_eq!(check(values), Ok(CanonicalForm::Raw), "{values:?}");
    }
    for values in [
        &["wh_hdr_1", "wh_hdr_2"][..],
        &["wh_hdr_2,wh_hdr_1"],
        &["wh_hdr_1,wh_hdr_1,x"],
        &["Basic wh_hdr_1"],
    ] {
        assert_eq!(check(values), Err(Refusal::TokenWrong), "{values:?}");
    }
    for values in [&[][..], &[""], &[" , "]] {
        assert_eq!(check(values), Err(Refusal::TokenMissing), "{values:?}");
    }
}

#[test]
fn a_token_may_contain_commas() {
    let secrets = r#"{"signing_secrets":["s3cret"],"token":"a,a"}"#;
    let secrets = Secrets::parse(&onepay::PROVIDER, secrets).unwrap();
    for (sent, valid) in [("a,a", true), ("a,a,a,a", false), ("a", false)] {
        let headers = headers(&[("signature", &sign(SECRET, BODY)), ("x-webhook-token", sent)]);
        let delivery = Delivery::received(DeliveryId::new(now(), [0; 10]), now(), headers, BODY.into());
        let verified = verify(&delivery, &onepay::PROVIDER.scheme, &secrets, now());
        assert_eq!(verified.is_ok(), valid, "{sent}");
    }
}

#[test]
fn digests_in_every_notation_verify() {
    let hex = sign(SECRET, BODY);
    let standard = base64(&hex);
    let url = standard.replace('+', "-").replace('/', "_");
    let written = |digest: &str| {
        [
            digest.to_owned(),
            format!("sha256={digest}"),
            format!("SHA256={digest}"),
            format!("sha256:{digest}"),
            format!("SHA-256={digest}"),
            format!("hmac-sha256={digest}"),
            format!("v1={digest}"),
            format!("\"{digest}\""),
            format!("'{digest}'"),
            format!("sha256=\"{digest}\""),
            format!("\"sha256={digest}\""),
            format!(" {digest} "),
        ]
    };
    for digest in [hex.clone(), hex.to_uppercase(), format!("0x{hex}"), format!("0X{hex}")] {
        for text in written(&digest) {
            for (provider, name) in [
                (&kuenta::PROVIDER, "signature"),
                (&unopago::PROVIDER, "webhook-signature"),
            ] {
                assert_eq!(
                    check(provider, &[(name, &text)], BODY),
                    Ok(CanonicalForm::Raw),
                    "{text}"
                );
            }
        }
    }
    for digest in [
        &standard,
        standard.trim_end_matches('='),
        &url,
        url.trim_end_matches('='),
    ] {
        for text in written(digest) {
            let verified = check(&unopago::PROVIDER, &[("webhook-signature", &text)], BODY);
            assert_eq!(verified, Ok(CanonicalForm::Raw), "{text}");
        }
    }
    for text in [
        format!("md5={hex}"),
        format!("v0={hex}"),
        format!("\"{hex}"),
        format!("0x0x{hex}"),
    ] {
        let refused = check(&kuenta::PROVIDER, &[("signature", &text)], BODY);
        assert_eq!(refused, Err(Refusal::SignatureUnreadable), "{text}");
    }
}

proptest! {
    /// What API Gateway and proxies do to a header: repeat the value, add empty ones, join them or not.
    #[test]
    fn repetition_never_refuses_a_genuine_delivery(
        which in 0..5usize,
        pattern in prop::collection::vec((any::<bool>(), prop::sample::select(&["", " ", "  "][..])), 1..6),
        joined in prop::sample::select(&[None, Some(","), Some(", "), Some(" ,")][..]),
    ) {
        let hex = sign(SECRET, BODY);
        let value = match which {
            0 => hex,
            1 => base64(&hex),
            2 => format!("t=1700000000,v1={}", sign(SECRET, &[b"1700000000.", BODY].concat())),
            3 => format!("{NONE}, {hex}"),
            _ => format!("sha256={hex}"),
        };
        let mut values: Vec<&str> = pattern
            .iter()
            .map(|(filled, empty)| if *filled { value.as_str() } else { empty })
            .collect();
        values.push(&value);
        // Single signatures are valid for Kuenta too, and for OnePay with an equally repeated token.
        let providers: &[(&Provider, &'static str)] = match which {
            0 | 4 => &[
                (&unopago::PROVIDER, "webhook-signature"),
                (&kuenta::PROVIDER, "x-signature"),
                (&onepay::PROVIDER, "x-signature"),
            ],
            _ => &[(&unopago::PROVIDER, "webhook-signature")],
        };
        let tokens: Vec<&str> = values.iter().map(|text| if text.len() > 2 { "wh_hdr_1" } else { text }).collect();
        let written = |values: &[&str]| match joined {
            Some(separator) => vec![values.join(separator)],
            None => values.iter().map(|value| (*value).to_owned()).collect(),
        };
        let (values, tokens) = (written(&values), written(&tokens));
        for (provider, name) in providers {
            let signatures = values.iter().map(|value| (*name, value.as_str()));
            let tokens = tokens.iter().map(|value| ("x-webhook-token", value.as_str()));
            let pairs: Vec<(&str, &str)> = signatures.chain(tokens).collect();
            prop_assert_eq!(check(provider, &pairs, BODY), Ok(CanonicalForm::Raw), "{}: {:?}", provider.name, pairs);
        }
    }

    /// Without the right digest nothing verifies, whatever the arrangement of wrong ones and punctuation.
    #[test]
    fn punctuation_never_makes_a_wrong_signature_right(
        parts in prop::collection::vec(
            prop::sample::select(&["s", ",", " ", "=", "v1=", "t=1700000000", "sha256=", "\"", "'", ":", "0x", "Bearer "][..]),
            0..12,
        ),
    ) {
        let wrong = sign("other", BODY);
        let text: String = parts.iter().map(|part| if *part == "s" { wrong.as_str() } else { part }).collect();
        for (provider, name) in [
            (&unopago::PROVIDER, "webhook-signature"),
            (&kuenta::PROVIDER, "signature"),
        ] {
            prop_assert!(check(provider, &[(name, &text)], BODY).is_err());
        }
        let pairs = [("signature", text.as_str()), ("x-webhook-token", text.as_str())];
        prop_assert!(check(&onepay::PROVIDER, &pairs, BODY).is_err());
    }
}

#[test]
fn list_items_may_be_quoted() {
    let hex = sign(SECRET, BODY);
    for value in [
        format!("\"{NONE}\",\"{hex}\""),
        format!("'{hex}', '{NONE}'"),
        format!("\"v1={NONE}\" \"v1={hex}\""),
        format!("\"{NONE},{hex}\""),
    ] {
        let checked = check(&unopago::PROVIDER, &[("webhook-signature", &value)], BODY);
        assert_eq!(checked, Ok(CanonicalForm::Raw), "{value}");
    }
    let apart = [NONE, &hex].map(|digest| format!("\"{digest}\""));
    let apart = apart.each_ref().map(|value| ("webhook-signature", value.as_str()));
    assert_eq!(check(&unopago::PROVIDER, &apart, BODY), Ok(CanonicalForm::Raw));
}
