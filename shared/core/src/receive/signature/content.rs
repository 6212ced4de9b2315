//! What was signed, put together from a delivery.

use bytes::Bytes;
use data_encoding::BASE64;
use http::HeaderMap;

use crate::json::{self, Value};
use crate::provider::scheme::Part;
use crate::wire::header;

/// Where the parts come from.
pub(super) struct Sources<'a> {
    pub(super) headers: &'a HeaderMap,
    /// The body in the form that is being tried.
    pub(super) body: &'a Bytes,
    pub(super) time: Option<&'a str>,
}

impl Sources<'_> {
    /// The pieces of `parts`, in their order; `None` where one is absent, so that nothing can
    /// have been signed in this way.
    pub(super) fn pieces(&self, parts: &[Part]) -> Option<Vec<Bytes>> {
        // Parsed where a part asks for a value; a body that is no JSON has none.
        let document = match parts.iter().any(reads_the_body) {
            true => json::parse(self.body).ok(),
            false => None,
        };
        self.collect(parts, document.as_ref())
    }

    fn collect(&self, parts: &[Part], document: Option<&Value<'_>>) -> Option<Vec<Bytes>> {
        let mut pieces = Vec::new();
        for part in parts {
            match part {
                Part::Optional(inner) => pieces.extend(self.collect(inner, document).unwrap_or_default()),
                Part::Listed { list, under } => pieces.extend(listed(document?, list, under)?),
                part => pieces.push(self.piece(*part, document)?),
            }
        }
        Some(pieces)
    }

    fn piece(&self, part: Part, document: Option<&Value<'_>>) -> Option<Bytes> {
        let value = |path: &[&str]| document?.path(path)?.scalar_text();
        match part {
            Part::Body => Some(self.body.clone()),
            Part::BodyBase64 => Some(BASE64.encode(self.body).into()),
            Part::Text(text) => Some(Bytes::from_static(text.as_bytes())),
            Part::Time => self.time.map(|time| time.to_owned().into()),
            Part::Header(name) => header::value(self.headers, name).map(Bytes::from),
            Part::Value(path) => value(path).map(Bytes::from),
            Part::LowerValue(path) => value(path).map(|text| text.to_lowercase().into()),
            Part::Listed { .. } | Part::Optional(_) => None,
        }
    }
}

/// The values that the body itself says were signed. Neither an empty list nor a path that leads
/// nowhere proves anything.
fn listed(document: &Value<'_>, list: &[&str], under: &[&str]) -> Option<Vec<Bytes>> {
    let Value::Array(paths) = document.path(list)? else {
        return None;
    };
    let start = document.path(under)?;
    let value = |path: &Value<'_>| {
        let names = path.scalar_text()?;
        let value = start.path(&names.split('.').collect::<Vec<_>>())?;
        value.scalar_text().map(Bytes::from)
    };
    let values: Vec<Bytes> = paths.iter().map(value).collect::<Option<_>>()?;
    Some(values).filter(|values| !values.is_empty())
}

fn reads_the_body(part: &Part) -> bool {
    match part {
        Part::Value(_) | Part::LowerValue(_) | Part::Listed { .. } => true,
        Part::Optional(inner) => inner.iter().any(reads_the_body),
        _ => false,
    }
}
