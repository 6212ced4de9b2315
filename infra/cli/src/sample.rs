//! Sample deliveries, signed as their provider signs.

use acuse_core::account::{Account, AccountName, Environment};
use acuse_core::clock::Timestamp;
use acuse_core::json;
use acuse_core::provider::Provider;
use acuse_core::provider::scheme::Key;
use acuse_core::receive::secrets::Accounts;
use acuse_core::receive::secrets::{SecretError, Secrets};
use acuse_core::receive::signature::proof_headers;
use acuse_core::receive::{SecretStore, StoreError};
use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use include_dir::{Dir, include_dir};
use serde_json::{Value, json};
use thiserror::Error;
use uuid::Uuid;

use crate::stack::filter::account_option;
use crate::stack::target::{Target, TargetError};

/// The payload files of the tests: one for each type in the providers' guides.
static PAYLOADS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../tests/fixtures");

const SECRETS: &str = include_str!("../../local/secrets.json");

/// The time in all payload files, as each provider writes it.
const MADE_AT_SECONDS: &str = "1689262934";
const MADE_AT_RFC3339: &str = "2024-03-20T10:00:00Z";

/// How the types of payments that came in end.
const PAID: [&str; 3] = ["approved", "completed", "received"];

/// A payload with the headers that prove it.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The payload.
    pub body: Bytes,
    /// Token and signature.
    pub headers: Vec<(&'static str, String)>,
}

/// How to make a sample invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Break {
    /// Sign other bytes
    Signature,
    /// Send another static token
    Token,
}

/// A sample that does not exist.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct SampleError(String);

/// An account that can't sign samples.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the texts say it")]
pub enum SignerError {
    #[error("the stack has no secret of `{}` yet, so nothing can be signed", account.scope(provider))]
    NoSecret {
        provider: &'static str,
        account: AccountName,
    },
    #[error("`{provider}` has no account `{account}`; there are {present}")]
    NoAccount {
        provider: &'static str,
        account: AccountName,
        present: String,
    },
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Target(#[from] TargetError),
}

impl SignerError {
    /// How to fix it.
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::NoSecret { provider, account } => {
                let account = account_option(account);
                Some(format!("put it: `acuse secrets put {provider}{account}`"))
            }
            _ => None,
        }
    }
}

/// The secrets that `target` has of an account.
pub async fn signer(
    target: &Target,
    provider: &'static Provider,
    account: &AccountName,
) -> Result<Secrets, SignerError> {
    let accounts = target.secrets(provider)?.load().await?;
    match accounts.get(account.as_str()) {
        Some(Err(error)) => return Err(error.clone().into()),
        Some(Ok(secrets)) if !secrets.is_empty() => return Ok(secrets.clone()),
        _ => {}
    }
    let usable = accounts.iter().map(|secrets| &secrets.account().name);
    let present = usable.chain(accounts.errors().map(|error| &error.account));
    let mut present: Vec<String> = present.map(|name| format!("`{name}`")).collect();
    present.sort();
    let (provider, account) = (provider.name, account.clone());
    Err(match present.as_slice() {
        [] => SignerError::NoSecret { provider, account },
        names => SignerError::NoAccount {
            provider,
            account,
            present: names.join(", "),
        },
    })
}

/// A new event of this type for `account`: if the payload names an environment, the one that the account is bound to.
pub fn event(
    provider: &'static Provider,
    type_name: &str,
    account: &Account,
    now: Timestamp,
) -> Result<Vec<u8>, SampleError> {
    let payload = renewed(provider, &payload(provider, type_name)?, now);
    let Some((environment, mut value)) = account.environment.zip(serde_json::from_str(&payload).ok()) else {
        return Ok(payload.into_bytes());
    };
    set_environment(&mut value, environment);
    Ok(value.to_string().into_bytes())
}

