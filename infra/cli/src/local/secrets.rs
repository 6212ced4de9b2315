//! The secrets that the local stack starts with.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use acuse_core::receive::secrets::Accounts;
use serde_json::{Map, Value};

use super::error::Error;
use crate::registry::providers;
use crate::sample;

/// The owner's file, which git ignores, at the top of the checkout.
pub(super) const FILE: &str = "local.secrets.json";

/// What the variable with the id of a provider's secret ends with.
const SECRET_ID: &str = "SECRET_ID";

/// The secrets of `file` by their ids. `variables` are those of the functions, which hold the ids.
///
/// A name in the file is a provider's, whose value is its secret as `acuse secrets` writes it, with or without
/// accounts; or the name of a variable with a secret's id, whose value is any text, or JSON.
///
/// # Errors
/// [`Error::Own`] if the file has another form, or names neither.
pub(super) fn own(file: &Path, variables: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Error> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(Error::file("read", file)(error)),
    };
    let problem = |problem: String| Error::Own {
        path: file.to_owned(),
        problem,
    };
    // Without what serde_json says, since that may quote a secret.
    let named: Map<String, Value> = serde_json::from_str(&text).map_err(|error| {
        problem(format!(
            "expected a JSON object, by provider or variable (line {})",
            error.line()
        ))
    })?;
    let mut secrets = BTreeMap::new();
    for (name, value) in named {
        let provider = providers().by_name(&name);
        let variable = provider.map_or_else(|| name.clone(), |provider| provider.variable(SECRET_ID));
        let Some(id) = variables.get(&variable) else {
            if provider.is_some() {
                // It is switched off.
                continue;
            }
            let names: Vec<&str> = providers().names().collect();
            return Err(problem(format!(
                "`{name}` is no provider ({}), and no variable of a function in template.yaml",
                names.join(", ")
            )));
        };
        let secret = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if let Some(provider) = provider {
            let accounts = Accounts::parse(provider, &secret).map_err(|error| problem(format!("{name}: {error}")))?;
            if let Some(error) = accounts.iter().flat_map(Accounts::errors).next() {
                return Err(problem(format!("{name}: {error}")));
            }
        }
        secrets.insert(id.clone(), secret);
    }
    Ok(secrets)
}

/// Each provider's local secret, by its id.
pub(super) fn shipped(variables: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let used = providers().iter().filter_map(|provider| {
        let id = variables.get(&provider.variable(SECRET_ID))?;
        Some((id.clone(), sample::local_secret(provider).to_string()))
    });
    used.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<BTreeMap<String, String>, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        fs::write(&file, text).unwrap();
        let variables = [
            ("ONEPAY_SECRET_ID", "acuse-OnepaySecret-1"),
            ("MAIL_SECRET", "acuse-MailSecret-2"),
        ];
        let variables = variables.map(|(name, id)| (name.to_owned(), id.to_owned())).into();
        own(&file, &variables).map_err(|error| error.to_string())
    }

    #[test]
    fn secrets_are_named_by_provider_or_variable() {
        let secrets = read(
            r#"{"onepay": {"accounts": {"default": {"signing_secrets": ["wh_tok_a"], "token": "u"}, "tienda-2": {"signing_secrets": ["wh_tok_b"], "token": "t"}}}, "MAIL_SECRET": "plain"}"#,
        )
        .unwrap();
        assert!(secrets["acuse-OnepaySecret-1"].contains("tienda-2"));
        assert_eq!(secrets["acuse-MailSecret-2"], "plain");
    }

    #[test]
    fn an_error_names_what_is_wrong_and_no_secret() {
        for (text, expected) in [
            (
                r#"{"onpay": {"signing_secrets": ["hidden"]}}"#,
                "`onpay` is no provider (unopago, onepay, kuenta)",
            ),
            (r#"{"onepay": {"signing_secret": ["hidden"]}}"#, "onepay: "),
            (r#"{"onepay": "hidden"}"#, "onepay: "),
            (
                r#"{"onepay": hidden}"#,
                "expected a JSON object, by provider or variable (line 1)",
            ),
            (r#"["hidden"]"#, "expected a JSON object"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(expected) && error.contains(FILE), "{error}");
            assert!(!error.contains("hidden"), "{error}");
        }
    }

    #[test]
    fn a_provider_that_is_switched_off_needs_no_secret() {
        let secrets = read(r#"{"kuenta": {"signing_secrets": ["a"]}, "MAIL_SECRET": "plain"}"#).unwrap();
        assert_eq!(secrets.keys().collect::<Vec<_>>(), ["acuse-MailSecret-2"]);
    }

    #[test]
    fn without_the_file_there_are_none() {
        assert!(
            own(Path::new("/nonexistent/x.json"), &BTreeMap::new())
                .unwrap()
                .is_empty()
        );
    }
}
