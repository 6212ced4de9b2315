use proptest::prelude::*;

use super::*;

#[test]
fn parsing_loses_nothing() {
    let document = br#" {"a": 150000.00, "b": [true, null], "a": "\ud83d\ude00 \ud800"} "#;
    let value = parse(document).unwrap();
    let members = value.as_object().unwrap();
    assert_eq!(members.len(), 3);
    assert_eq!(members[0].1, Value::Number("150000.00"));
    assert_eq!(value.get("a").unwrap().scalar_text().unwrap(), "😀 \u{FFFD}");
    assert_eq!(value.path(&["b", "c"]), None);
}

#[test]
fn errors_name_the_position() {
    let errors: Vec<String> = [
        &b""[..],
        b" ",
        b"\xEF\xBB\xBF{}",
        b"\"\xff\"",
        b"NaN",
        b"-",
        b"01",
        b"1.",
        b"1e",
        b"+1",
        b".5",
        b"[1,]",
        b"{,}",
        b"{\"a\" 1}",
        b"{\"a\":1,}",
        b"{} {}",
        b"\"\t\"",
        b"\"\\x\"",
        b"\"\\u12g4\"",
        b"\"\\u+123\"",
        b"\"a",
        b"tru",
        b"nul",
        b"'a'",
        b"[",
        b"{\"a\":",
        b"// c\n1",
        b"\"\\",
    ]
    .iter()
    .map(|document| format!("{}  {}", document.escape_ascii(), parse(document).unwrap_err()))
    .collect();
    insta::assert_snapshot!(errors.join("\n"));
}

#[test]
fn nesting_is_limited() {
    let nested = |depth: usize| [b"[".repeat(depth), b"]".repeat(depth)].concat();
    assert!(parse(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(parse(&nested(MAX_DEPTH + 1)), Err(Error::TooDeep { at: MAX_DEPTH }));
    assert!(matches!(parse(&b"{\"a\":".repeat(200_000)), Err(Error::TooDeep { .. })));
}

/// JSON documents, some with a few bytes changed.
fn almost_json() -> impl Strategy<Value = Vec<u8>> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?(0|[1-9][0-9]{0,5})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?",
        "\"([a-z é😀/]|\\\\[\"\\\\/bfnrt]|\\\\u00[0-9a-f]{2})*\"",
    ];
    let document = scalar.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(" ,"))),
            proptest::collection::vec(("\"[a-c]?\"", inner), 0..4).prop_map(|members| {
                let members: Vec<String> = members
                    .into_iter()
                    .map(|(name, value)| format!("{name}: {value}"))
                    .collect();
                format!("{{{}}}", members.join(", "))
            }),
        ]
    });
    (
        document,
        proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
    )
        .prop_map(|(document, changes)| {
            let mut bytes = document.into_bytes();
            for (place, byte) in changes {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            bytes
        })
}

proptest! {
    #[test]
    fn accepts_what_serde_json_accepts(document in almost_json()) {
        let ours = parse(&document).is_ok();
        // With `IgnoredAny`, serde_json does not check for UTF-8.
        let theirs = std::str::from_utf8(&document).is_ok()
            && serde_json::from_slice::<serde::de::IgnoredAny>(&document).is_ok();
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn no_bytes_panic(document in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&document);
    }
}
