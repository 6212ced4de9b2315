use super::super::Place;
use super::*;
use crate::providers::{kuenta, onepay, unopago};

fn error(scheme: Scheme, settings: &str) -> String {
    scheme.with_settings(settings).unwrap_err().to_string()
}

#[test]
fn without_settings_a_scheme_stays_what_it_is() {
    let scheme = onepay::PROVIDER.scheme.with_settings("  ").unwrap();
    assert_eq!(format!("{scheme:?}"), format!("{:?}", onepay::PROVIDER.scheme));
}

#[test]
fn headers_and_forms_change_every_signature() {
    let settings = "headers=X-Uno,x-dos forms=js";
    let scheme = unopago::PROVIDER.scheme.with_settings(settings).unwrap();
    assert_eq!(scheme.signatures.len(), 2);
    for signature in scheme.signatures {
        assert_eq!(signature.headers, ["x-uno", "x-dos"]);
        assert_eq!(signature.forms, [CanonicalForm::JavaScript]);
    }
}

#[test]
fn texts_say_how_a_signature_is_written() {
    let settings = "texts=base64,list,timestamped tolerance=60 headers=x-k";
    let scheme = kuenta::PROVIDER.scheme.with_settings(settings).unwrap();
    let [plain, timestamped] = scheme.signatures else {
        panic!("two ways");
    };
    assert_eq!((plain.layout, plain.encodings), (Layout::List, &[Encoding::Base64][..]));
    let time = timestamped.time.unwrap();
    assert_eq!(time.place, Place::Field("t"));
    assert_eq!(time.tolerance, Some(Duration::from_secs(60)));
    assert!(scheme.signatures.iter().all(|way| way.headers == ["x-k"]));
}

#[test]
fn a_token_is_a_second_factor() {
    let scheme = kuenta::PROVIDER.scheme.with_settings("token=Authorization").unwrap();
    let token = scheme.token.unwrap();
    assert!(token.bearer && token.header == "authorization");
    assert_eq!(scheme.signatures.len(), 1);
}

#[test]
fn a_setting_that_cant_be_meant_is_named() {
    let rows: Vec<String> = [
        (kuenta::PROVIDER.scheme, "off"),
        (kuenta::PROVIDER.scheme, "verify=false"),
        (kuenta::PROVIDER.scheme, "headers="),
        (kuenta::PROVIDER.scheme, "headers=x a"),
        (kuenta::PROVIDER.scheme, "headers=x-a,x-a"),
        (kuenta::PROVIDER.scheme, "headers=x-a headers=x-b"),
        (kuenta::PROVIDER.scheme, "texts=none"),
        (kuenta::PROVIDER.scheme, "texts=list"),
        (kuenta::PROVIDER.scheme, "forms=raw,perl"),
        (kuenta::PROVIDER.scheme, "key=rot13"),
        (kuenta::PROVIDER.scheme, "tolerance=300"),
        (unopago::PROVIDER.scheme, "tolerance=0"),
        (unopago::PROVIDER.scheme, "tolerance=1d"),
        (kuenta::PROVIDER.scheme, "token=x-a,x-b"),
        (kuenta::PROVIDER.scheme, "token=signature"),
        (onepay::PROVIDER.scheme, "headers=x-webhook-token"),
    ]
    .into_iter()
    .map(|(scheme, settings)| format!("{settings}: {}", error(scheme, settings)))
    .collect();
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn every_form_and_every_key_can_be_set() {
    let names = CanonicalForm::ALL.map(CanonicalForm::name).join(",");
    let settings = format!("forms={names} key=hex");
    let scheme = unopago::PROVIDER.scheme.with_settings(&settings).unwrap();
    for signature in scheme.signatures {
        assert_eq!(signature.forms, CanonicalForm::ALL);
        assert_eq!(signature.key, Key::Hex);
    }
    let known = FORMS
        .strip_prefix("some of ")
        .and_then(|text| text.strip_suffix(", separated by commas"));
    assert_eq!(known.unwrap().replace(", ", ","), names);
}

#[test]
fn of_a_provider_that_signs_nothing_only_the_token_can_be_set() {
    let unsigned = Scheme {
        token: None,
        signatures: &[],
    };
    let scheme = unsigned.with_settings("token=x-token").unwrap();
    assert_eq!(scheme.token.unwrap().header, "x-token");
    for settings in [
        "headers=x-a",
        "texts=hex",
        "forms=js",
        "tolerance=60",
        "token=x-token forms=js",
    ] {
        let error = error(unsigned, settings);
        assert!(
            error.ends_with("means nothing here: this provider signs nothing"),
            "{error}"
        );
    }
}