fn set_environment(value: &mut Value, environment: Environment) {
    for (name, member) in value.as_object_mut().into_iter().flatten() {
        match member {
            Value::String(word) if name == "environment" => environment.name().clone_into(word),
            member => set_environment(member, environment),
        }
    }
}

/// The payload file of a type, unchanged.
pub fn payload(provider: &'static Provider, type_name: &str) -> Result<String, SampleError> {
    let file = PAYLOADS.get_file(format!("{}/{type_name}.json", provider.name));
    let text = file.and_then(|file| file.contents_utf8());
    text.map(str::to_owned).ok_or_else(|| {
        SampleError(format!(
            "`{}` has no event type `{type_name}`; there are\n  {}\n(to send another type, write its payload to a file and give that with `--body FILE`)",
            provider.name,
            provider.types.join("\n  ")
        ))
    })
}

/// `payload` as if it happened `now`, to a new resource.
pub fn renewed(provider: &Provider, payload: &str, now: Timestamp) -> String {
    let fresh = payload
        .replace(MADE_AT_SECONDS, &now.as_seconds().to_string())
        .replace(MADE_AT_RFC3339, &now.to_string());
    let value = json::parse(payload.as_bytes()).ok();
    let resource = value.and_then(|value| (provider.read)(&value).ok()?.resource);
    match resource {
        // In quotes, because an id may be part of another text.
        Some(resource) => fresh.replace(
            &format!("\"{}\"", resource.id),
            &format!("\"{}\"", new_id(&resource.id)),
        ),
        None => fresh,
    }
}

/// A new id of the same kind: `pay_…` stays `pay_…`.
fn new_id(id: &str) -> String {
    let new = Uuid::new_v4();
    match id.split_once('_') {
        Some((prefix, _)) => format!("{prefix}_{}", new.simple()),
        None => new.to_string(),
    }
}

impl Sample {
    /// `body` with the proofs that `secrets` give, sent `now`.
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
            return Err(SampleError(format!(
                "`{}` sends no token; `--break signature` works for all providers",
                provider.name
            )));
        }
        let body = Bytes::from(body);
        // A wrong signature is a well-formed one of other bytes.
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
        Ok(Self { body, headers })
    }
}

/// The local stack's secret of `provider`: the one in `infra/local/secrets.json`, or one made of its name.
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

/// The default account of [`local_secret`], ready for signing.
pub fn local_secrets(provider: &Provider) -> Secrets {
    let parsed = Accounts::parse(provider, &local_secret(provider).to_string());
    let accounts = parsed.ok().flatten().unwrap_or_default();
    let mut secrets = accounts.iter();
    secrets
        .find(|secrets| secrets.account().name.is_default())
        .cloned()
        .unwrap_or_default()
}

/// The most interesting type of `provider`: money came in.
pub fn money_came_in(provider: &'static Provider) -> Option<&'static str> {
    let came_in = |name: &&&str| name.starts_with("payment") && PAID.iter().any(|end| name.ends_with(end));
    provider.types.iter().find(came_in).or(provider.types.first()).copied()
}

#[cfg(test)]
mod tests {
    use acuse_core::providers;

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
    fn a_sample_is_of_the_environment_of_its_account() {
        let now = Timestamp::from_seconds(1_800_000_000);
        for provider in providers::ALL {
            for type_name in provider.types {
                for environment in [None, Some(Environment::Test), Some(Environment::Live)] {
                    let name = AccountName::DEFAULT;
                    let body = event(provider, type_name, &Account { name, environment }, now).unwrap();
                    let read = |body: &[u8]| (provider.read)(&json::parse(body).unwrap()).unwrap();
                    let fixture = read(payload(provider, type_name).unwrap().as_bytes());
                    let expected = fixture.environment.and(environment).or(fixture.environment);
                    let sample = read(&body);
                    assert_eq!(sample.environment, expected, "{type_name}");
                    assert_ne!(sample.resource, fixture.resource, "{type_name}");
                }
            }
        }
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
