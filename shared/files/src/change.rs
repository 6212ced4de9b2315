//! Changes single values of a JSON text. All others stay as they are written: numbers to the digit, members in their
//! order.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;
use thiserror::Error;

/// A change that does not fit its text.
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the texts say it")]
pub enum ChangeError {
    #[error("the payload is not JSON: {0}")]
    NotJson(#[source] serde_json::Error),
    #[error("`{path}`: {parent} has no `{name}`; it has {members}")]
    Missing {
        path: String,
        parent: String,
        name: String,
        /// Those that there are.
        members: String,
    },
    #[error("`{path}`: {parent} is neither an object nor an array")]
    NoMembers { path: String, parent: String },
    #[error("the path is empty; it should be like `payment.reference` or `/payment/reference`")]
    NoPath,
}

/// `json` with `value` at `path`: `payment.reference`, `items.0.sku`, or a JSON pointer, `/payment/reference`. The last
/// name of the path may be new, and the last index one past the end.
///
/// # Errors
/// [`ChangeError`] names the first part of the path that does not exist, and what is there.
pub fn set(json: &str, path: &str, value: Box<RawValue>) -> Result<String, ChangeError> {
    change(json, path, |parent, name| {
        let value = Node::Scalar(value);
        match parent {
            Node::Object(members) => {
                match members.iter_mut().rev().find(|(own, _)| own == name) {
                    Some((_, old)) => *old = value,
                    None => members.push((name.to_owned(), value)),
                }
                true
            }
            Node::Array(items) => match name.parse::<usize>().ok().filter(|index| *index <= items.len()) {
                Some(index) if index == items.len() => {
                    items.push(value);
                    true
                }
                index => index.and_then(|index| items.get_mut(index)).is_some_and(|old| {
                    *old = value;
                    true
                }),
            },
            Node::Scalar(_) => false,
        }
    })
}

/// `json` without what is at `path`, which [`set`] describes.
///
/// # Errors
/// [`ChangeError`], also if there is nothing at `path`.
pub fn unset(json: &str, path: &str) -> Result<String, ChangeError> {
    change(json, path, |parent, name| match parent {
        Node::Object(members) => {
            let before = members.len();
            members.retain(|(own, _)| own != name);
            members.len() < before
        }
        Node::Array(items) => match name.parse::<usize>().ok().filter(|index| *index < items.len()) {
            Some(index) => {
                items.remove(index);
                true
            }
            None => false,
        },
        Node::Scalar(_) => false,
    })
}

/// Applies `apply` to the parent of what is at `path`. It returns false if the last name does not fit.
fn change(json: &str, path: &str, apply: impl FnOnce(&mut Node, &str) -> bool) -> Result<String, ChangeError> {
    let mut root: Node = serde_json::from_str(json).map_err(ChangeError::NotJson)?;
    let names = names(path);
    let Some((last, above)) = names.split_last().filter(|(last, _)| !last.is_empty()) else {
        return Err(ChangeError::NoPath);
    };
    let (mut parent, mut place) = (&mut root, "the payload".to_owned());
    for name in above {
        let failed = failed(path, &place, parent, name);
        parent = parent.member(name).ok_or(failed)?;
        place = format!("`{name}`");
    }
    let failed = failed(path, &place, parent, last);
    match !matches!(parent, Node::Scalar(_)) && apply(parent, last) {
        true => serde_json::to_string(&root).map_err(ChangeError::NotJson),
        false => Err(failed),
    }
}

fn names(path: &str) -> Vec<String> {
    match path.strip_prefix('/') {
        // RFC 6901.
        Some(pointer) => pointer
            .split('/')
            .map(|name| name.replace("~1", "/").replace("~0", "~"))
            .collect(),
        None => path.split('.').map(str::to_owned).collect(),
    }
}

fn failed(path: &str, place: &str, parent: &Node, name: &str) -> ChangeError {
    let (path, parent_name) = (path.to_owned(), place.to_owned());
    let members = match parent {
        Node::Scalar(_) => {
            return ChangeError::NoMembers {
                path,
                parent: parent_name,
            };
        }
        Node::Object(members) if members.is_empty() => "none".to_owned(),
        Node::Object(members) => {
            let names: Vec<_> = members.iter().map(|(name, _)| name.as_str()).collect();
            names.join(", ")
        }
        Node::Array(items) => format!("{} items, from 0", items.len()),
    };
    ChangeError::Missing {
        path,
        parent: parent_name,
        name: name.to_owned(),
        members,
    }
}

/// A JSON value whose scalars stay text.
enum Node {
    /// Members in their order.
    Object(Vec<(String, Self)>),
    Array(Vec<Self>),
    /// Anything else, and what was put in.
    Scalar(Box<RawValue>),
}

impl Node {
    fn member(&mut self, name: &str) -> Option<&mut Self> {
        match self {
            Self::Object(members) => {
                let mut members = members.iter_mut().rev();
                members.find(|(own, _)| own == name).map(|(_, node)| node)
            }
            Self::Array(items) => items.get_mut(name.parse::<usize>().ok()?),
            Self::Scalar(_) => None,
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        match raw.get().as_bytes().first() {
            Some(b'{') => serde_json::from_str(raw.get()).map(|Members(members)| Self::Object(members)),
            Some(b'[') => serde_json::from_str(raw.get()).map(Self::Array),
            _ => return Ok(Self::Scalar(raw)),
        }
        .map_err(D::Error::custom)
    }
}

struct Members(Vec<(String, Node)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (name, node) in members {
                    map.serialize_entry(name, node)?;
                }
                map.end()
            }
            Self::Array(items) => serializer.collect_seq(items),
            Self::Scalar(raw) => raw.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests;
