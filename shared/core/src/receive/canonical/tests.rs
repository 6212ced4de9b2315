//! What differs between the forms, row by row. `tests/differential` compares them with the real runtimes.

use super::*;
use crate::wire::delivery::MOST_GROWTH;

fn javascript(body: &[u8]) -> Result<Bytes, Error> {
    bytes(&Bytes::copy_from_slice(body), CanonicalForm::JavaScript)
}

fn python(body: &[u8]) -> Result<Bytes, Error> {
    bytes(&Bytes::copy_from_slice(body), CanonicalForm::Python)
}

fn forms(body: &str) -> [String; 2] {
    [javascript(body.as_bytes()), python(body.as_bytes())].map(|form| String::from_utf8(form.unwrap().into()).unwrap())
}

#[test]
fn the_forms_differ_in_these_ways() {
    let rows = [
        "  {\"a\" : [ 1 , 2 ]\n}  ",
        "\"é😀\"",
        r#""\u00E9\ud83d\ude00\uD83D\uDE00""#,
        r#""/ \/""#,
        "\"\u{2028}\"",
        "\"\u{7f}\"",
        r#""\u000C\u0008\n\u001f""#,
        r#""\uD800 \udc00\ud800x \ud800\ud83d\ude00""#,
        "[1.0, 150000.00, 1e3]",
        "[0.00001, 0.0001, 1e-7, 123456.789e-3]",
        "[1e15, 1e16, 1e17, 1e21, 1e22, 123456789012345680000]",
        "[-0, -0.0, 0, 0.0, -0e1]",
        "[9007199254740993, 9223372036854775808]",
        "[1e309, -1e309, 5e-324, 1e-400, 1.7976931348623157e308]",
        r#"{"a":1,"b":2,"a":3}"#,
        r#"{"b":0,"10":"x","2":"y","a":1,"01":2,"4294967295":3,"4294967294":4,"-1":5,"0":6}"#,
        r#"{"__proto__":1,"constructor":{"toString":2}}"#,
        r#"{"\ud800":1,"\ud800":2}"#,
        "null",
    ];
    let table: Vec<String> = rows
        .iter()
        .map(|row| {
            let [js, python] = forms(row);
            format!("{row}\n  js      {js}\n  python  {python}")
        })
        .collect();
    insta::assert_snapshot!(table.join("\n"));
}

/// A body that already has a form is not tried a second time.
#[test]
fn white_space_at_the_end_is_a_form_only_where_it_changes_the_body() {
    let form = |body: &'static str, form| bytes(&Bytes::from_static(body.as_bytes()), form);
    assert_eq!(form("{}", CanonicalForm::Trimmed), Err(Error::Unchanged));
    assert_eq!(form("{} \r\n", CanonicalForm::Trimmed).unwrap(), "{}");
    assert_eq!(form("{}\n", CanonicalForm::Newline), Err(Error::Unchanged));
    assert_eq!(form("{}", CanonicalForm::Newline).unwrap(), "{}\n");
}

#[test]
fn python_refuses_integers_of_more_than_4300_digits() {
    assert!(python("1".repeat(4300).as_bytes()).is_ok());
    assert_eq!(python("1".repeat(4301).as_bytes()), Err(Error::IntegerTooLong));
    assert!(python(format!("{}.0", "1".repeat(4301)).as_bytes()).is_ok());
    // Not even if a later member replaces it.
    let replaced = format!(r#"{{"a":{},"a":2}}"#, "1".repeat(4301));
    assert_eq!(python(replaced.as_bytes()), Err(Error::IntegerTooLong));
    assert_eq!(javascript("1".repeat(4301).as_bytes()).unwrap(), "null");
}

#[test]
fn ties_between_shortest_numbers_go_to_the_even_one() {
    let [js, python] = forms("[2250844678556845.25, -2250844678556845.75]");
    assert_eq!(js, "[2250844678556845.2,-2250844678556845.8]");
    assert_eq!(python, js);
}

#[test]
fn many_members_take_linear_time() {
    // Quadratic time would take minutes here.
    let same: String = (0..200_000).map(|n| format!("\"a\":{n},")).collect();
    let distinct: String = (0..200_000).map(|n| format!("\"{n}\":{n},")).collect();
    let body = format!("{{{same}{distinct}\"z\":0}}");
    let [js, python] = forms(&body);
    assert!(js.starts_with("{\"0\":0,\"1\":1,") && python.starts_with("{\"a\":199999,\"0\":0,"));
}

fn growth(body: &str) -> f64 {
    let forms = [javascript(body.as_bytes()), python(body.as_bytes())];
    let longest = forms.into_iter().flatten().map(|form| form.len()).max();
    longest.unwrap_or_default() as f64 / body.len() as f64
}

#[test]
fn del_grows_most() {
    let most = MOST_GROWTH as f64;
    let of_del = growth(&format!("\"{}\"", "\u{7f}".repeat(10_000)));
    assert!((most - 0.01..most).contains(&of_del), "{of_del}");
    let of_numbers = growth(&format!("[{}]", vec!["1e20"; 10_000].join(",")));
    assert!((4.3..4.5).contains(&of_numbers), "{of_numbers}");
    // Every single character.
    for c in ('\0'..='\u{FFFF}').step_by(7).chain(' '..='\u{FF}') {
        assert!(growth(&format!("\"{c}{c}{c}{c}\"")) <= most, "{c:?}");
    }
    // Every short number.
    for exponent in -330..=330 {
        for digits in ["1", "9", "-9", "1.5", "0.1", "-0.5"] {
            let number = format!("{digits}e{exponent}");
            assert!(growth(&number) <= most, "{number}");
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_form_exceeds_the_decompression_limit(
        pieces in proptest::collection::vec("1e[12][0-9]|-?[0-9]|[\u{7f}]|\\PC|\\\\u[0-9a-f]{4}|[é😀]", 1..20),
        object in proptest::bool::ANY,
    ) {
        let numbers = pieces.iter().filter(|piece| javascript(piece.as_bytes()).is_ok());
        let numbers = numbers.cloned().collect::<Vec<_>>().join(",");
        let text = pieces.concat().replace('"', "");
        let body = match object {
            true => format!("{{\"{text}\":[{numbers}]}}"),
            false => format!("[[{numbers}],\"{text}\"]"),
        };
        proptest::prop_assert!(growth(&body) <= MOST_GROWTH as f64, "{}", body);
    }
}

#[test]
fn members_are_sorted_at_every_depth() {
    let body = r#"{"z":1.0,"a":[{"c":1,"B":2}],"é":0,"10":1,"9":{"y":1,"x":2},"a":[{"d":{"f":1,"e":2}}],"\ud83d\ude00":1,"\uffff":2}"#;
    let text = |form| String::from_utf8(bytes(&body.into(), form).unwrap().into()).unwrap();
    assert_eq!(
        text(CanonicalForm::JavaScriptSorted),
        r#"{"9":{"x":2,"y":1},"10":1,"a":[{"d":{"e":2,"f":1}}],"z":1,"é":0,"￿":2,"😀":1}"#
    );
    // CPython 3.11: json.dumps(json.loads(body), separators=(",", ":"), sort_keys=True)
    assert_eq!(
        text(CanonicalForm::PythonSorted),
        r#"{"10":1,"9":{"x":2,"y":1},"a":[{"d":{"e":2,"f":1}}],"z":1.0,"\u00e9":0,"\uffff":2,"\ud83d\ude00":1}"#
    );
}
