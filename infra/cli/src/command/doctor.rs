//! `acuse doctor`: a deployment, end to end.

mod alarms;
mod delivery;
mod drift;
mod queues;
mod registration;
mod resources;

use std::process::ExitCode;

use acuse_cli::stack::target::Target;
use acuse_cli::terminal::{self, quoted};
use acuse_cli::webhooks::kuenta::BASE;
use acuse_core::error::chain;
use acuse_core::provider::Provider;
use acuse_core::providers;
use acuse_core::receive::SecretStore;
use acuse_core::receive::secrets::Secrets;
use clap::Args;
use serde_json::json;

use super::options::StackOptions;
use super::webhooks::ManagementApi as _;
use super::{Failure, kuenta};
use resources::Resources;

/// Arguments of `acuse doctor`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  acuse doctor
  acuse doctor --stack acuse --profile prod
  acuse doctor --stack acuse --organization-id org_1     Kuenta's webhook as well
  acuse doctor --json --stack acuse | jq 'select(.ok | not)'

Sends one signed test delivery a provider through the public URL. It is recorded in the ledger as
REJECTED, a test delivery, and reaches no hook. Compares the functions with the deployed template
(CloudFormation's drift detection), and looks at what waits, at alarms and at who is mailed.
Exits 1 if anything needs fixing.")]
pub(crate) struct Arguments {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// Sends no test deliveries
    #[arg(long)]
    no_delivery: bool,
    #[command(flatten)]
    stack: StackOptions,
    /// Kuenta's organization: with it, whether its webhook is registered there
    #[arg(long, env = "KUENTA_ORGANIZATION_ID", value_name = "ID")]
    organization_id: Option<String>,
    /// Where Kuenta's API is
    #[arg(long, env = "KUENTA_API_URL", value_name = "URL", default_value = BASE)]
    base_url: String,
}

/// One thing that was looked at.
struct Finding {
    what: String,
    /// What was found, or what is wrong and how to fix it.
    found: Result<String, String>,
}

/// Looks at everything, and prints as it goes.
pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let target = arguments.stack.target().await?;
    let mut healthy = true;
    let mut say = |what: &str, found: Result<String, String>| {
        healthy &= found.is_ok();
        let finding = Finding {
            what: what.to_owned(),
            found,
        };
        finding.say(arguments.json);
    };
    for provider in providers::ALL {
        let name = provider.name;
        if let Some(found) = registration::state(&target, provider).await {
            say(&format!("{name}: registration"), found);
        }
        let (provider, secrets) = match secrets(&target, provider).await {
            Ok(found) => {
                say(&format!("{name}: secret"), Ok(well_formed(found.0, &found.1)));
                found
            }
            Err(wrong) => {
                say(&format!("{name}: secret"), Err(wrong));
                continue;
            }
        };
        if !arguments.no_delivery {
            say(
                &format!("{name}: test delivery"),
                delivery::arrives(&target, provider, &secrets).await,
            );
        }
    }
    say("event queue", queues::events(&target).await);
    for (what, output, advice) in [
        (
            "dead-letter queue",
            "DeadLetterQueueUrl",
            "`acuse dlq list`, fix, `acuse dlq redrive`",
        ),
        (
            "quarantine",
            "QuarantineQueueUrl",
            "`acuse quarantine diagnose`, fix, `acuse quarantine release`",
        ),
    ] {
        say(what, queues::is_empty(&target, output, advice).await);
    }
    say("conflicts", queues::conflicts(&target).await);
    let resources = Resources::of(&target).await;
    say("functions", drift::functions(&target, &resources).await);
    say("alarms", alarms::state(&target, &resources).await);
    say("alarm mail", alarms::subscriptions(&target).await);
    if let Some(id) = &arguments.organization_id {
        let api = kuenta::Api::of(&arguments.base_url, id);
        say("kuenta: webhook", registered(&target, &api).await);
    }
    Ok(match healthy {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// The provider as the stack has it, with its secrets.
async fn secrets(target: &Target, provider: &'static Provider) -> Result<(&'static Provider, Secrets), String> {
    let name = provider.name;
    let provider = target.provider(provider).map_err(|error| chain(&error))?;
    let store = target.secrets(provider).map_err(|error| chain(&error))?;
    // The functions fall back on the version before; here it would hide that the current one is of
    // no use.
    let current = store.current().await.map_err(|error| chain(&error))?;
    if current.is_none() {
        return Err(format!("none was put yet: `acuse secrets put {name}`"));
    }
    let secrets = store.load().await.map_err(|error| chain(&error))?;
    Ok((provider, secrets))
}

/// What is said of a secret that can be used.
fn well_formed(provider: &Provider, secrets: &Secrets) -> String {
    let mut text = "set and well formed".to_owned();
    if let (Some(token), true) = (provider.scheme.token, secrets.has_no_token()) {
        text += &format!(
            "; its second factor is off, since the secret says that no token comes in `{}`",
            token.header
        );
    }
    match secrets.older() {
        0 => text,
        older => {
            let name = provider.name;
            text + &format!("; {older} older accepted as well, until `acuse secrets rotate {name} --finish`")
        }
    }
}

/// Whether Kuenta posts to this stack, and everything that its guide lists.
async fn registered(target: &Target, api: &kuenta::Api) -> Result<String, String> {
    let provider = &acuse_core::providers::kuenta::PROVIDER;
    let url = target.webhook_url(provider).map_err(|error| chain(&error))?;
    let client = api.client().map_err(|failure| failure.to_string())?;
    let webhooks = client.list().await.map_err(|error| chain(&error))?;
    let Some(own) = webhooks.iter().find(|webhook| webhook.url == url) else {
        return Err(format!(
            "{url} is not registered: `acuse kuenta webhooks create --stack {}`",
            target.name()
        ));
    };
    let listed = |name: &&&str| !own.events.iter().any(|event| event == **name);
    let missing: Vec<&str> = provider.types.iter().filter(listed).copied().collect();
    match missing.as_slice() {
        [] => Ok(format!("registered, with all {} events", provider.types.len())),
        missing => Err(format!(
            "registered without {}: `acuse kuenta webhooks update {} --events …`",
            missing.join(", "),
            own.id
        )),
    }
}

impl Finding {
    fn say(&self, json: bool) {
        let (ok, text) = match &self.found {
            Ok(text) => (true, text),
            Err(text) => (false, text),
        };
        if json {
            terminal::json(json!({"check": self.what, "ok": ok, "found": text}));
        } else {
            let head = format!("{} {:<24} ", if ok { "✓" } else { "✗" }, self.what);
            quoted(&head, text).iter().for_each(|line| terminal::line(line));
        }
    }
}

#[cfg(test)]
mod tests {
    use acuse_core::providers::onepay;

    use super::*;

    #[test]
    fn a_second_factor_that_is_off_is_told() {
        let secrets = |text| Secrets::parse(&onepay::PROVIDER, text).unwrap().unwrap();
        let with = secrets(r#"{"signing_secrets":["wh_tok_a"],"token":"wh_hdr_a"}"#);
        let without = secrets(r#"{"signing_secrets":["wh_tok_a"],"token":null}"#);
        let rows = [with.clone(), without.clone(), with.and_previous(without)];
        let off = "set and well formed; its second factor is off, since the secret says that no token comes in `x-webhook-token`";
        let older = "; 1 older accepted as well, until `acuse secrets rotate onepay --finish`";
        assert_eq!(
            rows.map(|secrets| well_formed(&onepay::PROVIDER, &secrets)),
            [
                "set and well formed".to_owned(),
                off.to_owned(),
                format!("{off}{older}")
            ]
        );
    }
}
