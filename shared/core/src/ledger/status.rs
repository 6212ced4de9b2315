//! The status of a record.

/// Where an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Somebody works on it, or died doing so.
    InProgress,
    /// It is to be retried: a hook failed, or the ledger or a queue did.
    Released,
    /// All hooks are done.
    Completed,
    /// A hook rejected it, it can't be read, or it is expired or of the wrong environment.
    Rejected,
    /// Other bytes under the key of an event: an operator decides what becomes of them.
    Conflict,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::InProgress,
        Self::Released,
        Self::Completed,
        Self::Rejected,
        Self::Conflict,
    ];

    /// The name in the table: `IN_PROGRESS`, `RELEASED`, `COMPLETED`, `REJECTED`, `CONFLICT`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Released => "RELEASED",
            Self::Completed => "COMPLETED",
            Self::Rejected => "REJECTED",
            Self::Conflict => "CONFLICT",
        }
    }

    /// Reads a [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_name_of_a_status_is_read_back() {
        let names = Status::ALL.map(Status::name);
        let known = ["IN_PROGRESS", "RELEASED", "COMPLETED", "REJECTED", "CONFLICT"];
        assert_eq!(names, known);
        assert_eq!(names.map(Status::from_name), Status::ALL.map(Some));
        assert_eq!(Status::from_name("completed"), None);
    }
}
