//! `acuse doctor`: a deployment, end to end.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use acuse_aws::system::SystemClock;
use acuse_cli::http::post;
use acuse_cli::queue::Depth;
use acuse_cli::sample::Sample;
use acuse_cli::target::Target;
use acuse_cli::terminal::{self, quoted};
use acuse_cli::webhooks::kuenta::BASE;
use acuse_core::clock::Clock;
use acuse_core::event::PROBE;
use acuse_core::hook::chain;
use acuse_core::provider::Provider;
use acuse_core::providers;
use acuse_core::receive::{SecretStore, TEST_DELIVERY};
use acuse_core::secrets::Secrets;
use clap::Args;
use serde_json::json;

use super::secrets::ACCEPTED_AFTER;
use super::which::Which;
use super::{Failure, kuenta};

/// How long a test delivery may take to reach the ledger.
const PATIENCE: Duration = Duration::from_secs(30);

/// Arguments of `acuse doctor`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  acuse doctor
  acuse doctor --stack acuse --profile prod
  acuse doctor --stack acuse --organization-id org_1     Kuenta's webhook as well
  acuse doctor --json --stack acuse | jq 'select(.ok | not)'

Sends one signed test delivery a provider through the public URL. It is recorded in the ledger as
REJECTED, a test delivery, and reaches no hook. Ends with 1 where something has to be mended.")]
pub(crate) struct Arguments {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// Sends no test deliveries
    #[arg(long)]
    no_delivery: bool,
    #[command(flatten)]
    stack: Which,
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
    /// What was found, or what is wrong and how to mend it.
    found: Result<String, String>,
}

/// Looks at everything, and prints as it goes.
pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let target = arguments.stack.find().await?;
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
        let (provider, secrets) = match secrets(&target, provider).await {
            Ok(found) => {
                say(&format!("{name}: secret"), Ok(well_formed(name, &found.1)));
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
                deliver(&target, provider, &secrets).await,
            );
        }
    }
    for (what, output, advice) in [
        ("event queue", "EventQueueUrl", None),
        (
            "dead-letter queue",
            "DeadLetterQueueUrl",
            Some("`acuse dlq list`, mend, `acuse dlq redrive`"),
        ),
        (
            "quarantine",
            "QuarantineQueueUrl",
            Some("`acuse quarantine diagnose`, mend, `acuse quarantine release`"),
        ),
    ] {
        say(what, depth(&target, output, advice).await);
    }
    say("alarms", alarms(&target).await);
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
fn well_formed(name: &str, secrets: &Secrets) -> String {
    match secrets.older() {
        0 => "set and well formed".to_owned(),
        older => {
            format!("set and well formed; {older} older accepted as well, until `acuse secrets rotate {name} --finish`")
        }
    }
}

/// A signed test delivery through the public URL, until it is in the ledger.
async fn deliver(target: &Target, provider: &'static Provider, secrets: &Secrets) -> Result<String, String> {
    let now = SystemClock.now();
    let body = json!({ PROBE: format!("{now}") }).to_string();
    let mut sample = Sample::signed(provider, body.into_bytes(), secrets, now, None).map_err(|error| chain(&error))?;
    sample.headers.push((TEST_DELIVERY, "1".to_owned()));
    let url = target.webhook_url(provider).map_err(|error| chain(&error))?;
    let started = Instant::now();
    let answer = post(&url, &sample.headers, &sample.body, Duration::from_secs(10)).await;
    let answer = answer.map_err(|error| chain(&error))?;
    let (status, took) = (answer.status, started.elapsed());
    if status != 200 {
        return Err(format!(
            "{url} answers {status}: is the secret that of the function (one stored less than {} s ago may not be read yet), or a deployment of another version?",
            ACCEPTED_AFTER.as_secs()
        ));
    }
    let id = answer.delivery_id.unwrap_or_default();
    let ledger = target.ledger().map_err(|error| chain(&error))?;
    while started.elapsed() < PATIENCE {
        let today = ledger
            .on_day(provider.name, now, 50)
            .await
            .map_err(|error| chain(&error))?;
        let arrived = today
            .iter()
            .any(|record| record.delivery_id.as_deref() == Some(&id) && record.status == "REJECTED");
        if arrived {
            return Ok(format!(
                "answered 200 in {} ms, in the ledger after {} ms",
                took.as_millis(),
                started.elapsed().as_millis()
            ));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Err(format!(
        "answered 200, and not in the ledger after {} s: look at the consumer's log, and whether its queue is enabled",
        PATIENCE.as_secs()
    ))
}

/// How full a queue is; with `advice`, anything in it has to be looked at.
async fn depth(target: &Target, output: &str, advice: Option<&str>) -> Result<String, String> {
    let url = target.output(output).map_err(|error| chain(&error))?;
    let client = aws_sdk_sqs::Client::new(&target.sdk);
    let length = Depth::of(&client, url).await.map_err(|error| chain(&error))?.visible;
    match (length, advice) {
        (0, _) => Ok("empty".to_owned()),
        (length, None) => Ok(format!("{length} messages waiting")),
        (length, Some(advice)) => Err(format!("{length} messages: {advice}")),
    }
}

/// Whether the stack has alarms. The local one needs none.
async fn alarms(target: &Target) -> Result<String, String> {
    let client = aws_sdk_cloudformation::Client::new(&target.sdk);
    let resources = client.describe_stack_resources().stack_name(target.name()).send().await;
    let resources = resources.map_err(|error| chain(&error))?;
    let of_alarms = |resource: &&aws_sdk_cloudformation::types::StackResource| {
        resource.resource_type() == Some("AWS::CloudWatch::Alarm")
    };
    match resources.stack_resources().iter().filter(of_alarms).count() {
        0 if target.is_local() => Ok("none; the local stack needs none".to_owned()),
        0 => Err("the stack has none: deploy the current template".to_owned()),
        count => Ok(format!("{count} in the stack")),
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
