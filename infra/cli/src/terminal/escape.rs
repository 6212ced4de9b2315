//! Text that is safe to print.

use std::fmt::Write;

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_width::UnicodeWidthChar;

/// Marks a cut; one column wide.
const MORE: char = '…';

/// The Braille pattern without dots: a symbol to Unicode, invisible to people.
const BLANK_PATTERN: char = '\u{2800}';

/// Whether a terminal acts on `c`, or people can't see or recognize it: control characters (C0, DEL, C1), separators,
/// format characters (bidirectional ones among them), other invisible characters, code points without a character, and
/// blanks that look like a space.
pub fn is_unsafe(c: char) -> bool {
    if c == ' ' {
        return false;
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    matches!(
        category,
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::SpaceSeparator
            | GeneralCategory::PrivateUse
            | GeneralCategory::Surrogate
            | GeneralCategory::Unassigned
    ) || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        || c == BLANK_PATTERN
}

/// `text` on one line, with [unsafe](is_unsafe) characters written as `\n` or `\u{1b}`.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    text.chars().for_each(|c| push(&mut escaped, c));
    escaped
}

/// JSON text of the same value, with [unsafe](is_unsafe) characters written as `\u001b`. JSON has such characters only
/// in strings. Line breaks between values stay.
pub fn escape_json(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' || !is_unsafe(c) {
            escaped.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a string never fails.
            let _ = write!(escaped, "\\u{unit:04x}");
        }
    }
    escaped
}

/// [`escape`], no wider than `columns`. A cut text ends with `…`.
pub fn cut(text: &str, columns: usize) -> String {
    let mut kept = String::new();
    // Up to here, the mark still fits.
    let mut end = 0;
    let mut taken = 0;
    for c in text.chars() {
        let before = kept.len();
        push(&mut kept, c);
        taken += kept.get(before..).map_or(0, width);
        if taken > columns {
            kept.truncate(end);
            kept.push(MORE);
            return kept;
        }
        if taken < columns {
            end = kept.len();
        }
    }
    kept
}

/// Undoes [`escape`] and [`escape_json`], as far as possible: the original may have contained the letters of an escape.
pub fn unescape(text: &str) -> String {
    let mut unescaped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (c, length) = escaped_char(rest).unwrap_or((c, c.len_utf8()));
        unescaped.push(c);
        rest = rest.get(length..).unwrap_or_default();
    }
    unescaped
}

/// The character whose escape `text` begins with, and the escape's length.
fn escaped_char(text: &str) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at..)?.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    let escape = text.strip_prefix('\\')?;
    if let Some(hex) = escape.strip_prefix("u{") {
        let (digits, _) = hex.split_once('}')?;
        let c = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
        return Some((c, digits.len() + 4));
    }
    if let Some(first) = unit(0) {
        let units = [first, unit(6).unwrap_or_default()];
        let c = char::decode_utf16(units).next()?.ok()?;
        return Some((c, 6 * c.len_utf16()));
    }
    let c = match escape.chars().next()? {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        _ => return None,
    };
    Some((c, 2))
}

fn push(text: &mut String, c: char) {
    match is_unsafe(c) {
        true => text.extend(c.escape_default()),
        false => text.push(c),
    }
}

