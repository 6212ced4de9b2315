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
    let mut fresh = payload.to_owned();
    let value = json::parse(payload.as_bytes()).ok();
    if let Some(reading) = value.and_then(|value| (provider.read)(&value).ok()) {
        // The id comes first, because a time may be part of it.
        if let Some(resource) = &reading.resource {
            // In quotes, because an id may be part of another text.
            let quoted = |id: &str| serde_json::Value::from(id).to_string();
            fresh = fresh.replace(&quoted(&resource.id), &quoted(&new_id(&resource.id)));
        }
        // Older than the ledger remembers, an event reaches no hook.
        if let Some(old) = &reading.time
            && let Some(new) = like(old, now)
        {
            fresh = fresh.replace(old, &new);
        }
    }
    fresh
        .replace(MADE_AT_SECONDS, &now.as_seconds().to_string())
        .replace(MADE_AT_RFC3339, &now.to_string())
}

/// `now`, written as the time `old` is. `None` if `old` is no time of a moment.
fn like(old: &str, now: Timestamp) -> Option<String> {
    let number = old.bytes().all(|byte| byte.is_ascii_digit());
    match (number, old.len()) {
        (true, 10) => Some(now.as_seconds().to_string()),
        (true, 13) => Some(now.as_millis().to_string()),
        (true, 16) => Some(format!("{}000", now.as_millis())),
        (true, 19) => Some(format!("{}000000", now.as_millis())),
        (true, _) => None,
        (false, _) => Timestamp::from_rfc3339(old).map(|_| now.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use acuse_core::provider::{Kind, Occurs, Reading, Resource};
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
                // Another provider's payload may name neither.
                if old.time.is_some_and(|time| like(&time, now).is_some()) {
                    let time = new.time.unwrap();
                    assert_eq!(Timestamp::from_text(&time), Some(now), "{type_name}: {time}");
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
    fn a_time_is_renewed_as_it_is_written() {
        let now = Timestamp::from_millis(1_800_000_000_123);
        for (old, new) in [
            ("1717430404", "1800000000"),
            ("1717430404512", "1800000000123"),
            ("1717430404512345", "1800000000123000"),
            ("1717430404512345678", "1800000000123000000"),
            ("2024-06-03T11:00:04-05:00", "2027-01-15T08:00:00.123Z"),
        ] {
            assert_eq!(like(old, now).as_deref(), Some(new), "{old}");
        }
        for none in ["", "1", "2024-06-03", "2024-06-03 16:00:04"] {
            assert_eq!(like(none, now), None, "{none}");
        }
    }

    /// A sample of a preset has a time of its own, here in a number and as a part of the resource's id.
    #[test]
    fn a_time_that_only_its_provider_knows_is_renewed() {
        let payload = r#"{"id": "15-1717430404-3", "at": 1717430404}"#;
        let provider = Provider {
            read: |payload| {
                let text = |name| payload.path(&[name]).and_then(json::Value::scalar_text);
                Ok(Reading {
                    resource: payload
                        .path(&["id"])
                        .and_then(json::Value::scalar_id)
                        .map(|id| Resource::new("payment", id)),
                    time: text("at"),
                    ..Reading::new(text("type").unwrap_or_default(), Kind::Unknown, Occurs::ByBytes(None))
                })
            },
            ..providers::kuenta::PROVIDER
        };
        let fresh = renewed(&provider, payload, Timestamp::from_seconds(1_800_000_000), |_| {
            "new".to_owned()
        });
        assert_eq!(fresh, r#"{"id": "new", "at": 1800000000}"#);
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
