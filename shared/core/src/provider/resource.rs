//! What an event happened to.

use super::Id;

/// What an event happened to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// The provider's word for it: `payment`, `cashout`, `credit.application`.
    pub kind: String,
    /// The provider's id, for people to read. [`key`](Self::key) is exact.
    pub id: String,
    key: String,
}

impl Resource {
    /// The resource of this kind and id.
    pub fn new(kind: impl Into<Id>, id: impl Into<Id>) -> Self {
        let (kind, id) = (kind.into(), id.into());
        Self {
            key: format!("{}#{}", kind.key_word(), id.key_part()),
            kind: kind.as_str().to_owned(),
            id: id.as_str().to_owned(),
        }
    }

    /// `{kind}#{id}`, unique among the provider's resources: ids that are sent as `7` and as `"7"` have the same
    /// [`id`](Self::id) but different keys. At most 600 bytes, without control characters.
    pub fn key(&self) -> &str {
        &self.key
    }
}