/// An accent counts as one column: a thousand of them on one letter would cover the lines around it.
fn width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or_default().max(1)).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr;

    use super::*;

    /// Characters that terminals act on and invisible ones, with a few plain ones between.
    fn nasty() -> impl Strategy<Value = String> {
        let one = prop_oneof![
            any::<char>(),
            proptest::char::range('\0', '\u{ff}'),
            proptest::char::range('\u{2000}', '\u{206f}'),
            proptest::char::range('\u{300}', '\u{36f}'),
            proptest::char::range('\u{e0000}', '\u{e01ef}'),
            Just('界'),
        ];
        proptest::collection::vec(one, 0..80).prop_map(String::from_iter)
    }

    /// By the standard library's tables, not by those that the code uses.
    fn is_printable(c: char) -> bool {
        !c.is_control()
            && !matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}' | '\u{ad}')
    }

    proptest! {
        #[test]
        fn no_unsafe_character_is_left(text in nasty(), columns in 1usize..40) {
            prop_assert!(escape(&text).chars().all(is_printable));
            prop_assert!(cut(&text, columns).chars().all(is_printable));
            prop_assert_eq!(escape(&escape(&text)), escape(&text));
        }

        #[test]
        fn a_cut_text_fits(text in nasty(), columns in 1usize..40) {
            let cut = cut(&text, columns);
            prop_assert!(cut.width() <= columns, "{cut:?}");
            prop_assert!(cut.chars().count() <= columns, "{cut:?}");
            prop_assert!(cut == escape(&text) || cut.ends_with(MORE));
        }

        #[test]
        fn escaped_json_has_the_same_value(texts in proptest::collection::btree_map(nasty(), nasty(), 0..4)) {
            for json in [serde_json::to_string(&texts).unwrap(), serde_json::to_string_pretty(&texts).unwrap()] {
                let escaped = escape_json(&json);
                prop_assert!(escaped.chars().all(|c| c == '\n' || is_printable(c)));
                let read: std::collections::BTreeMap<String, String> = serde_json::from_str(&escaped).unwrap();
                prop_assert_eq!(&read, &texts);
            }
        }
    }

    proptest! {
        /// For texts without backslashes.
        #[test]
        fn an_escaped_text_is_read_back(text in nasty()) {
            let text = text.replace(['\\', '"'], "/");
            let escaped = escape(&text);
            prop_assert_eq!(unescape(&escaped), text.as_str());
            let json = escape_json(&format!("\"{}\"", text.replace('\n', "")));
            prop_assert_eq!(unescape(json.trim_matches('"')), text.replace('\n', ""));
        }

        #[test]
        fn any_text_can_be_unescaped(text in r"(\\|u|\{|\}|[0-9a-f]|n|é|d800){0,24}") {
            let unescaped = unescape(&text);
            prop_assert!(text.contains('\\') || unescaped == text);
        }
    }

    #[test]
    fn text_that_only_looks_like_an_escape_stays() {
        for text in [
            "",
            "a",
            r"\",
            r"C:\dir",
            r"\u",
            r"\u{",
            r"\u{}",
            r"\u{110000}",
            r"\u{d800}",
            r"\ud800x",
            r"\u00",
            r"\ué123",
        ] {
            assert_eq!(unescape(text), text);
        }
        assert_eq!(unescape(r"a\u{1b}b\n\u202ec\ud83d\ude00\x"), "a\u{1b}b\n\u{202e}c😀\\x");
    }

    #[test]
    fn each_kind_of_unsafe_character_is_escaped() {
        let text = "a\u{1b}]0;x\u{7}\u{9b}2J\r\nb\t\u{7f}\u{202e}c\u{200b}\u{feff}\u{2028}\u{fe0f}\u{3164}\u{e0041}\u{ad}\u{a0}\u{2800}";
        assert_eq!(
            escape(text),
            r"a\u{1b}]0;x\u{7}\u{9b}2J\r\nb\t\u{7f}\u{202e}c\u{200b}\u{feff}\u{2028}\u{fe0f}\u{3164}\u{e0041}\u{ad}\u{a0}\u{2800}"
        );
        assert_eq!(
            escape_json("\"\u{9b}\u{7f}\u{e0041}\""),
            r#""\u009b\u007f\udb40\udc41""#
        );
    }

    #[test]
    fn ordinary_text_stays() {
        let text = r"niño n\u{303} 支払い $ 1.000 'it' C:\temp".replace(r"\u{303}", "\u{303}");
        assert_eq!(escape(&text), text);
        assert_eq!(cut(&text, 80), text);
    }

    #[test]
    fn a_cut_leaves_no_half_escape() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdefg", 6), "abcde…");
        assert_eq!(cut("abc\u{202e}", 6), "abc…");
        assert_eq!(cut("界界界", 5), "界界…");
        let accents = format!("e{}", "\u{301}".repeat(5000));
        assert_eq!(cut(&accents, 6).chars().count(), 6);
    }
}
