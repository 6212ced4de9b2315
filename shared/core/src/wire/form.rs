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

/// [`only`] of a body. A body that is read as something else than a form has no fields: JSON may have `&name=value` in one
/// of its strings, and gzip in its file name, and then the signed values would not be those that are read.
pub(crate) fn only_in_body(body: &[u8], name: &str) -> Option<Vec<u8>> {
    is_form(body).then(|| only(body, name)).flatten()
}

/// Whether `body` is read as a form. The characters of a URI (RFC 3986, 2) exclude quotes, so no JSON document that is an
/// event passes.
pub(crate) fn is_form(body: &[u8]) -> bool {
    let is_form_character = |byte: &u8| {
        byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
    };
    body.contains(&b'=') && body.iter().all(is_form_character)
}

fn decode(text: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = text
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    percent_decode(&spaced).collect()
}
