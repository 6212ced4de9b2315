//! Text that is safe to print.

use std::fmt::Write;

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_width::UnicodeWidthChar;

/// Stands for what was cut off; one column wide.
const MORE: char = '…';

/// Braille without a dot: a symbol to Unicode, nothing to the eye.
const BLANK_PATTERN: char = '\u{2800}';

/// Whether a terminal acts on `c` or nobody sees what it is: control characters (C0, DEL, C1), line
/// and paragraph separators, format characters (bidirectional ones among them), whatever else is
/// invisible by default, code points without a character, and blanks that pass for a space.
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

/// `text` on one line, with `\n` or `\u{1b}` in the place of what is [unsafe](is_unsafe).
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    text.chars().for_each(|c| push(&mut escaped, c));
    escaped
}

/// JSON text that means the same, with `\u001b` in the place of what is [unsafe](is_unsafe). JSON
/// has such characters nowhere but in strings; line breaks between its values stay.
pub fn escape_json(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' || !is_unsafe(c) {
            escaped.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a string does not fail.
            let _ = write!(escaped, "\\u{unit:04x}");
        }
    }
    escaped
}

/// [`escape`], and no wider than `columns`. What is cut off ends with `…`.
pub fn cut(text: &str, columns: usize) -> String {
    let mut kept = String::new();
    // Up to here, there is room for the mark.
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

fn push(text: &mut String, c: char) {
    match is_unsafe(c) {
        true => text.extend(c.escape_default()),
        false => text.push(c),
    }
}

/// An accent counts too: a thousand of them on one letter take no column, and cover the lines around.
fn width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or_default().max(1)).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr;

    use super::*;

    /// What terminals act on, and what hides; a few plain ones between.
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

    /// By the standard library's own tables, not by those that the code uses.
    fn is_printable(c: char) -> bool {
        !c.is_control()
            && !matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}' | '\u{ad}')
    }

    proptest! {
        #[test]
        fn nothing_that_acts_or_hides_is_left(text in nasty(), columns in 1usize..40) {
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
        fn json_means_the_same(texts in proptest::collection::btree_map(nasty(), nasty(), 0..4)) {
            for json in [serde_json::to_string(&texts).unwrap(), serde_json::to_string_pretty(&texts).unwrap()] {
                let escaped = escape_json(&json);
                prop_assert!(escaped.chars().all(|c| c == '\n' || is_printable(c)));
                let read: std::collections::BTreeMap<String, String> = serde_json::from_str(&escaped).unwrap();
                prop_assert_eq!(&read, &texts);
            }
        }
    }

    #[test]
    fn each_kind_shows() {
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
    fn what_people_write_stays() {
        let text = r"niño n\u{303} 支払い $ 1.000 'it' C:\temp".replace(r"\u{303}", "\u{303}");
        assert_eq!(escape(&text), text);
        assert_eq!(cut(&text, 80), text);
    }

    #[test]
    fn cuts_leave_no_half_escape() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdefg", 6), "abcde…");
        assert_eq!(cut("abc\u{202e}", 6), "abc…");
        assert_eq!(cut("界界界", 5), "界界…");
        let accents = format!("e{}", "\u{301}".repeat(5000));
        assert_eq!(cut(&accents, 6).chars().count(), 6);
    }
}
