//! Sample deliveries, signed as their provider signs.

use acuse_core::clock::Timestamp;
use acuse_core::json;
use acuse_core::provider::Provider;
use acuse_core::provider::scheme::Key;
use acuse_core::providers;
use acuse_core::receive::secrets::Secrets;
use acuse_core::receive::signature::proof_headers;
use bytes::Bytes;
use clap::builder::PossibleValuesParser;
use data_encoding::{BASE64, HEXLOWER};
use include_dir::{Dir, include_dir};
use serde_json::{Value, json};
use thiserror::Error;
use uuid::Uuid;

/// The payload files of the tests: one for every type of the guides.
static PAYLOADS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../tests/fixtures");

/// The local stack's secrets.
const SECRETS: &str = include_str!("../../local/secrets.json");

/// The moment that all payload files were made at, as each provider writes it.
const MADE_AT_SECONDS: &str = "1689262934";
const MADE_AT_RFC3339: &str = "2024-03-20T10:00:00Z";

/// A payload with the headers that prove it.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Who sends it.
    pub provider: &'static Provider,
    /// The payload.
    pub body: Bytes,
    /// Token and signature.
    pub headers: Vec<(&'static str, String)>,
}

/// What a sample does wrong on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Break {
    /// The signature is that of another secret.
    Signature,
    /// The static token is another one.
    Token,
}

/// There is no such sample.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SampleError {
    /// Not a provider's name.
    #[error("no provider is called `{name}`; there are {known}")]
    NoProvider {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// Not a type of that provider.
    #[error(
        "`{provider}` has no event type `{type_name}`; there are\n  {known}\n(another type: write its payload to a file and give that with `--body FILE`)"
    )]
    NoType {
        /// Whose.
        provider: &'static str,
        /// What was asked for.
        type_name: String,
        /// What there is.
        known: String,
    },
    /// A provider without a token can't have it broken, nor one whose secret says that it sends none.
    #[error("`{provider}` sends no token; `--break signature` works for all providers")]
    NoToken {
        /// Whose.
        provider: &'static str,
    },
}

/// The provider of this name.
///
/// # Errors
/// [`SampleError::NoProvider`] names those there are.
pub fn provider(name: &str) -> Result<&'static Provider, SampleError> {
    providers::by_name(name).ok_or_else(|| SampleError::NoProvider {
        name: name.to_owned(),
        known: providers::ALL
            .iter()
            .map(|provider| provider.name)
            .collect::<Vec<_>>()
            .join(", "),
    })
}

/// The names of all providers, for `--help` and for what is mistyped.
pub fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(providers::ALL.iter().map(|provider| provider.name))
}

/// The payload file of `type_name`, as it is.
///
/// # Errors
/// [`SampleError::NoType`] names those there are.
pub fn payload(provider: &'static Provider, type_name: &str) -> Result<String, SampleError> {
    PAYLOADS
        .get_file(format!("{}/{type_name}.json", provider.name))
        .and_then(|file| file.contents_utf8())
        .map(str::to_owned)
        .ok_or_else(|| SampleError::NoType {
            provider: provider.name,
            type_name: type_name.to_owned(),
            known: provider.types.join("\n  "),
        })
}

/// `payload` as if it had just happened to something new: another resource id, and now.
pub fn renewed(provider: &Provider, payload: &str, now: Timestamp) -> String {
    let moment = now.to_string();
    let fresh = payload
        .replace(MADE_AT_SECONDS, &now.as_seconds().to_string())
        .replace(MADE_AT_RFC3339, &moment);
    let reading = json::parse(payload.as_bytes())
        .ok()
        .and_then(|value| (provider.read)(&value).ok());
    match reading.and_then(|reading| reading.resource) {
        // In quotes: an id may be a part of another text.
        Some(resource) => fresh.replace(
            &format!("\"{}\"", resource.id),
            &format!("\"{}\"", new_id(&resource.id)),
        ),
        None => fresh,
    }
}

/// An id of the same make: `pay_…` stays `pay_…`.
fn new_id(id: &str) -> String {
    let new = Uuid::new_v4();
    match id.split_once('_') {
        Some((prefix, _)) => format!("{prefix}_{}", new.simple()),
        None => new.to_string(),
    }
}

