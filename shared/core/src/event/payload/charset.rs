//! Bytes as text, without guessing.

use std::str::Utf8Error;

use crate::provider::Unreadable;
use crate::wire::content::Content;

/// The text of a document that begins with an ASCII character, as JSON does. The byte order mark decides, else the
/// position of the first character's zero byte (RFC 4627, 3), else it is UTF-8 or in the charset that the sender names.
pub(super) fn text(bytes: &[u8], content: &Content) -> Result<String, Unreadable> {
    let charset = content.charset();
    let (bytes, charset) = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => (rest, None),
        [0xFF, 0xFE, rest @ ..] => return utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => return utf16(rest, u16::from_be_bytes),
        [0, 1..=u8::MAX, ..] => return utf16(bytes, u16::from_be_bytes),
        [1..=u8::MAX, 0, ..] => return utf16(bytes, u16::from_le_bytes),
        _ => (bytes, charset.as_deref()),
    };
    in_charset(bytes, charset).map_err(|error| not_utf8(error.valid_up_to(), content))
}

/// UTF-8 if the bytes are valid, whatever the charset says: text in another charset is never valid UTF-8 by chance.
/// Otherwise `charset`.
pub(super) fn in_charset(bytes: &[u8], charset: Option<&str>) -> Result<String, Utf8Error> {
    match (std::str::from_utf8(bytes), charset) {
        (Ok(text), _) => Ok(text.to_owned()),
        (Err(_), Some("iso-8859-1" | "iso8859-1" | "iso_8859-1" | "latin1" | "windows-1252" | "cp1252")) => {
            Ok(bytes.iter().map(|byte| windows_1252(*byte)).collect())
        }
        (Err(error), _) => Err(error),
    }
}

/// Why bytes that are not UTF-8 from the byte `at` on can't be read, including what the sender says about them.
fn not_utf8(at: usize, content: &Content) -> Unreadable {
    Unreadable::Content(match (&content.encoding, content.charset()) {
        (Some(encoding), _) if !content.is_gzip() => format!("its content encoding {encoding:?} is not supported"),
        (_, Some(charset)) => format!("byte {at} is not UTF-8, and its charset {charset:?} is not supported"),
        (_, None) => format!("byte {at} is not UTF-8, and no charset is named"),
    })
}

/// Fails for half a code unit or half a surrogate pair.
fn utf16(bytes: &[u8], unit: impl Fn([u8; 2]) -> u16) -> Result<String, Unreadable> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let text: Result<String, _> = char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect();
    let text = text.ok().filter(|_| rest.is_empty());
    text.ok_or_else(|| Unreadable::Content("it begins like UTF-16, but is not valid UTF-16".to_owned()))
}

/// Both ISO-8859-1 and windows-1252 are read as the latter, as the web does: the two differ only in control characters
/// that nobody writes. <https://encoding.spec.whatwg.org/#windows-1252>
fn windows_1252(byte: u8) -> char {
    const FROM_80: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}', //
        '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
    ];
    let sign = byte.checked_sub(0x80).and_then(|place| FROM_80.get(usize::from(place)));
    sign.copied().unwrap_or(char::from(byte))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(charset: &str) -> Content {
        let media_type = Some(format!("text/plain; charset={charset}"));
        Content {
            media_type,
            encoding: None,
        }
    }

    fn in_utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    proptest! {
        #[test]
        fn reads_utf_16_with_and_without_a_byte_order_mark(rest in any::<String>()) {
            let document = format!("{{{rest}");
            for mark in ["", "\u{FEFF}"] {
                let marked = format!("{mark}{document}");
                for bytes in [in_utf16(&marked, u16::to_le_bytes), in_utf16(&marked, u16::to_be_bytes)] {
                    prop_assert_eq!(text(&bytes, &Content::default()).unwrap(), document.as_str());
                }
                prop_assert_eq!(text(marked.as_bytes(), &named("iso-8859-1")).unwrap(), document.as_str());
            }
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64), charset in "iso-8859-1|x") {
            let _ = text(&bytes, &named(&charset));
        }
    }

    #[test]
    fn half_a_character_is_an_error() {
        for bytes in [&b"{\0}"[..], b"\xFF\xFE{", b"\xFF\xFE\x00\xD8", b"\xFE\xFF\xDC\x00"] {
            let error = text(bytes, &named("utf-16")).unwrap_err().to_string();
            assert!(error.ends_with("but is not valid UTF-16"), "{bytes:?}");
        }
    }

    #[test]
    fn a_charset_is_never_guessed() {
        let latin = b"P\xE9rez \x80";
        for content in [Content::default(), named("koi8-r")] {
            let error = text(latin, &content).unwrap_err().to_string();
            assert!(error.contains("byte 1 is not UTF-8"), "{error}");
        }
        assert_eq!(text(latin, &named("iso-8859-1")).unwrap(), "Pérez €");
        // Servlets name it by mistake: bytes that are valid UTF-8 are UTF-8.
        assert_eq!(text("Pérez".as_bytes(), &named("iso-8859-1")).unwrap(), "Pérez");
    }

    /// What Python's `bytes(range(256)).decode('cp1252')` gives, where it gives anything.
    #[test]
    fn windows_1252_maps_every_byte_to_a_distinct_character() {
        let all: std::collections::BTreeSet<char> = (0..=u8::MAX).map(windows_1252).collect();
        assert_eq!(all.len(), 256);
        for (byte, character) in [
            (0x7F, '\u{7F}'),
            (0x80, '€'),
            (0x9F, 'Ÿ'),
            (0xA0, '\u{A0}'),
            (0xFF, 'ÿ'),
        ] {
            assert_eq!(windows_1252(byte), character);
        }
    }
}
