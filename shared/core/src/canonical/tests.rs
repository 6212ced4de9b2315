//! The table of what differs, row by row. The same against the real runtimes: `tests/it`.

use super::*;

fn forms(body: &str) -> [String; 2] {
    [javascript(body.as_bytes()), python(body.as_bytes())].map(|form| String::from_utf8(form.unwrap()).unwrap())
}

#[test]
fn what_differs_between_the_forms() {
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

#[test]
fn python_reads_no_integer_of_more_than_4300_digits() {
    assert!(python("1".repeat(4300).as_bytes()).is_ok());
    assert_eq!(python("1".repeat(4301).as_bytes()), Err(Error::IntegerTooLong));
    assert!(python(format!("{}.0", "1".repeat(4301)).as_bytes()).is_ok());
    // Nor one that is read and then replaced.
    let replaced = format!(r#"{{"a":{},"a":2}}"#, "1".repeat(4301));
    assert_eq!(python(replaced.as_bytes()), Err(Error::IntegerTooLong));
    assert_eq!(javascript("1".repeat(4301).as_bytes()).unwrap(), b"null");
}

#[test]
fn of_two_equally_short_and_near_numbers_the_even_one_is_written() {
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

#[test]
fn sorted_at_every_depth() {
    let body = r#"{"z":1.0,"a":[{"c":1,"B":2}],"é":0,"10":1,"9":{"y":1,"x":2},"a":[{"d":{"f":1,"e":2}}],"\ud83d\ude00":1,"\uffff":2}"#;
    let text = |form: Result<Vec<u8>, Error>| String::from_utf8(form.unwrap()).unwrap();
    assert_eq!(
        text(javascript_sorted(body.as_bytes())),
        r#"{"9":{"x":2,"y":1},"10":1,"a":[{"d":{"e":2,"f":1}}],"z":1,"é":0,"￿":2,"😀":1}"#
    );
    // CPython 3.11: json.dumps(json.loads(body), separators=(",", ":"), sort_keys=True)
    assert_eq!(
        text(python_sorted(body.as_bytes())),
        r#"{"10":1,"9":{"x":2,"y":1},"a":[{"d":{"e":2,"f":1}}],"z":1.0,"\u00e9":0,"\uffff":2,"\ud83d\ude00":1}"#
    );
}
