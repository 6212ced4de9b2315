use super::super::Place;
use super::*;
use crate::providers::{kuenta, onepay, unopago};

fn error(scheme: Scheme, settings: &str) -> String {
    scheme.with_settings(settings).unwrap_err().to_string()
}

#[test]
fn no_settings_change_nothing() {
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
fn encodings_set_layout_and_encodings() {
    let settings = "encodings=base64,list,timestamped tolerance=60 headers=x-k";
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

/// Deployed stacks still have it.
#[test]
fn the_former_name_of_encodings_is_still_read() {
    let scheme = |settings: &str| format!("{:?}", kuenta::PROVIDER.scheme.with_settings(settings).unwrap());
    for value in ["hex,base64", "base64,list,timestamped tolerance=60"] {
        assert_eq!(scheme(&format!("texts={value}")), scheme(&format!("encodings={value}")));
    }
    for both in [
        "texts=hex encodings=hex",
        "encodings=base64 texts=hex",
        "texts=hex texts=base64",
    ] {
        assert_eq!(
            kuenta::PROVIDER.scheme.with_settings(both).unwrap_err(),
            SettingError::Twice("encodings"),
            "{both}"
        );
    }
    assert!(error(kuenta::PROVIDER.scheme, "texts=none").starts_with("`encodings` can't be `none`: "));
}

#[test]
fn a_new_setting_replaces_the_one_of_its_former_name() {
    let both = "texts=hex,list headers=x-a";
    assert_eq!(merged(both, "encodings=base64"), "headers=x-a encodings=base64");
    assert_eq!(merged(both, "headers=x-b"), "texts=hex,list headers=x-b");
    assert_eq!(merged("", "encodings=hex"), "encodings=hex");
}

#[test]
fn a_token_is_a_second_factor() {
    let scheme = kuenta::PROVIDER.scheme.with_settings("token=Authorization").unwrap();
    let token = scheme.token.unwrap();
    assert!(token.bearer && token.header == "authorization");
    assert_eq!(scheme.signatures.len(), 1);
}

#[test]
fn invalid_settings_are_named() {
    let rows: Vec<String> = [
        (kuenta::PROVIDER.scheme, "off"),
        (kuenta::PROVIDER.scheme, "verify=false"),
        (kuenta::PROVIDER.scheme, "headers="),
        (kuenta::PROVIDER.scheme, "headers=x a"),
        (kuenta::PROVIDER.scheme, "headers=x-a,x-a"),
        (kuenta::PROVIDER.scheme, "headers=x-a headers=x-b"),
        (kuenta::PROVIDER.scheme, "encodings=none"),
        (kuenta::PROVIDER.scheme, "encodings=list"),
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
    let sorted = |names: &str| {
        let mut names: Vec<_> = names.split(',').map(|name| name.trim().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(sorted(known.unwrap()), sorted(&names));
}

#[test]
fn only_the_token_can_be_set_for_a_provider_that_signs_nothing() {
    let unsigned = Scheme {
        token: None,
        signatures: &[],
    };
    let scheme = unsigned.with_settings("token=x-token").unwrap();
    assert_eq!(scheme.token.unwrap().header, "x-token");
    for settings in [
        "headers=x-a",
        "encodings=hex",
        "forms=js",
        "tolerance=60",
        "token=x-token forms=js",
    ] {
        let error = error(unsigned, settings);
        assert!(error.ends_with("has no effect: this provider signs nothing"), "{error}");
    }
}