impl Sample {
    /// `body` with the proofs that `secrets` give, sent `now`.
    ///
    /// # Errors
    /// [`SampleError::NoToken`] where a token is to be broken that is not sent.
    pub fn signed(
        provider: &'static Provider,
        body: Vec<u8>,
        secrets: &Secrets,
        now: Timestamp,
        broken: Option<Break>,
    ) -> Result<Self, SampleError> {
        let token = provider.scheme.token.filter(|_| !secrets.has_no_token());
        let token = token.map(|token| token.header);
        if broken == Some(Break::Token) && token.is_none() {
            return Err(SampleError::NoToken {
                provider: provider.name,
            });
        }
        let body = Bytes::from(body);
        // A wrong signature is one that is well made, of something else.
        let content = match broken {
            Some(Break::Signature) => Bytes::from([&body[..], b" "].concat()),
            _ => body.clone(),
        };
        let id = format!("msg_{}", Uuid::new_v4().simple());
        let mut headers = proof_headers(&provider.scheme, secrets, &content, now, &id);
        if broken == Some(Break::Token) {
            let sent = headers.iter_mut().filter(|(name, _)| Some(*name) == token);
            sent.for_each(|(_, value)| value.push_str("-of-another"));
        }
        Ok(Self {
            provider,
            body,
            headers,
        })
    }
}

/// The secret that the local stack has for `provider`: that of `infra/local/secrets.json`, or one
/// made of its name.
pub fn local_secret(provider: &Provider) -> Value {
    let known: Value = serde_json::from_str(SECRETS).unwrap_or_default();
    known.get(provider.name).cloned().unwrap_or_else(|| {
        let text = format!("local-{}-secret", provider.name);
        let text = match provider.scheme.signatures.first().map(|signature| signature.key) {
            Some(Key::Base64After(prefix)) => format!("{prefix}{}", BASE64.encode(text.as_bytes())),
            Some(Key::Hex) => HEXLOWER.encode(text.as_bytes()),
            _ => text,
        };
        let mut secret = json!({"signing_secrets": [text]});
        if let (Some(_), Value::Object(secret)) = (provider.scheme.token, &mut secret) {
            secret.insert("token".into(), json!(format!("local-{}-token", provider.name)));
        }
        secret
    })
}

/// [`local_secret`], ready to sign with.
pub fn local_secrets(provider: &Provider) -> Secrets {
    let parsed = Secrets::parse(provider, &local_secret(provider).to_string());
    parsed.ok().flatten().unwrap_or_default()
}

/// A `curl` that posts a signed event of `provider` to the stack at `base_url`. Run twice, it is
/// a duplicate.
pub fn curl(provider: &str, base_url: &str, now: Timestamp) -> String {
    let sample = providers::by_name(provider).and_then(|provider| {
        // The most interesting one: that money came in.
        let payment = provider.types.iter().find(|name| is_payment(name));
        let type_name = payment.or(provider.types.first())?;
        let payload = renewed(provider, &payload(provider, type_name).ok()?, now);
        // One line, and no quote that the shell would take.
        let compact: Value = serde_json::from_str(&payload).ok()?;
        let body = compact.to_string().replace('\'', "’").into_bytes();
        Sample::signed(provider, body, &local_secrets(provider), now, None).ok()
    });
    let Some(Sample {
        provider,
        body,
        headers,
    }) = sample
    else {
        return String::new();
    };
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!(" \\\n  -H '{name}: {value}'"))
        .collect();
    let body = String::from_utf8_lossy(&body).into_owned();
    format!(
        "curl -i {base_url}/webhooks/{} -H 'content-type: application/json'{headers} \\\n  --data-raw '{body}'",
        provider.name
    )
}

fn is_payment(type_name: &str) -> bool {
    ["approved", "completed", "received"]
        .iter()
        .any(|word| type_name.starts_with("payment") && type_name.ends_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_sample_that_can_be_renewed() {
        let now = Timestamp::from_seconds(1_800_000_000);
        for provider in providers::ALL {
            for type_name in provider.types {
                let payload = payload(provider, type_name).unwrap();
                let fresh = renewed(provider, &payload, now);
                let read = |text: &str| (provider.read)(&json::parse(text.as_bytes()).unwrap()).unwrap();
                let (old, new) = (read(&payload), read(&fresh));
                let time = new.time.unwrap();
                assert!(
                    [now.to_string(), now.as_seconds().to_string()].contains(&time),
                    "{type_name}: {time}"
                );
                assert_ne!(old.resource, new.resource, "{type_name}");
                assert_eq!(old.type_name, new.type_name);
            }
        }
    }

    #[test]
    fn a_mistyped_name_is_answered_with_the_right_ones() {
        let error = provider("onpay").unwrap_err().to_string();
        assert_eq!(
            error,
            "no provider is called `onpay`; there are unopago, onepay, kuenta"
        );
        let error = payload(provider("unopago").unwrap(), "paid").unwrap_err().to_string();
        assert!(
            error.contains("payment_received\n  invoice_created\n  customer_updated"),
            "{error}"
        );
    }
}
