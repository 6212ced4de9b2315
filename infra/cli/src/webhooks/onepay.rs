//! OnePay's management API, as its public reference documents it: <https://docs.onepay.la/client/webhooks/index>.
//!
//! It documents list, detail, creation and update (`PUT` with optional fields), and that webhooks can be deleted. It
//! mentions an audit of deliveries but does not document it. A webhook without a token has `header: null`. That the
//! same `null` requests one is not documented, so the answer is checked.

use std::ops::Deref;

use acuse_core::endpoint::single;
use http::Method;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::Webhook;
use super::client::{Call, Client, Pace};
use super::error::ApiError;
use super::retry::Repeat;

/// The API's base URL.
pub const BASE: &str = "https://api.onepay.la";

const CREDENTIALS: &str = "ONEPAY_API_TOKEN, and whether it is of the right environment (test or live)";

/// The member with the token that OnePay sends in `x-webhook-token`; null if it sends none.
const HEADER: &str = "header";

/// The webhooks of an account.
#[derive(Debug)]
pub struct Onepay(Client);

/// A new webhook, with the secrets that OnePay generated for it.
#[derive(Debug)]
pub struct Issued {
    /// The webhook.
    pub webhook: Webhook,
    /// The secret that OnePay signs with (`wh_tok_…`).
    pub signing_secret: Option<SecretString>,
    /// The token that OnePay sends in `x-webhook-token` (`wh_hdr_…`).
    pub token: Option<SecretString>,
}

/// Changes to a webhook; `None` leaves a setting unchanged.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Its name in the panel.
    pub name: Option<String>,
    /// The URL it posts to.
    pub url: Option<String>,
    /// The event types it posts.
    pub events: Option<Vec<String>>,
    /// Whether to request deliveries without a token.
    pub no_token: bool,
    /// A member that is not documented, and its new value.
    pub undocumented: Option<(String, Value)>,
}

impl Deref for Onepay {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0
    }
}

impl Onepay {
    /// The API at `base`.
    ///
    /// # Errors
    /// [`ApiError::Base`], [`ApiError::Header`], [`ApiError::Client`].
    pub fn new(base: &str, token: SecretString, pace: Pace) -> Result<Self, ApiError> {
        Client::new(base, Some(token), &[], CREDENTIALS, pace).map(Self)
    }

    /// The webhook with this id.
    pub async fn show(&self, id: &str) -> Result<Webhook, ApiError> {
        let answer = self.0.call(Call::of(Method::GET, Some(id))).await?;
        answer.webhook("a webhook")
    }

    /// Creates a webhook. OnePay generates its secret and token, and returns them only here. `no_token` requests that
    /// there is no token.
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

    /// Changes a webhook, and returns it as OnePay then has it.
    pub async fn update(&self, id: &str, change: &Change) -> Result<Webhook, ApiError> {
        let answer = self.0.call(Call {
            body: Some(change.to_json()),
            ..Call::of(Method::PUT, Some(id))
        });
        answer.await?.webhook("the webhook")
    }
}

impl Change {
    /// Only the settings to change.
    fn to_json(&self) -> Value {
        let fields = [
            ("name", self.name.as_ref().map(|name| json!(name))),
            ("url", self.url.as_ref().map(|url| json!(url))),
            ("events", self.events.as_ref().map(|events| json!(events))),
            (HEADER, self.no_token.then_some(Value::Null)),
        ];
        let fields = fields.into_iter();
        let fields = fields.filter_map(|(field, value)| Some((field.to_owned(), value?)));
        fields.chain(self.undocumented.clone()).collect()
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
