//! Strings as text, including escapes.

use fastrand::Rng;

const ODD: &[&str] = &[
    "/",
    r"\/",
    r"\\",
    r#"\""#,
    r"\b",
    r"\f",
    r"\n",
    r"\r",
    r"\t",
    "\u{7f}",
    r"\u007f",
    r"\u007F",
    "\u{80}",
    r"\u0000",
    r"\u001f",
    r"\u0020",
    "\u{2028}",
    "\u{2029}",
    r"\u2028",
    "é",
    r"\u00e9",
    r"\u00E9",
    "e\u{301}",
    "😀",
    r"\ud83d\ude00",
    r"\uD83D\uDE00",
    r"\ud83D",
    r"\ude00",
    r"\uD800",
    r"\uDFFF",
    r"\udbff\udfff",
    r"\ud800\ud800\udc00",
    r"\ud83d\u0041",
    r"\ud83d\n",
    "\\ud83d😀",
    "\\ud83dé",
    "\u{feff}",
    r"\uFEFF",
    "\u{fffd}",
    "\u{ffff}",
    "\u{10ffff}",
    r"\\u0041",
    "<",
    ">",
    "&",
    "'",
    "\u{a0}",
    "\u{85}",
];

/// Names with a meaning in one of the runtimes, or with two spellings.
const NAMES: &[&str] = &[
    "",
    "a",
    "b",
    r"\u0061",
    r"\u0062",
    "id",
    "type",
    "__proto__",
    r"__proto\u005f_",
    "constructor",
    "toString",
    "hasOwnProperty",
    "length",
    "0",
    "00",
    "01",
    r"\u0030",
    "1",
    "2",
    "10",
    "9",
    "-0",
    "-1",
    "1.0",
    "1e3",
    "+1",
    " 1",
    "1 ",
    "Infinity",
    "NaN",
    "2147483647",
    "2147483648",
    "4294967293",
    "4294967294",
    "4294967295",
    "4294967296",
    "04294967294",
    "9007199254740991",
    "9007199254740992",
    "18446744073709551615",
    "99999999999999999999",
    "null",
    "é",
    r"\u00e9",
    "e\u{301}",
    "😀",
    r"\ud83d\ude00",
    r"\ud83d",
    r"\uD83D",
    r"\ude00",
    "١",
    "１",
];

/// A string with its quotes.
pub(crate) fn string(random: &mut Rng) -> String {
    let pieces = random.usize(0..8);
    let content: String = (0..pieces).map(|_| piece(random)).collect();
    format!("\"{content}\"")
}

/// A member's name with its quotes, often one that another member has too.
pub(crate) fn name(random: &mut Rng) -> String {
    match random.u8(0..10) {
        0 => string(random),
        1 => format!("\"{}\"", random.u32(..)),
        2 => format!("\"{}\"", random.u32(0..30)),
        _ => format!("\"{}\"", random.choice(NAMES).unwrap()),
    }
}

fn piece(random: &mut Rng) -> String {
    match random.u8(0..8) {
        0..3 => random.choice(ODD).unwrap().to_string(),
        3 => escaped_unit(random),
        4 => plain(random.char(..)),
        5 => plain(random.char('\u{0}'..'\u{180}')),
        6 => plain(random.char('\u{d000}'..'\u{e100}')),
        _ => std::iter::repeat_with(|| random.alphanumeric()).take(5).collect(),
    }
}

/// `\u` and any four digits in either case, often half of a pair.
fn escaped_unit(random: &mut Rng) -> String {
    let unit = match random.u8(0..4) {
        0 => random.u16(0xD800..0xDC00),
        1 => random.u16(0xDC00..0xE000),
        2 => random.u16(0..0x100),
        _ => random.u16(..),
    };
    format!("{unit:04x}")
        .chars()
        .fold(String::from("\\u"), |mut text, digit| {
            text.push(if random.bool() {
                digit.to_ascii_uppercase()
            } else {
                digit
            });
            text
        })
}

/// The character itself, or an escape if it needs one.
fn plain(c: char) -> String {
    match c {
        '"' | '\\' => format!("\\{c}"),
        '\0'..' ' => format!("\\u{:04x}", u32::from(c)),
        _ => c.to_string(),
    }
}
