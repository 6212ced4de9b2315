//! Test money or real money.

/// Test money or real money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Environment {
    /// No real money moved.
    Test,
    /// Real money; OnePay also calls it `production`.
    Live,
}

impl Environment {
    /// `test` or `live`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Live => "live",
        }
    }

    /// Reads a [`name`](Self::name) or `production`, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "test" => Some(Self::Test),
            "live" | "production" => Some(Self::Live),
            _ => None,
        }
    }

    /// Reads a provider's word for it, in any case and with white space around it. `None` if the word is unknown: it
    /// must not be treated as live.
    pub fn from_word(word: &str) -> Option<Self> {
        match word.trim().to_ascii_lowercase().as_str() {
            "test" | "testing" | "sandbox" | "staging" | "stage" | "stg" | "development" | "develop" | "dev"
            | "demo" | "qa" | "uat" => Some(Self::Test),
            "live" | "production" | "prod" => Some(Self::Live),
            _ => None,
        }
    }

    pub(crate) fn live_if(live: bool) -> Self {
        match live {
            true => Self::Live,
            false => Self::Test,
        }
    }
}
