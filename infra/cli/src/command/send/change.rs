//! Changes to a payload: `--set`, `--unset` and `--reference`.

use acuse_core::provider::Provider;
use acuse_files::{change, fields};
use clap::Args;
use serde_json::value::{RawValue, to_raw_value};

use crate::command::Failure;

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "What is in it")]
pub(super) struct Changes {
    /// The merchant's order number, wherever this provider puts it
    #[arg(long, value_name = "TEXT")]
    pub(super) reference: Option<String>,
    /// Set a value: payment.reference=ORD-1, items.0.sku=A, or /payment/reference=ORD-1. Repeatable.
    /// JSON is sent as written (150000.00, true, '{"a": 1}'), anything else as text; '"42"' in quotes is text too
    #[arg(long, value_name = "PATH=VALUE", value_parser = assignment)]
    set: Vec<(String, Box<RawValue>)>,
    /// Remove a value. Repeatable
    #[arg(long, value_name = "PATH")]
    unset: Vec<String>,
}

/// `PATH=VALUE`, with the value as JSON.
fn assignment(text: &str) -> Result<(String, Box<RawValue>), String> {
    const EXPECTED: &str = "expected PATH=VALUE, such as payment.reference=ORD-1";
    let (path, value) = text.split_once('=').ok_or(EXPECTED)?;
    let json = serde_json::from_str::<Box<RawValue>>(value);
    let value = json.or_else(|_| to_raw_value(value)).map_err(|_| EXPECTED)?;
    Ok((path.to_owned(), value))
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        self.reference.is_none() && self.set.is_empty() && self.unset.is_empty()
    }

    /// `payload` with `--set` and `--unset`. Everything else stays as it is written.
    pub(super) fn apply(&self, mut payload: String) -> Result<String, Failure> {
        const ADVICE: &str = "`--print` prints the payload instead of sending it";
        for (path, value) in &self.set {
            let changed = change::set(&payload, path, value.clone());
            payload = changed.map_err(|error| Failure::with_advice(format!("--set {error}"), ADVICE))?;
        }
        for path in &self.unset {
            let changed = change::unset(&payload, path);
            payload = changed.map_err(|error| Failure::with_advice(format!("--unset {error}"), ADVICE))?;
        }
        Ok(payload)
    }

    /// `payload` with `--reference`, or as it was if it has no place for that.
    pub(super) fn refer(&self, provider: &Provider, payload: String) -> Result<String, String> {
        match &self.reference {
            Some(reference) => fields::with_reference(provider, &payload, reference).ok_or(payload),
            None => Ok(payload),
        }
    }
}

/// No payload has a place for `--reference`.
pub(super) fn no_reference(name: &str) -> Failure {
    Failure::with_advice(
        format!("{name} carries no order number, so there is no place for `--reference`"),
        "`--set PATH=VALUE` puts a value anywhere",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_json_or_text() {
        for (argument, path, value) in [
            ("payment.reference=ORD-1", "payment.reference", "\"ORD-1\""),
            ("payment.amount=150000.00", "payment.amount", "150000.00"),
            ("a=9007199254740993", "a", "9007199254740993"),
            ("a=\"42\"", "a", "\"42\""),
            ("a=0042", "a", "\"0042\""),
            ("a=", "a", "\"\""),
            ("/a=b=c", "/a", "\"b=c\""),
            ("a={\"b\": [1.0]}", "a", "{\"b\": [1.0]}"),
            ("a=null", "a", "null"),
            ("a=1 2", "a", "\"1 2\""),
        ] {
            let (own, json) = assignment(argument).unwrap();
            assert_eq!((own.as_str(), json.get()), (path, value), "{argument}");
        }
        assert!(
            assignment("payment.reference")
                .unwrap_err()
                .contains("expected PATH=VALUE")
        );
    }
}
