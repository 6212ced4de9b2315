//! `application/x-www-form-urlencoded`, as in form bodies and query strings.
//! <https://url.spec.whatwg.org/#application/x-www-form-urlencoded>

use percent_encoding::percent_decode;

/// The names and values in `text`, decoded, in their order. They are bytes: nothing says which charset they are in.
pub(crate) fn fields(text: &[u8]) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    let fields = text.split(|byte| *byte == b'&').filter(|field| !field.is_empty());
    fields.map(|field| {
        let mut halves = field.splitn(2, |byte| *byte == b'=');
        let mut half = || decode(halves.next().unwrap_or_default());
        (half(), half())
    })
}

/// The value of the field `name`; `None` if it is absent, or there more than once.
pub(crate) fn only(text: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut values = fields(text).filter(|(own, _)| own == name.as_bytes());
    match (values.next(), values.next()) {
        (Some((_, value)), None) => Some(value),
        _ => None,
    }
}

fn decode(text: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = text
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    percent_decode(&spaced).collect()
}
