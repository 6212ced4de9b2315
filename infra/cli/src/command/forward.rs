//! A destination for as long as a command runs: a URL, usually on this machine, and a signing secret.

use std::sync::Arc;

use acuse_aws::destinations::send::{Sender, Sent};
use acuse_aws::sdk::TlsError;
use acuse_aws::system::SystemClock;
use acuse_core::destination::DestinationName;
use acuse_core::destination::config::{Destination, Target};
use acuse_core::destination::sign::SigningSecret;
use acuse_core::event::Event;
use aws_config::SdkConfig;
use clap::Args;

use super::Failure;
use crate::note;
use crate::stack::destinations::{new_secret, session, signing_secret};

/// The secret of such a destination.
#[derive(Debug, Args)]
pub(crate) struct ForwardSecret {
    /// Sign with this secret (`whsec_…`) instead of a new one; better set in the environment than written here
    #[arg(long, env = "ACUSE_FORWARD_SECRET", hide_env_values = true, value_name = "SECRET", value_parser = signing_secret)]
    forward_secret: Option<SigningSecret>,
}

/// Where events go while a command runs.
pub(crate) struct Forward {
    destination: Destination,
    sender: Sender,
}

impl Forward {
    /// To `target`, and to queues by `sdk`. Prints the secret if it is a new one.
    pub(crate) fn new(target: &Target, secret: &ForwardSecret, sdk: SdkConfig) -> Result<Self, Failure> {
        let (secret, is_new) = match &secret.forward_secret {
            Some(given) => (given.clone(), false),
            None => (new_secret()?, true),
        };
        if is_new {
            note!("signing secret: {}", secret.expose());
            note!("give it to the backend; to keep it, set ACUSE_FORWARD_SECRET");
        }
        let name = DestinationName::parse("forward").ok_or_else(|| Failure::new("an invalid name"))?;
        let sender: Result<Sender, TlsError> = Sender::new(sdk, Arc::new(SystemClock));
        Ok(Self {
            destination: session(name, target.clone(), secret),
            sender: sender?,
        })
    }

    /// Scheme, host and port.
    pub(crate) fn target(&self) -> &Target {
        &self.destination.target
    }

    /// Sends `event`, as the function would.
    pub(crate) async fn send(&self, event: &Event) -> Sent {
        self.sender.send(&self.destination, event).await
    }
}
