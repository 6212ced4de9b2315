//! Payload files: one for each type in the providers' guides.

use std::borrow::Cow;
use std::path::Path;

use acuse_core::clock::Timestamp;
use acuse_core::json;
use acuse_core::provider::Provider;
use include_dir::{Dir, include_dir};
use thiserror::Error;

static PAYLOADS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/fixtures");

/// The time in all payload files, as each provider writes it.
const MADE_AT_SECONDS: &str = "1689262934";
const MADE_AT_RFC3339: &str = "2024-03-20T10:00:00Z";

/// No payload file has this type.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum UnknownType {
    /// The provider has no such type.
    #[error("`{provider}` has no event type `{type_name}`; there are\n  {}", .types.join("\n  "))]
    #[expect(missing_docs, reason = "the text says it")]
    Type {
        provider: &'static str,
        type_name: String,
        types: &'static [&'static str],
    },
    /// The type has no file.
    #[error("`{0}` has no sample: write one to tests/fixtures/{0}.json")]
    File(String),
}

/// The payload file of a type, unchanged. One of a provider that is not built in is read from `tests/fixtures` of the
/// app, which is the nearest folder with a template.yaml, from the working directory upwards.
///
/// # Errors
/// [`UnknownType`] lists the types that there are.
pub fn payload(provider: &'static Provider, type_name: &str) -> Result<Cow<'static, str>, UnknownType> {
    let name = format!("{}/{type_name}", provider.name);
    let file = PAYLOADS.get_file(format!("{name}.json"));
    if let Some(text) = file.and_then(|file| file.contents_utf8()) {
        return Ok(text.into());
    }
    if !provider.types.contains(&type_name) {
        return Err(UnknownType::Type {
            provider: provider.name,
            type_name: type_name.to_owned(),
            types: provider.types,
        });
    }
    let here = std::env::current_dir().unwrap_or_default();
    of_app(&here, &name).map(Cow::from).ok_or(UnknownType::File(name))
}

/// The file `name` of the app that `folder` is in.
fn of_app(folder: &Path, name: &str) -> Option<String> {
    let app = folder
        .ancestors()
        .find(|folder| folder.join("template.yaml").is_file())?;
    std::fs::read_to_string(app.join(format!("tests/fixtures/{name}.json"))).ok()
}

/// `payload` as if it happened `now`. `new_id` makes the id of its resource from the one in the file.
pub fn renewed(provider: &Provider, payload: &str, now: Timestamp, new_id: impl FnOnce(&str) -> String) -> String {
    let fresh = payload
        .replace(MADE_AT_SECONDS, &now.as_seconds().to_string())
        .replace(MADE_AT_RFC3339, &now.to_string());
    let value = json::parse(payload.as_bytes()).ok();
    let resource = value.and_then(|value| (provider.read)(&value).ok()?.resource);
    match resource {
        // In quotes, because an id may be part of another text.
        Some(resource) => {
            let quoted = |id: &str| serde_json::Value::from(id).to_string();
            fresh.replace(&quoted(&resource.id), &quoted(&new_id(&resource.id)))
        }
        None => fresh,
    }
}

#[cfg(test)]
mod tests {
    use acuse_core::providers;

    use super::*;

    #[test]
    fn every_type_has_a_payload_that_can_be_renewed() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let (mut renewed_times, mut renewed_ids) = (0, 0);
        for provider in providers::ALL {
            for type_name in provider.types {
                let payload = payload(provider, type_name).unwrap();
                let fresh = renewed(provider, &payload, now, |_| "another \"id\"".to_owned());
                let read = |text: &str| (provider.read)(&json::parse(text.as_bytes()).unwrap()).unwrap();
                let (old, new) = (read(&payload), read(&fresh));
                assert_eq!(old.type_name, new.type_name);
                // Another provider's payload may name neither, or a time of its own.
                if old
                    .time
                    .is_some_and(|time| [MADE_AT_SECONDS, MADE_AT_RFC3339].contains(&time.as_str()))
                {
                    let time = new.time.unwrap();
                    assert!(
                        [now.to_string(), now.as_seconds().to_string()].contains(&time),
                        "{type_name}: {time}"
                    );
                    renewed_times += 1;
                }
                if old.resource.is_some() {
                    assert_eq!(new.resource.unwrap().id, "another \"id\"", "{type_name}");
                    renewed_ids += 1;
                }
            }
        }
        let ours = [
            &providers::unopago::PROVIDER,
            &providers::onepay::PROVIDER,
            &providers::kuenta::PROVIDER,
        ];
        let count: usize = ours.iter().map(|provider| provider.types.len()).sum();
        assert!(renewed_times >= count && renewed_ids >= count);
    }

    #[test]
    fn an_unknown_type_is_answered_with_the_list_of_types() {
        let error = payload(&providers::unopago::PROVIDER, "paid").unwrap_err().to_string();
        assert!(
            error.contains("payment_received\n  invoice_created\n  customer_updated"),
            "{error}"
        );
    }

    #[test]
    fn an_apps_own_payloads_are_in_its_folder() {
        let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
        let inside = of_app(&checkout.join("src"), "onepay/payment.approved").unwrap();
        assert_eq!(
            inside,
            payload(&providers::onepay::PROVIDER, "payment.approved").unwrap()
        );
        assert_eq!(of_app(checkout, "onepay/payment.unknown"), None);
    }
}
