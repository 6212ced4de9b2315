//! Header values, independent of how proxies repeat and join them. Nothing here is trusted yet.

use http::HeaderMap;

/// The value of the header `name`, [without repetitions](without_repetitions); `None` if it is absent or empty.
pub(crate) fn value(headers: &HeaderMap, name: &str) -> Option<Vec<u8>> {
    Some(without_repetitions(&joined(headers, name)?))
}

/// [`value`] as text.
pub(crate) fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    value(headers, name).map(|value| String::from_utf8_lossy(&value).into_owned())
}

/// All values of the header `name`, joined by commas, since a repeated header is one list (RFC 9110, 5.3). The HTTP
/// API does the same: "Duplicate headers are combined with commas" (API Gateway, payload format 2.0).
pub(crate) fn joined(headers: &HeaderMap, name: &str) -> Option<Vec<u8>> {
    let values = headers.get_all(name).iter().map(|value| value.as_bytes().trim_ascii());
    let value = values
        .filter(|value| !value.is_empty())
        .collect::<Vec<_>>()
        .join(&b","[..]);
    let has_content = |byte: &u8| *byte != b',' && !byte.is_ascii_whitespace();
    value.iter().any(has_content).then_some(value)
}

/// Drops empty items, and turns a list of one repeated value (`s,s`) into that value (`s`): some proxies add a header
/// that is already there.
pub(crate) fn without_repetitions(value: &[u8]) -> Vec<u8> {
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
