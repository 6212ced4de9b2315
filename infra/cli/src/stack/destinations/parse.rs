//! Where events go and how they are signed, as options give it. An error shows no part of it.

use acuse_core::destination::config::Target;
use acuse_core::destination::sign::SigningSecret;

/// Reads a URL, or `sqs:` and a queue's ARN.
///
/// # Errors
/// What would be right.
pub fn url(text: &str) -> Result<Target, String> {
    Target::parse(text).map_err(|problem| format!("the URL {problem}"))
}

/// Reads a signing secret.
///
/// # Errors
/// What would be right.
pub fn signing_secret(text: &str) -> Result<SigningSecret, String> {
    SigningSecret::parse(text).ok_or_else(|| format!("it should be {}", SigningSecret::EXPECTED))
}
