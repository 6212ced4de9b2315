//! What the sender's headers say about its body.
//!
//! These headers are not signed, so they never decide between two readings of the same bytes. The one exception is
//! the charset of bytes that are not UTF-8.

use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName};

use super::header;

/// Longer values are ignored: no real media type or coding is that long, and they travel beside the body.
pub const LONGEST_CONTENT: usize = 256;

/// `Content-Type` and `Content-Encoding`, unless they only say "plain JSON".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// `Content-Type` as received; `None` for plain JSON.
    pub media_type: Option<String>,
    /// `Content-Encoding` as received; `None` if the body is not encoded.
    pub encoding: Option<String>,
}

impl Content {
    /// Reads the headers of a delivery.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        Self {
            media_type: value(headers, &CONTENT_TYPE).filter(|value| !is_plain_json(value)),
            encoding: value(headers, &CONTENT_ENCODING).filter(|value| !value.eq_ignore_ascii_case("identity")),
        }
    }

    /// Whether the sender says that the body is compressed with gzip.
    pub fn is_gzip(&self) -> bool {
        let gzip = |value: &str| ["gzip", "x-gzip"].iter().any(|name| value.eq_ignore_ascii_case(name));
        self.encoding.as_deref().is_some_and(gzip)
    }

    /// The charset parameter of the media type, in lower case.
    pub fn charset(&self) -> Option<String> {
        let parameters = self.media_type.as_deref()?.split(';').skip(1);
        let mut parameters = parameters.filter_map(|parameter| parameter.split_once('='));
        let (_, value) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
        Some(value.trim().trim_matches('"').to_ascii_lowercase())
    }
}

/// The header's value, restricted to the characters that an SQS attribute accepts.
fn value(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = header::value(headers, name.as_str()).filter(|value| value.len() <= LONGEST_CONTENT)?;
    let value = String::from_utf8(value).ok()?;
    let is_plain = |byte| matches!(byte, b'\t' | b' '..=b'~');
    value.bytes().all(is_plain).then_some(value)
}

fn is_plain_json(media_type: &str) -> bool {
    let mut parts = media_type.split(';').map(|part| part.trim().to_ascii_lowercase());
    let json = parts.next().is_some_and(|name| name == "application/json");
    json && parts.all(|parameter| matches!(parameter.as_str(), "" | "charset=utf-8" | "charset=\"utf-8\""))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn content(media_type: &str, encoding: &str) -> Content {
        let mut headers = HeaderMap::new();
        for (name, value) in [(CONTENT_TYPE, media_type), (CONTENT_ENCODING, encoding)] {
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        }
        Content::from_headers(&headers)
    }

    #[test]
    fn plain_json_is_the_default() {
        assert_eq!(Content::from_headers(&HeaderMap::new()), Content::default());
        for plain in [
            "application/json",
            "Application/JSON ; charset=UTF-8",
            "application/json;charset=\"utf-8\";",
            "",
        ] {
            assert_eq!(content(plain, "identity"), Content::default(), "{plain}");
        }
        for other in ["application/json; charset=utf-16", "application/json; v=2", "text/json"] {
            assert_eq!(content(other, "").media_type.as_deref(), Some(other));
        }
    }

    #[test]
    fn the_charset_is_read_in_any_notation() {
        for written in [
            "text/json; charset=ISO-8859-1",
            "text/json;v=1; Charset = \"iso-8859-1\" ; x",
        ] {
            assert_eq!(
                content(written, "").charset().as_deref(),
                Some("iso-8859-1"),
                "{written}"
            );
        }
        assert_eq!(content("text/json; v=1", "").charset(), None);
    }

    #[test]
    fn gzip_has_two_names() {
        assert!(content("", "GZIP").is_gzip() && content("", "x-gzip").is_gzip());
        assert!(!content("", "br").is_gzip());
    }

    #[test]
    fn repeated_values_count_once() {
        for values in [
            &["", "gzip"][..],
            &["gzip", "gzip"],
            &["gzip,gzip"],
            &[",gzip"],
            &["gzip", " "],
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CONTENT_ENCODING, HeaderValue::from_static(value));
            }
            assert!(Content::from_headers(&headers).is_gzip(), "{values:?}");
        }
        let twice = "text/json; charset=latin1, text/json; charset=latin1";
        assert_eq!(content(twice, "").charset().as_deref(), Some("latin1"));
        let plain = content("application/json,application/json", "identity,identity");
        assert_eq!(plain, Content::default());
        assert!(!content("", "br, gzip").is_gzip());
    }

    #[test]
    fn values_that_do_not_fit_an_attribute_are_ignored() {
        let longest = "a".repeat(LONGEST_CONTENT);
        assert_eq!(content(&longest, &longest).encoding, Some(longest.clone()));
        assert_eq!(content(&longest, &format!("{longest}a")).encoding, None);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_bytes(b"text/\xff").unwrap());
        assert_eq!(Content::from_headers(&headers), Content::default());
    }
}
