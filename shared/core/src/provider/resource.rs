//! What an event happened to.

use super::Id;

/// What an event happened to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// The provider's word for it: `payment`, `cashout`, `credit.application`.
    pub kind: String,
    /// The provider's id of it, to be read: [`key`](Self::key) is exact.
    pub id: String,
    key: String,
}

impl Resource {
    /// What a provider names so.
    pub fn new(kind: impl Into<Id>, id: impl Into<Id>) -> Self {
        let (kind, id) = (kind.into(), id.into());
        Self {
            key: format!("{}#{}", kind.name(), id.part()),
            kind: kind.as_str().to_owned(),
            id: id.as_str().to_owned(),
        }
    }

    /// `{kind}#{id}`, exactly: the same for no other resource of the provider's, as `id` may be where one is sent
    /// as `7` and another as `"7"`. Part of a key of 600 bytes at most, and without control characters.
    pub fn key(&self) -> &str {
        &self.key
    }
}
