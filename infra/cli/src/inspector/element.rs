//! Small pieces that many pages have.

mod table;

use maud::{Markup, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

use super::words::Words;
pub(super) use table::{Head, Row, table};

/// A status, in colour and in words.
pub(super) fn status(words: &Words, status: &str) -> Markup {
    html! { span.status translate="yes" data-status=(status) { (words.status(status)) } }
}

/// A moment. The script shows it in the reader's zone; the tooltip has it in UTC, to the millisecond.
pub(super) fn moment(at: Option<&str>) -> Markup {
    let Some(at) = at else {
        return html! { "–" };
    };
    html! { time datetime=(at) title={ (utc(at)) } { (utc(at)) } }
}

/// `2026-11-27 03:31:01.746 UTC`
pub(super) fn utc(at: &str) -> String {
    format!("{} UTC", at.replace('T', " ").trim_end_matches('Z'))
}

/// A button that copies `text`.
pub(super) fn copy(words: &Words, label: &str, text: &str) -> Markup {
    html! {
        button.copy type="button" data-copy=(text) data-done=(words.copied) data-failed=(words.not_copied) { (label) }
    }
}

/// Text that is encoded for a query string.
pub(super) fn encoded(text: &str) -> PercentEncode<'_> {
    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');
    utf8_percent_encode(text, ESCAPED)
}
