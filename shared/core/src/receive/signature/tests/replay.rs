//! A recorded timestamped signature, sent again as something else.

use super::*;

const RECORDED_AT: i64 = 1_690_000_000;

/// UnoPago, and Kuenta with a setting that accepts both ways of signing.
fn both() -> [Provider; 2] {
    let settings = "encodings=hex,base64,list,timestamped";
    [unopago::PROVIDER, kuenta::PROVIDER.with_settings(settings).unwrap()]
}

fn header(provider: &Provider) -> &'static str {
    provider.scheme.signatures[0].headers[0]
}

#[test]
fn a_timestamp_in_the_body_is_refused() {
    for provider in both() {
        let stolen = [RECORDED_AT.to_string().as_bytes(), b".", BODY].concat();
        let digest = sign(SECRET, &stolen);
        let check = |text: &str, body: &[u8]| check(&provider, &[(header(&provider), text)], body);
        for text in [digest.clone(), format!("v1={digest}"), format!("sha256={digest}")] {
            assert_eq!(check(&text, &stolen), Err(Refusal::TimestampInBody), "{text}");
        }
        // With its time it is expired.
        let recorded = format!("t={RECORDED_AT},v1={digest}");
        assert_eq!(check(&recorded, BODY), Err(Refusal::SignatureExpired));
        assert_eq!(check(&recorded, &stolen), Err(Refusal::SignatureWrong));
        assert_eq!(
            check(&format!("{recorded},{digest}"), &stolen),
            Err(Refusal::SignatureWrong)
        );
        assert_eq!(
            check(&format!("t=1700000000,v1={digest}"), &stolen),
            Err(Refusal::SignatureWrong)
        );
    }
}

#[test]
fn a_scheme_without_timestamps_accepts_any_body() {
    let body = [RECORDED_AT.to_string().as_bytes(), b".", BODY].concat();
    let verified = check(&kuenta::PROVIDER, &[("signature", &sign(SECRET, &body))], &body);
    assert_eq!(verified, Ok(CanonicalForm::Raw));
}

#[test]
fn json_is_never_mistaken_for_a_timestamp() {
    for body in [
        "1700000000.5",
        "1690000000.0e1",
        "12.5",
        "0.1",
        "{\"1690000000.\":1}",
        "[1690000000.5,{}]",
        " [1690000000.5]",
        // Nor are bodies that are neither JSON nor begin with a time.
        "event=paid&amount=1.5",
        ".5 {",
        "1690000000",
    ] {
        let verified = check(
            &unopago::PROVIDER,
            &[("webhook-signature", &sign(SECRET, body.as_bytes()))],
            body.as_bytes(),
        );
        assert_eq!(verified, Ok(CanonicalForm::Raw), "{body}");
    }
}

fn time() -> impl Strategy<Value = String> {
    let seconds = 1_420_000_000..1_699_999_000i64;
    prop_oneof![
        seconds.clone().prop_map(|at| at.to_string()),
        seconds.clone().prop_map(|at| (at * 1000).to_string()),
        seconds.prop_map(|at| Timestamp::from_seconds(at).to_string()),
    ]
}

proptest! {
    /// In any notation of the recorded digest, beside any other text, with any body.
    #[test]
    fn a_recorded_signature_never_verifies_past_its_tolerance(
        time in time(),
        payload in "[{\\[]?[ -~]{1,40}",
        prefix in prop::sample::select(&["", "v1=", "sha256=", "\"", "0x", "t=,v1=", "t=1700000000,v1="][..]),
        in_base64 in any::<bool>(),
        twice in any::<bool>(),
        moved in any::<bool>(),
    ) {
        // With a payload of digits the content is a number, which is JSON but not an event.
        prop_assume!(!payload.bytes().all(|b| b.is_ascii_digit() || b"eE+- ".contains(&b)));
        let stolen = format!("{time}.{payload}");
        let hex = sign(SECRET, stolen.as_bytes());
        let digest = match in_base64 {
            true => data_encoding::BASE64.encode(&data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap()),
            false => hex,
        };
        let mut text = format!("{prefix}{digest}{}", if prefix == "\"" { "\"" } else { "" });
        if twice {
            text = format!("{text},{text}");
        }
        let body = if moved { &stolen } else { &payload };
        for provider in both() {
            let answer = check(&provider, &[(header(&provider), &text)], body.as_bytes());
            prop_assert!(answer.is_err(), "{} with {} let in {:?}", provider.name, text, body);
        }
    }

    /// The check never refuses a genuine delivery.
    #[test]
    fn every_json_body_still_verifies(number in any::<f64>(), text in ".{0,20}", integer in any::<i64>()) {
        let bodies = [
            serde_json::json!(number),
            serde_json::json!(integer),
            serde_json::json!(text),
            serde_json::json!([number, text]),
            serde_json::json!({"event": text, "id": integer, "amount": number}),
        ];
        for body in bodies {
            let body = body.to_string();
            let signature = sign(SECRET, body.as_bytes());
            let verified = check(&unopago::PROVIDER, &[("webhook-signature", &signature)], body.as_bytes());
            prop_assert_eq!(verified, Ok(CanonicalForm::Raw), "{}", body);
        }
    }
}
