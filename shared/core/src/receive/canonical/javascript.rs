//! `JSON.stringify(JSON.parse(body))` (ECMA-262, 25.5).

use super::{last_values, write_list, write_text};
use crate::json::{Text, Value};

pub(super) fn write(value: &Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(text) => write_number(text, out),
        Value::String(text) => write_string(text, out),
        Value::Array(items) => write_list(out, *b"[]", items, write),
        Value::Object(members) => write_list(out, *b"{}", in_order(members), |(name, value), out| {
            write_string(name, out);
            out.push(b':');
            write(value, out);
        }),
    }
}

/// Own properties in their order: array indices ascending, then the rest as they came
/// (ECMA-262, 10.1.11.1).
fn in_order<'v, 'a>(members: &'v [(Text<'a>, Value<'a>)]) -> Vec<(&'v Text<'a>, &'v Value<'a>)> {
    let mut members = last_values(members);
    // A stable sort: what is no index keeps its place.
    members.sort_by_cached_key(|(name, _)| array_index(name).map_or(u64::MAX, u64::from));
    members
}

/// A canonical array index: `0` to `4294967294`, without leading zeros.
fn array_index(name: &Text<'_>) -> Option<u32> {
    let name = name.as_str()?;
    let canonical = name == "0" || (name.bytes().all(|b| b.is_ascii_digit()) && !name.starts_with('0'));
    name.parse().ok().filter(|index| canonical && *index != u32::MAX)
}

/// Every number is a double; one that is too large is infinite, which JSON writes as `null`.
fn write_number(text: &str, out: &mut Vec<u8>) {
    let number: f64 = text.parse().unwrap_or(f64::NAN);
    if number.is_finite() {
        out.extend_from_slice(ryu_js::Buffer::new().format(number).as_bytes());
    } else {
        out.extend_from_slice(b"null");
    }
}

fn write_string(text: &Text<'_>, out: &mut Vec<u8>) {
    write_text(out, text, |_| true);
}
