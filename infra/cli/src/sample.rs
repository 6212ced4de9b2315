//! Sample deliveries, signed as their provider signs.

mod about;
mod signer;

use std::borrow::Cow;

use acuse_core::account::Account;
use acuse_core::clock::Timestamp;
use acuse_core::provider::Provider;
use acuse_core::provider::scheme::{Digest, Key};
use acuse_core::receive::secrets::Secrets;
use acuse_core::receive::signature::{Signed, sign_delivery, sign_wrongly};
use acuse_files::fields;
use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};
use thiserror::Error;
use uuid::Uuid;

pub use about::About;
pub use signer::{SignerError, signer};

const SECRETS: &str = include_str!("../embedded/secrets.json");
const RSA_KEY: &str = include_str!("../embedded/rsa-public.pem");
const ED25519_KEY: &str = include_str!("../embedded/ed25519-public.pem");

/// How the types of payments that came in end.
const PAID: [&str; 3] = ["approved", "completed", "received"];

/// A payload with the headers that prove it.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The payload.
    pub body: Bytes,
    /// Token and signature.
    pub headers: Vec<(&'static str, String)>,
    /// The query string of its URL; empty if the provider signs no value in it.
    pub query: String,
}

/// How to make a sample invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Break {
    /// Sign with another secret
    Signature,
    /// Send another static token
    Token,
    /// Send the right signature in a header of another name
    Header,
}

/// The header that [`Break::Header`] sends the signature in. A delivery is kept in quarantine because of `signature`.
const RENAMED: &str = "x-one-signature";

/// A sample that does not exist.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct SampleError(String);

/// A new event of this type for `account`, with an order number of its own if the payload has one. If the payload names
/// an environment, it is the one that the account is bound to.
pub fn event(
    provider: &'static Provider,
    type_name: &str,
    account: &Account,
    now: Timestamp,
) -> Result<String, SampleError> {
    let fresh = renewed(provider, &payload(provider, type_name)?, now);
    let reading = fields::read(provider, &fresh);
    let resource = reading.filter(|reading| reading.reference.is_some());
    let reference = resource.and_then(|reading| Some(fields::reference_of(&reading.resource?.id)));
    let referred = reference.and_then(|reference| fields::with_reference(provider, &fresh, &reference));
    Ok(for_account(provider, referred.unwrap_or(fresh), account))
}

/// `payload` in the environment that `account` is bound to, if the payload names one.
pub fn for_account(provider: &Provider, payload: String, account: &Account) -> String {
    let environment = account.environment;
    let changed = environment.and_then(|environment| fields::with_environment(provider, &payload, environment));
    changed.unwrap_or(payload)
}

/// The payload file of a type, unchanged.
pub fn payload(provider: &'static Provider, type_name: &str) -> Result<String, SampleError> {
    let payload = acuse_files::payload::payload(provider, type_name);
    payload.map(Cow::into_owned).map_err(|error| {
        SampleError(format!(
            "{error}\n(to send another type, write its payload to a file and give that with `--body FILE`)"
        ))
    })
}

/// `payload` as if it happened `now`, to a new resource.
pub fn renewed(provider: &Provider, payload: &str, now: Timestamp) -> String {
    acuse_files::payload::renewed(provider, payload, now, new_id)
}

/// A new id of the same kind: `pay_…` stays `pay_…`.
pub fn new_id(id: &str) -> String {
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
        let public = provider.scheme.signatures.first().filter(|way| way.digest.is_public());
        if let Some(way) = public {
            return Err(SampleError(format!(
                "`{}` signs with a private key ({}) that nobody else has, so a sample can't be signed",
                provider.name,
                way.digest.name()
            )));
        }
        let sign = match broken {
            Some(Break::Signature) => sign_wrongly,
            _ => sign_delivery,
        };
        let id = format!("msg_{}", Uuid::new_v4().simple());
        let signed = sign(&provider.scheme, secrets, &Bytes::from(body), now, &id);
        let Signed {
            mut headers,
            query,
            body,
        } = signed;
        if broken == Some(Break::Header) {
            let of_signature = |name: &str| {
                let ways = provider.scheme.signatures.iter();
                ways.flat_map(|way| way.headers).any(|header| *header == name)
            };
            let Some((name, _)) = headers.iter_mut().find(|(name, _)| of_signature(name)) else {
                return Err(SampleError(format!(
                    "`{}` has its signature in no header; `--break signature` works for all providers",
                    provider.name
                )));
            };
            *name = RENAMED;
        }
        if broken == Some(Break::Token) {
            let sent = headers.iter_mut().filter(|(name, _)| Some(*name) == token);
            sent.for_each(|(_, value)| value.push_str("-of-another"));
        }
        Ok(Self { body, headers, query })
    }

    /// The URL that it is sent to, at the webhook's `url`.
    pub fn url(&self, url: &str) -> String {
        match self.query.as_str() {
            "" => url.to_owned(),
            query => format!("{url}?{query}"),
        }
    }
}

/// The local stack's secret of `provider`: the one in `infra/local/secrets.json`, or one made of its name.
pub fn local_secret(provider: &Provider) -> Value {
    let known: Value = serde_json::from_str(SECRETS).unwrap_or_default();
    known.get(provider.name).cloned().unwrap_or_else(|| {
        let text = format!("local-{}-secret", provider.name);
        let way = provider.scheme.signatures.first();
        let text = match way.map(|way| way.key) {
            // Nobody has the private keys: they make a function start, and no more.
            _ if way.is_some_and(|way| way.digest == Digest::ED25519) => ED25519_KEY.to_owned(),
            _ if way.is_some_and(|way| way.digest.is_public()) => RSA_KEY.to_owned(),
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

/// The most interesting type of `provider`: money came in.
pub fn money_came_in(provider: &'static Provider) -> Option<&'static str> {
    let came_in = |name: &&&str| name.starts_with("payment") && PAID.iter().any(|end| name.ends_with(end));
    provider.types.iter().find(came_in).or(provider.types.first()).copied()
}
#[cfg(test)]
mod tests;
