//! `acuse local --forward`: a destination on this machine.

use acuse_core::destination::config::Target;
use acuse_core::destination::sign::SigningSecret;
use acuse_core::destination::{DestinationName, Destinations};
use serde_json::json;

use super::api::{self, Api};
use super::deploy::Deployment;
use super::error::Error;
use crate::stack::destinations::{new_secret, session};

/// The destination's name.
const NAME: &str = "forward";

/// The logical id of the secret with all destinations.
const SECRET: &str = "DestinationsSecret";

/// Where to send events, and how they are signed.
#[derive(Debug, Clone)]
pub(super) struct Forward {
    /// The URL, or the queue.
    pub(super) target: Target,
    /// The secret; `None` for a new one, or the one that was kept.
    pub(super) secret: Option<SigningSecret>,
}

impl Forward {
    /// Adds it to the stack's destinations, and returns the secret.
    pub(super) async fn store(&self, api: &Api, deployed: &Deployment) -> Result<SigningSecret, Error> {
        let id = deployed.secrets.get(SECRET).ok_or_else(|| {
            Error::Parameter("`--forward` needs the parameter `Destinations`, which is `false`".to_owned())
        })?;
        let call = "secretsmanager.GetSecretValue";
        let answer = api.json(call, &json!({"SecretId": id})).await?;
        let invalid = |error| Error::Call(Box::new(error));
        let mut destinations = Destinations::parse(api::text(&answer, "/SecretString", call)?).map_err(invalid)?;
        let kept = match destinations.get(NAME) {
            Some(Ok(kept)) => kept.signing_secrets.first().cloned(),
            _ => None,
        };
        let secret = match self.secret.clone().or(kept) {
            Some(secret) => secret,
            None => new_secret().map_err(|error| Error::Runtime(error.into()))?,
        };
        let name = DestinationName::parse(NAME).ok_or_else(|| Error::Parameter(NAME.to_owned()))?;
        destinations.put(session(name, self.target.clone(), secret.clone()));
        let token = uuid::Uuid::new_v4().to_string();
        let text = destinations.to_json().map_err(invalid)?;
        let put = json!({"SecretId": id, "SecretString": text, "ClientRequestToken": token});
        api.json("secretsmanager.PutSecretValue", &put).await?;
        Ok(secret)
    }
}
