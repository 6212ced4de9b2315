//! Old signatures that must not come back.

use bytes::Bytes;

use crate::clock::Timestamp;
use crate::json;
use crate::provider::scheme::{Part, Scheme};

/// No text of a time is longer (RFC 3339 with nanoseconds and an offset).
const LONGEST_TIME: usize = 40;

/// Whether `body` is what a timestamped signature of `scheme` is made of: a time, a dot and the
/// payload. Whoever recorded `t=…,v1=…` could otherwise send that as the body and the digest by
/// itself, as a signature over the body alone, and be let in long after the tolerance.
///
/// A body that is JSON as a whole is never one: nothing genuine is refused.
pub(super) fn is_timestamped(body: &Bytes, scheme: &Scheme) -> bool {
    let mut separators = scheme.signatures.iter().filter_map(|way| match way.content {
        [Part::Time, Part::Text(separator), Part::Body] => Some(*separator),
        _ => None,
    });
    separators.any(|separator| begins_with_time(body, separator)) && json::parse(body).is_err()
}

/// Whether `body` is a time, `separator`, and anything.
fn begins_with_time(body: &[u8], separator: &str) -> bool {
    let begin = body.get(..LONGEST_TIME).unwrap_or(body);
    let begin = String::from_utf8_lossy(begin);
    // A fraction of a second has a dot as well.
    let mut ends = begin.match_indices(separator).map(|(end, _)| end);
    ends.any(|end| {
        begin
            .get(..end)
            .is_some_and(|time| Timestamp::from_text(time).is_some())
    })
}
