//! Documents that are not JSON.

use fastrand::Rng;

/// Values that some parsers accept.
const NO_VALUES: &[&[u8]] = &[
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"-NaN",
    b"nan",
    b"undefined",
    b"None",
    b"True",
    b"nul",
    b"truefalse",
    b"01",
    b"-01",
    b"00",
    b"+1",
    b".5",
    b"1.",
    b"1.e5",
    b"-",
    b"--1",
    b"1e",
    b"1e+",
    b"1E-",
    b"0x10",
    b"1_000",
    b"1n",
    b"- 1",
    b"1 2",
    b"'a'",
    b"\"a",
    b"a\"",
    b"\"\\x41\"",
    b"\"\\u12\"",
    b"\"\\u12g4\"",
    b"\"\\u+123\"",
    b"\"\\u 123\"",
    b"\"\\U0041\"",
    b"\"\\'\"",
    b"\"\\0\"",
    b"\"\\v\"",
    b"\"\\\n\"",
    b"\"\\",
    b"\"\t\"",
    b"\"\n\"",
    b"\"\0\"",
    b"\"\x1f\"",
    b"[1,]",
    b"[,1]",
    b"[1,,2]",
    b"[1 2]",
    b"[",
    b"]",
    b"{",
    b"}",
    b"[}",
    b"{]",
    b"{,}",
    b"{\"a\"}",
    b"{\"a\":}",
    b"{\"a\":1,}",
    b"{a:1}",
    b"{'a':1}",
    b"{1:2}",
    b"{\"a\" 1}",
    b"{\"a\":1 \"b\":2}",
    b"{\"a\":1,,\"b\":2}",
    b"// c\n1",
    b"/* c */1",
    b"1 // c",
    b"# c\n1",
    b"\xEF\xBB\xBF1",
    b"1\xEF\xBB\xBF",
    b"\xC2\xA01",
    b"\x0B1",
    b"\x0C1",
    b"\xE2\x80\xA81",
    b"1\0",
    b"\xD9\xA1",
    b"",
    b" ",
];

/// Bytes that are not UTF-8: lone and missing continuations, overlong forms, surrogates, and code points beyond U+10FFFF.
const NOT_UTF8: &[&[u8]] = &[
    b"\xff",
    b"\xfe",
    b"\x80",
    b"\xbf",
    b"\xc3",
    b"\xe2\x82",
    b"\xf0\x9f\x98",
    b"\xc0\x80",
    b"\xc0\xaf",
    b"\xc1\xbf",
    b"\xe0\x80\xaf",
    b"\xe0\x9f\xbf",
    b"\xf0\x80\x80\xaf",
    b"\xf0\x8f\xbf\xbf",
    b"\xed\xa0\x80",
    b"\xed\xbf\xbf",
    b"\xed\xa0\xbd\xed\xb8\x80",
    b"\xf4\x90\x80\x80",
    b"\xf8\x88\x80\x80\x80",
    b"\xc3(",
    b"\xe9",
];

/// Bytes to insert, mostly ones with a meaning in JSON.
const BYTES: &[u8] = b"\"\\{}[],:0123456789.eE+-utfn \t\n\r\0\x08\x1f\x7f\x80\xef/'N";

pub(crate) fn no_value(random: &mut Rng) -> Vec<u8> {
    random.choice(NO_VALUES).unwrap().to_vec()
}

/// Changes `document` in a way that mostly breaks it.
pub(crate) fn break_up(document: &mut Vec<u8>, random: &mut Rng) {
    let place = random.usize(0..=document.len());
    match random.u8(0..9) {
        0 => document.truncate(place),
        1 => drop(document.drain(..place)),
        2 => insert(document, place, random.choice(NOT_UTF8).unwrap()),
        3 => insert(document, place, random.choice(NO_VALUES).unwrap()),
        4 => insert(document, 0, b"\xEF\xBB\xBF"),
        5 => insert(document, place, &[random.u8(0..0x20)]),
        6 => insert(document, place, &[*random.choice(BYTES).unwrap()]),
        7 if place < document.len() => drop(document.remove(place)),
        _ if place < document.len() => document[place] = *random.choice(BYTES).unwrap(),
        _ => document.push(*random.choice(BYTES).unwrap()),
    }
}

fn insert(document: &mut Vec<u8>, place: usize, bytes: &[u8]) {
    document.splice(place..place, bytes.iter().copied());
}
