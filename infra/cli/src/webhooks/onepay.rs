//! OnePay's management API, as its public reference has it: <https://docs.onepay.la/client/webhooks/index>.
//!
//! It documents list, detail, creation and update (`PUT`, of which every field may be left out), and that a webhook
//! can be deleted. Its detail page promises an audit of deliveries and shows none, so none is read. A webhook without
//! a token has `header: null` there; that the same `null` asks for one is our choice, so the answer is looked at.

use http::Method;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::client::{Call, Client, Pace};
use super::error::ApiError;
use super::retry::Repeat;
use super::{Webhook, single};

/// Where the API is.
pub const BASE: &str = "https://api.onepay.la";

const CREDENTIALS: &str = "ONEPAY_API_TOKEN, and whether it is of the right environment (test or live)";

/// The token that OnePay sends in `x-webhook-token`; null where it sends none.
const HEADER: &str = "header";

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

/// What to change of a webhook.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// What it is called in the panel.
    pub name: Option<String>,
    /// Where it posts to.
    pub url: Option<String>,
    /// The types of the events that it posts.
    pub events: Option<Vec<String>>,
    /// Whether it shall send no token from now on.
    pub no_token: bool,
}

impl Onepay {
    /// The API at `base`.
    ///
    /// # Errors
    /// [`ApiError::Base`], [`ApiError::Header`], [`ApiError::Client`].
    pub fn new(base: &str, token: SecretString, pace: Pace) -> Result<Self, ApiError> {
        Client::new(base, Some(token), &[], CREDENTIALS, pace).map(Self)
    }

    /// All of them.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn list(&self) -> Result<Vec<Webhook>, ApiError> {
        self.0.list().await
    }

    /// The one with this id.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn show(&self, id: &str) -> Result<Webhook, ApiError> {
        let answer = self.0.call(Call::of(Method::GET, Some(id))).await?;
        answer.read("a webhook", |value| Some(single(value)?.1))
    }

    /// Makes one. OnePay chooses its secret and its token, and tells them only here. `no_token` asks for none.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn create(&self, name: &str, url: &str, events: &[String], no_token: bool) -> Result<Issued, ApiError> {
        let mut body = json!({"name": name, "url": url, "events": events});
        if let (true, Value::Object(body)) = (no_token, &mut body) {
            body.insert(HEADER.to_owned(), Value::Null);
        }
        let answer = self.0.call(Call {
            body: Some(body),
            repeat: Repeat::OnlyUndone,
            ..Call::of(Method::POST, None)
        });
        answer.await?.read("the new webhook", issued)
    }

    /// Changes one, and gives what OnePay has of it then.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn update(&self, id: &str, change: &Change) -> Result<Webhook, ApiError> {
        let answer = self.0.call(Call {
            body: Some(change.to_json()),
            ..Call::of(Method::PUT, Some(id))
        });
        answer.await?.read("the webhook", |value| Some(single(value)?.1))
    }

    /// Deletes one. False where it was gone before.
    ///
    /// # Errors
    /// [`ApiError`].
    pub async fn delete(&self, id: &str) -> Result<bool, ApiError> {
        self.0.delete(id).await
    }
}

impl Change {
    /// What is not to be changed is not in it.
    fn to_json(&self) -> Value {
        let fields = [
            ("name", self.name.as_ref().map(|name| json!(name))),
            ("url", self.url.as_ref().map(|url| json!(url))),
            ("events", self.events.as_ref().map(|events| json!(events))),
            (HEADER, self.no_token.then_some(Value::Null)),
        ];
        let fields = fields.into_iter();
        fields.filter_map(|(field, value)| Some((field, value?))).collect()
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
        token: text(HEADER),
    })
}
