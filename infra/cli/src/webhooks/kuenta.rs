//! Kuenta's management API, as its guide documents it ("Configuración de webhooks").

use std::ops::Deref;

use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::Webhook;
use super::client::{Call, Client, Pace};
use super::error::ApiError;
use super::retry::Repeat;

/// The API's base URL.
pub const BASE: &str = "https://api.kuenta.co";

const CREDENTIALS: &str = "KUENTA_API_TOKEN, `--organization-id` and `--config-organization-id`";

/// The account that calls.
#[derive(Debug, Clone)]
pub struct Account {
    /// `Organization-ID`.
    pub organization_id: String,
    /// `Config-Organization-ID`.
    pub config_organization_id: String,
    /// The bearer token, if any.
    pub token: Option<SecretString>,
}

/// The webhooks of an organization.
#[derive(Debug)]
pub struct Kuenta(Client);

impl Deref for Kuenta {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0
    }
}

impl Kuenta {
    /// The API at `base`.
    ///
    /// # Errors
    /// [`ApiError::Base`], [`ApiError::Header`], [`ApiError::Client`].
    pub fn new(base: &str, account: Account, pace: Pace) -> Result<Self, ApiError> {
        let headers = [
            (
                "organization-id",
                "the organization id",
                account.organization_id.as_str(),
            ),
            (
                "config-organization-id",
                "the configuring organization's id",
                &account.config_organization_id,
            ),
        ];
        Client::new(base, account.token, &headers, CREDENTIALS, pace).map(Self)
    }

    /// Creates a webhook. Kuenta signs with `secret`.
    pub async fn create(&self, url: &str, events: &[String], secret: &SecretString) -> Result<Webhook, ApiError> {
        let answer = self.0.call(Call {
            body: Some(json!({"url": url, "events": events, "secret": secret.expose_secret()})),
            repeat: Repeat::OnlyUndone,
            secret: Some(secret),
            ..Call::of(Method::POST, None)
        });
        let created = answer.await?.webhook("the new webhook")?;
        Ok(completed(created, url, events))
    }

    /// Changes a webhook.
    pub async fn update(&self, id: &str, url: &str, events: &[String]) -> Result<Webhook, ApiError> {
        let answer = self.0.call(Call {
            body: Some(json!({"url": url, "events": events})),
            ..Call::of(Method::PUT, Some(id))
        });
        // The guide does not document the answer.
        let mut updated = answer.await?.webhook("the webhook").unwrap_or_default();
        if updated.id.is_empty() {
            id.clone_into(&mut updated.id);
        }
        Ok(completed(updated, url, events))
    }
}

/// Fills in what the answer leaves out.
fn completed(mut webhook: Webhook, url: &str, events: &[String]) -> Webhook {
    if webhook.url.is_empty() {
        url.clone_into(&mut webhook.url);
    }
    if webhook.events.is_empty() {
        events.clone_into(&mut webhook.events);
    }
    webhook
}
