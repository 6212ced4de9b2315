//! Bytes as text, without guessing.

use crate::provider::Unreadable;
use crate::wire::content::Content;

/// Why bytes are not text in a known charset.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotText {
    /// Not UTF-8, from this byte on.
    At(usize),
    /// They begin like UTF-16, but have half a code unit or half a surrogate pair.
    Utf16,
}

impl NotText {
    /// The reason, including what the sender says about its body.
    pub(super) fn reason(self, content: &Content) -> Unreadable {
        let at = match self {
            Self::Utf16 => return Unreadable::Content("it begins like UTF-16, but is not valid UTF-16".to_owned()),
            Self::At(at) => at,
        };
        Unreadable::Content(match (&content.encoding, content.charset()) {
            (Some(encoding), _) if !content.is_gzip() => format!("its content encoding {encoding:?} is not supported"),
            (_, Some(charset)) => format!("byte {at} is not UTF-8, and its charset {charset:?} is not supported"),
            (_, None) => format!("byte {at} is not UTF-8, and no charset is named"),
        })
    }
}

/// The text of a document that begins with an ASCII character, as JSON does. The byte order mark decides, else the
/// position of the first character's zero byte (RFC 4627, 3), else it is UTF-8 or in `charset`.
pub(super) fn text(bytes: &[u8], charset: Option<&str>) -> Result<String, NotText> {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => in_charset(rest, None),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0, 1..=u8::MAX, ..] => utf16(bytes, u16::from_be_bytes),
        [1..=u8::MAX, 0, ..] => utf16(bytes, u16::from_le_bytes),
        _ => in_charset(bytes, charset),
    }
}

/// UTF-8 if the bytes are valid, whatever the charset says: text in another charset is never valid UTF-8 by chance.
/// Otherwise `charset`.
pub(super) fn in_charset(bytes: &[u8], charset: Option<&str>) -> Result<String, NotText> {
    match (std::str::from_utf8(bytes), charset) {
        (Ok(text), _) => Ok(text.to_owned()),
        (Err(_), Some("iso-8859-1" | "iso8859-1" | "iso_8859-1" | "latin1" | "windows-1252" | "cp1252")) => {
            Ok(bytes.iter().map(|byte| windows_1252(*byte)).collect())
        }
        (Err(error), _) => Err(NotText::At(error.valid_up_to())),
    }
}

fn utf16(bytes: &[u8], unit: impl Fn([u8; 2]) -> u16) -> Result<String, NotText> {
    let (pairs, []) = bytes.as_chunks::<2>() else {
        return Err(NotText::Utf16);
    };
    let units = pairs.iter().map(|pair| unit(*pair));
    char::decode_utf16(units)
        .collect::<Result<_, _>>()
        .map_err(|_| NotText::Utf16)
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
                    prop_assert_eq!(text(&bytes, None).unwrap(), document.as_str());
                }
                prop_assert_eq!(text(marked.as_bytes(), Some("iso-8859-1")).unwrap(), document.as_str());
            }
        }

        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64), charset in "iso-8859-1|x") {
            let _ = text(&bytes, Some(&charset));
        }
    }

    #[test]
    fn half_a_character_is_an_error() {
        for bytes in [&b"{\0}"[..], b"\xFF\xFE{", b"\xFF\xFE\x00\xD8", b"\xFE\xFF\xDC\x00"] {
            assert_eq!(text(bytes, Some("utf-16")), Err(NotText::Utf16), "{bytes:?}");
        }
    }

    #[test]
    fn a_charset_is_never_guessed() {
        let latin = b"P\xE9rez \x80";
        assert_eq!(text(latin, None), Err(NotText::At(1)));
        assert_eq!(text(latin, Some("koi8-r")), Err(NotText::At(1)));
        assert_eq!(text(latin, Some("iso-8859-1")).unwrap(), "Pérez €");
        // Servlets name it by mistake: bytes that are valid UTF-8 are UTF-8.
        assert_eq!(text("Pérez".as_bytes(), Some("iso-8859-1")).unwrap(), "Pérez");
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
