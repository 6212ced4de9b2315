//! The signed content, assembled from a delivery.

use bytes::Bytes;
use data_encoding::BASE64;
use http::HeaderMap;

use crate::json::{self, Value};
use crate::provider::scheme::Part;
use crate::wire::header;

/// Where the parts come from.
pub(super) struct Sources<'a> {
    pub(super) headers: &'a HeaderMap,
    /// The body in the canonical form that is being tried.
    pub(super) body: &'a Bytes,
    pub(super) time: Option<&'a str>,
}

impl Sources<'_> {
    /// The pieces of `parts` in their order; `None` if one is absent, since then the sender can't have signed them.
    pub(super) fn pieces(&self, parts: &[Part]) -> Option<Vec<Bytes>> {
        // Only parsed if a part needs a value of the body.
        let document = match parts.iter().any(reads_the_body) {
            true => json::parse(self.body).ok(),
            false => None,
        };
        self.collect(parts, document.as_ref())
    }

    fn collect(&self, parts: &[Part], document: Option<&Value<'_>>) -> Option<Vec<Bytes>> {
        let value = |path: &[&str]| document?.path(path)?.scalar_text();
        let mut pieces: Vec<Bytes> = Vec::new();
        for part in parts {
            match part {
                Part::Body => pieces.push(self.body.clone()),
                Part::BodyBase64 => pieces.push(BASE64.encode(self.body).into()),
                Part::Text(text) => pieces.push(Bytes::from_static(text.as_bytes())),
                Part::Time => pieces.push(self.time?.to_owned().into()),
                Part::Header(name) => pieces.push(header::value(self.headers, name)?.into()),
                Part::Value(path) => pieces.push(value(path)?.into()),
                Part::LowerValue(path) => pieces.push(value(path)?.to_lowercase().into()),
                Part::Listed { list, under } => pieces.extend(listed(document?, list, under)?),
                Part::Optional(inner) => pieces.extend(self.collect(inner, document).unwrap_or_default()),
            }
        }
        Some(pieces)
    }
}

/// The values that the body's own list says were signed. An empty list or a path to nothing proves nothing.
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
