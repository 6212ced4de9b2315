//! Kuenta's management API, as its guide documents it ("Configuración de webhooks").

use std::ops::Deref;

use clap::Args;
use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::Webhook;
use super::client::{Call, Client, Header, Pace};
use super::error::ApiError;
use super::retry::Repeat;

/// The API's base URL.
pub const BASE: &str = "https://api.kuenta.co";

const CREDENTIALS: &str = "KUENTA_API_TOKEN, `--organization-id` and `--config-organization-id`";

/// The options of Kuenta's API.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Kuenta's API (bearer token: only from the environment, KUENTA_API_TOKEN)")]
pub struct Api {
    /// The API's base URL
    #[arg(long, env = "KUENTA_API_URL", default_value = BASE)]
    pub base_url: String,
    /// The organization whose webhooks these are: `Organization-ID`
    #[arg(long, env = "KUENTA_ORGANIZATION_ID", value_name = "ID")]
    pub organization_id: Option<String>,
    /// The organization that configures them: `Config-Organization-ID` [default: the same]
    #[arg(long, env = "KUENTA_CONFIG_ORGANIZATION_ID", value_name = "ID")]
    pub config_organization_id: Option<String>,
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
    /// The API with these options, and the bearer token if there is one.
    ///
    /// # Errors
    /// [`ApiError::NoOrganization`], [`ApiError::Base`], [`ApiError::Header`], [`ApiError::Client`].
    pub fn new(api: &Api, token: Option<SecretString>, pace: Pace) -> Result<Self, ApiError> {
        let own = api.organization_id.as_ref().filter(|id| !id.trim().is_empty());
        let own = own.ok_or(ApiError::NoOrganization)?;
        let config = api.config_organization_id.as_ref().unwrap_or(own);
        let headers: [Header<'_>; 2] = [
            ("organization-id", "the organization id", own),
            ("config-organization-id", "the configuring organization's id", config),
        ];
        Client::new(&api.base_url, token, &headers, CREDENTIALS, pace).map(Self)
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

    /// Changes a webhook. `undocumented` is a member that the guide does not have, and its new value.
    pub async fn update(
        &self,
        id: &str,
        url: &str,
        events: &[String],
        undocumented: Option<(String, Value)>,
    ) -> Result<Webhook, ApiError> {
        let documented = [("url".to_owned(), json!(url)), ("events".to_owned(), json!(events))];
        let answer = self.0.call(Call {
            body: Some(documented.into_iter().chain(undocumented).collect()),
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
