//! `JSON.stringify(JSON.parse(body))` (ECMA-262, 25.5).

use super::{Dialect, Members, last_values};
use crate::json::{Text, Value};

pub(super) struct JavaScript;

impl Dialect for JavaScript {
    /// Every number is a double. One that is too large is infinite, which JSON writes as `null`.
    fn write_number(text: &str, out: &mut Vec<u8>) {
        let number: f64 = text.parse().unwrap_or(f64::NAN);
        if number.is_finite() {
            out.extend_from_slice(ryu_js::Buffer::new().format(number).as_bytes());
        } else {
            out.extend_from_slice(b"null");
        }
    }

    fn is_plain(_: char) -> bool {
        true
    }

    /// An object's own properties: array indices ascending, then the others in their order (ECMA-262, 10.1.11.1).
    fn members<'v, 'a>(members: &'v [(Text<'a>, Value<'a>)]) -> Members<'v, 'a> {
        let mut members = last_values(members);
        // The sort is stable, so names that are not an index keep their order.
        members.sort_by_cached_key(|(name, _)| array_index(name).map_or(u64::MAX, u64::from));
        members
    }
}

/// A canonical array index: `0` to `4294967294`, without leading zeros.
fn array_index(name: &Text<'_>) -> Option<u32> {
    let name = name.as_str()?;
    let canonical = name == "0" || (name.bytes().all(|b| b.is_ascii_digit()) && !name.starts_with('0'));
    name.parse().ok().filter(|index| canonical && *index != u32::MAX)
}
