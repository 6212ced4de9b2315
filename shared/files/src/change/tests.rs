use super::*;

const PAYLOAD: &str = r#"{"z": {"amount": 150000.00, "id": 9007199254740993, "a.b": 1e3},
    "items": [{"sku": "A"}, {"sku": "B"}], "z2": null}"#;

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

#[test]
fn one_value_changes_and_the_rest_stays_as_written() {
    for (path, value, after) in [
        (
            "z.reference",
            "\"ORD-1\"",
            r#"{"z":{"amount":150000.00,"id":9007199254740993,"a.b":1e3,"reference":"ORD-1"},"items":[{"sku":"A"},{"sku":"B"}],"z2":null}"#,
        ),
        (
            "/z/a.b",
            "0.10",
            r#"{"z":{"amount":150000.00,"id":9007199254740993,"a.b":0.10},"items":[{"sku":"A"},{"sku":"B"}],"z2":null}"#,
        ),
        (
            "items.1.sku",
            "\"C\"",
            r#"{"z":{"amount":150000.00,"id":9007199254740993,"a.b":1e3},"items":[{"sku":"A"},{"sku":"C"}],"z2":null}"#,
        ),
        (
            "items.2",
            "{}",
            r#"{"z":{"amount":150000.00,"id":9007199254740993,"a.b":1e3},"items":[{"sku":"A"},{"sku":"B"},{}],"z2":null}"#,
        ),
    ] {
        assert_eq!(set(PAYLOAD, path, raw(value)).unwrap(), after, "{path}");
    }
    assert_eq!(
        unset(PAYLOAD, "z").unwrap(),
        r#"{"items":[{"sku":"A"},{"sku":"B"}],"z2":null}"#
    );
    assert_eq!(
        unset(r#"{"a~b":{"c/d":[1,2]},"e":1}"#, "/a~0b/c~1d/0").unwrap(),
        r#"{"a~b":{"c/d":[2]},"e":1}"#
    );
}

#[test]
fn a_path_that_leads_nowhere_names_what_is_there() {
    let set = |path| set(PAYLOAD, path, raw("1")).unwrap_err().to_string();
    let unset = |path| unset(PAYLOAD, path).unwrap_err().to_string();
    assert_eq!(
        set("y.reference"),
        "`y.reference`: the payload has no `y`; it has z, items, z2"
    );
    assert_eq!(set("items.4"), "`items.4`: `items` has no `4`; it has 2 items, from 0");
    assert_eq!(
        set("z.amount.x"),
        "`z.amount.x`: `amount` is neither an object nor an array"
    );
    assert_eq!(
        unset("z.refrence"),
        "`z.refrence`: `z` has no `refrence`; it has amount, id, a.b"
    );
    assert_eq!(
        unset("items.2"),
        "`items.2`: `items` has no `2`; it has 2 items, from 0"
    );
    for empty in ["", "/", "z."] {
        assert!(set(empty).starts_with("the path is empty"), "{empty}");
    }
    assert!(super::unset("{", "a").unwrap_err().to_string().contains("not JSON"));
}
