//! OnePay's management API: its public reference documents list, detail and creation.

use http::Method;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::client::{Call, Client, Pace};
use super::error::ApiError;
use super::retry::Repeat;
use super::{Webhook, many, single};

/// Where the API is.
pub const BASE: &str = "https://api.onepay.la";

const CREDENTIALS: &str = "ONEPAY_API_TOKEN, and whether it is of the right environment (test or live)";

/// The webhooks of one account.
#[derive(Debug)]
pub struct Onepay(Client);

/// A webhook that was just made, with what OnePay chose for it.
#[derive(Debug)]
pub struct Issued {
    /// What is public of it.
    pub webhook: Webhook,
    /// What OnePay signs with (`wh_tok_…`).
    pub signing_secret: Option<SecretString>,
    /// What OnePay sends in `x-webhook-token` (`wh_hdr_…`).
    pub token: Option<SecretString>,
}

impl Onepay {
    /// The API at `base`.
    ///
    /// # Errors
    /// [`ApiError::Base`], [`ApiError::Header`], [`ApiError::Roots`].
    pub fn new(base: &str, token: SecretString, pace: Pace) -> Result<Self, ApiError> {
        Client::new(base, Some(token), CREDENTIALS, pace).map(Self)
    }

    /// All of them.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn list(&self) -> Result<Vec<Webhook>, ApiError> {
        let answer = self.0.call(call(Method::GET, None)).await?;
        answer.read("a list of webhooks", many)
    }

    /// The one with this id.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn show(&self, id: &str) -> Result<Webhook, ApiError> {
        let answer = self.0.call(call(Method::GET, Some(id))).await?;
        answer.read("a webhook", |value| Some(single(value)?.1))
    }

    /// Makes one. OnePay chooses its secret and its token, and tells them only here.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn create(&self, name: &str, url: &str, events: &[String]) -> Result<Issued, ApiError> {
        let answer = self.0.call(Call {
            body: Some(json!({"name": name, "url": url, "events": events})),
            repeat: Repeat::OnlyUndone,
            ..call(Method::POST, None)
        });
        answer.await?.read("the new webhook", issued)
    }
}

fn issued(answer: &Value) -> Option<Issued> {
    let (object, webhook) = single(answer)?;
    let text = |name| {
        let text = object.get(name)?.as_str()?.trim();
        (!text.is_empty()).then(|| text.to_owned().into())
    };
    Some(Issued {
        webhook,
        signing_secret: text("secret"),
        token: text("header"),
    })
}

fn call(method: Method, id: Option<&str>) -> Call<'_> {
    Call {
        method,
        id,
        body: None,
        repeat: Repeat::Safe,
        secret: None,
    }
}
