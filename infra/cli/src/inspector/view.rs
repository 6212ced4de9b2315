//! The pages, a file each.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

pub(super) mod dead_letters;
pub(super) mod event;
pub(super) mod events;
pub(super) mod life;
pub(super) mod quarantine;

/// Text that is encoded for a query string.
pub(super) fn encoded(text: &str) -> PercentEncode<'_> {
    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');
    utf8_percent_encode(text, ESCAPED)
}
