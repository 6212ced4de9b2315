//! Payload files: one for each type in the providers' guides.

use acuse_core::clock::Timestamp;
use acuse_core::json;
use acuse_core::provider::Provider;
use include_dir::{Dir, include_dir};
use thiserror::Error;

static PAYLOADS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../tests/fixtures");

/// The time in all payload files, as each provider writes it.
const MADE_AT_SECONDS: &str = "1689262934";
const MADE_AT_RFC3339: &str = "2024-03-20T10:00:00Z";

/// No payload file has this type.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{provider}` has no event type `{type_name}`; there are\n  {}", .types.join("\n  "))]
pub struct UnknownType {
    provider: &'static str,
    type_name: String,
    types: &'static [&'static str],
}

/// The payload file of a type, unchanged.
///
/// # Errors
/// [`UnknownType`] lists the types that there are.
pub fn payload(provider: &'static Provider, type_name: &str) -> Result<&'static str, UnknownType> {
    let file = PAYLOADS.get_file(format!("{}/{type_name}.json", provider.name));
    file.and_then(|file| file.contents_utf8()).ok_or_else(|| UnknownType {
        provider: provider.name,
        type_name: type_name.to_owned(),
        types: provider.types,
    })
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
                let fresh = renewed(provider, payload, now, |_| "another \"id\"".to_owned());
                let read = |text: &str| (provider.read)(&json::parse(text.as_bytes()).unwrap()).unwrap();
                let (old, new) = (read(payload), read(&fresh));
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
}
