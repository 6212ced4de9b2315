//! Opening and closing a provider's registration window.

use acuse_core::receive::registration::{self, Window};

use super::{StackSecret, StackSecretError};

impl StackSecret {
    /// Opens the provider's registration window, or closes it. It is a version of the secret with a label of its own:
    /// `AWSCURRENT` and `AWSPREVIOUS` stay where they are, so the secret and its rotation are untouched.
    /// <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html>
    pub async fn set_registration(&self, window: Option<&Window>) -> Result<(), StackSecretError> {
        let put = self.versions.client.put_secret_value().secret_id(self.id());
        let put = put.secret_string(window.map_or_else(Window::closed, Window::to_json));
        let put = put.version_stages(registration::STAGE).send().await;
        let operation = match window {
            Some(_) => "open the registration window in",
            None => "close the registration window in",
        };
        put.map(drop).map_err(|error| self.versions.error(operation, error))
    }
}
