//! Recorded signatures that must not be accepted again.

use bytes::Bytes;

use crate::clock::Timestamp;
use crate::json;
use crate::provider::scheme::{Part, Scheme};

/// The longest text of a time: RFC 3339 with nanoseconds and an offset.
const LONGEST_TIME: usize = 40;

/// Whether `body` looks like the content of one of the scheme's timestamped signatures: a time, a dot and the payload.
/// Otherwise somebody who recorded `t=…,v1=…` could send that content as the body and the digest as a signature of the
/// body alone, and be accepted long after the tolerance.
///
/// A body that is JSON as a whole never looks like that, so no genuine delivery is refused.
pub(super) fn is_timestamped(body: &Bytes, scheme: &Scheme) -> bool {
    let mut separators = scheme.signatures.iter().filter_map(|way| match way.content {
        [Part::Time, Part::Text(separator), Part::Body] => Some(*separator),
        _ => None,
    });
    separators.any(|separator| begins_with_time(body, separator)) && json::parse(body).is_err()
}

fn begins_with_time(body: &[u8], separator: &str) -> bool {
    let begin = String::from_utf8_lossy(body.get(..LONGEST_TIME).unwrap_or(body));
    let is_time = |time: &str| Timestamp::from_text(time).is_some();
    // Fractions of a second contain a dot too.
    let mut ends = begin.match_indices(separator);
    ends.any(|(end, _)| begin.get(..end).is_some_and(is_time))
}
