//! The value of a header, whatever proxies have made of it. Nothing is believed of it yet.

use http::HeaderMap;

/// The value of the first of `names` that came with one.
pub(crate) fn first_present(headers: &HeaderMap, names: &[&str]) -> Option<Vec<u8>> {
    names.iter().find_map(|name| value(headers, name))
}

/// The value of the header `name`, what is merely repeated in it counting [once]; `None` where it
/// did not come, or came empty.
pub(crate) fn value(headers: &HeaderMap, name: &str) -> Option<Vec<u8>> {
    Some(once(&whole_value(headers, name)?))
}

/// The time in the header `name`.
pub(crate) fn time(headers: &HeaderMap, name: &str) -> Option<String> {
    value(headers, name).map(|value| String::from_utf8_lossy(&value).into_owned())
}

/// The value of the header `name` as it came. A header that came several times is one list
/// (RFC 9110, 5.3), which an HTTP API makes of it anyway: "Duplicate headers are combined with
/// commas" (API Gateway, payload format 2.0).
pub(crate) fn whole_value(headers: &HeaderMap, name: &str) -> Option<Vec<u8>> {
    let values = headers.get_all(name).iter();
    let values: Vec<&[u8]> = values
        .map(|value| value.as_bytes().trim_ascii())
        .filter(|value| !value.is_empty())
        .collect();
    let value = values.join(&b","[..]);
    value
        .iter()
        .any(|byte| *byte != b',' && !byte.is_ascii_whitespace())
        .then_some(value)
}

/// `value` without empty items, and where it is the same several times over, as proxies make it
/// that add a header which is there: `s,s` is `s`.
pub(crate) fn once(value: &[u8]) -> Vec<u8> {
    if !value.contains(&b',') {
        return value.to_vec();
    }
    let parts = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    let items: Vec<&[u8]> = parts.clone().filter(|item| !item.is_empty()).collect();
    let is_unit = |length: &usize| {
        let mut units = items.chunks(*length);
        let first = units.next();
        items.len().is_multiple_of(*length) && units.all(|unit| Some(unit) == first)
    };
    let unit = (1..items.len()).find(is_unit).unwrap_or(items.len());
    match unit == parts.count() {
        true => value.to_vec(),
        false => items.get(..unit).unwrap_or_default().join(&b","[..]),
    }
}
