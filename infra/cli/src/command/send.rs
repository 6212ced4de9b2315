//! `acuse send`: a correctly signed sample delivery.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use acuse_aws::system::SystemClock;
use acuse_core::clock::Clock;
use acuse_core::provider::Provider;
use acuse_core::receive::SecretStore;
use acuse_core::receive::secrets::Secrets;
use clap::Args;
use thiserror::Error;

use acuse_cli::http::{PostError, post};
use acuse_cli::sample::{self, Break, Sample, SampleError};
use acuse_cli::say;
use acuse_cli::terminal::{self, cut};

use super::Failure;
use super::options::StackOptions;
use acuse_cli::stack::target::Target;
use serde_json::json;

/// Providers give up after 5 s; this waits a little longer, to tell that it was too long.
const PATIENCE: Duration = Duration::from_secs(10);

/// What to send.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  acuse send onepay payment.approved
  acuse send kuenta payment.completed --count 20
  acuse send onepay payment.approved --twice          the second one is a duplicate
  acuse send unopago payment_received --break signature
  acuse send onepay --body payload.json               signs the file's bytes as they are
  jq -c . payload.json | acuse send onepay --body -   those of standard input
  acuse send onepay --event 'onepay#live#payment#9e5c…|payment.approved' --url http://127.0.0.1:3000/webhooks/onepay
  acuse send onepay payment.approved --stack acuse    to a deployed stack: money that never moved")]
pub(crate) struct Arguments {
    /// Whose event
    #[arg(value_parser = sample::names())]
    provider: String,
    /// An event type of the provider's guide; a wrong one lists them
    #[arg(required_unless_present_any = ["body", "event"])]
    event_type: Option<String>,
    /// Makes the delivery one that must be refused
    #[arg(long = "break", value_name = "PROOF")]
    broken: Option<Break>,
    /// Sends this file's bytes instead of a sample; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "event_type")]
    body: Option<PathBuf>,
    /// Sends the payload that the ledger has of this event, by its key
    #[arg(long, value_name = "KEY", conflicts_with_all = ["event_type", "body"])]
    event: Option<String>,
    /// Sends there instead of the stack's own address
    #[arg(long)]
    url: Option<String>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// Sends so many events, each of its own resource
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
    /// Sends each delivery a second time, byte for byte
    #[arg(long)]
    twice: bool,
    #[command(flatten)]
    stack: StackOptions,
}

/// A delivery could not be made or sent.
#[derive(Debug, Error)]
pub(crate) enum SendError {
    /// There is no such sample.
    #[error(transparent)]
    Sample(#[from] SampleError),
    /// The ledger has no payload of it.
    #[error("the ledger has no payload of `{0}`")]
    NoEvent(String),
    /// Nothing to sign with.
    #[error("the stack has no secret of `{0}` yet, so nothing can be signed")]
    NoSecret(&'static str),
    /// What `--body` names.
    #[error("can't read {what}")]
    Body {
        /// The file, or standard input.
        what: String,
        /// Why.
        source: io::Error,
    },
    /// Nobody answered.
    #[error(transparent)]
    NoAnswer(#[from] PostError),
    /// Answers that were not what such a delivery should get.
    #[error("{unexpected} of {sent} deliveries were not answered {expected}")]
    Unexpected {
        /// How many.
        unexpected: u32,
        /// Of how many.
        sent: u32,
        /// What would have been right.
        expected: u16,
    },
}

/// Sends to the stack's public URL, signed with the secret that the stack has.
pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let provider = sample::provider(&arguments.provider)?;
    let body = arguments.body.as_deref().map(read).transpose()?;
    let target = arguments.stack.target().await?;
    let provider = target.provider(provider)?;
    let secrets = target.secrets(provider)?.load().await?;
    if secrets.is_empty() {
        let advice = format!("put it: `acuse secrets put {}`", provider.name);
        return Err(Failure::with_advice(SendError::NoSecret(provider.name), advice));
    }
    let url = match &arguments.url {
        Some(url) => url.clone(),
        None => target.webhook_url(provider)?,
    };
    let given = match &arguments.event {
        Some(key) => Some(recorded(&target, key).await?),
        None => body,
    };
    arguments.send(provider, &secrets, &url, given).await?;
    Ok(ExitCode::SUCCESS)
}

/// The bytes of a file, or of standard input: once, since that gives them only once.
fn read(path: &Path) -> Result<Vec<u8>, SendError> {
    let standard_input = path == Path::new("-");
    let read = match standard_input {
        true => {
            let mut bytes = Vec::new();
            io::stdin().read_to_end(&mut bytes).map(|_| bytes)
        }
        false => std::fs::read(path),
    };
    read.map_err(|source| SendError::Body {
        what: match standard_input {
            true => "standard input".to_owned(),
            false => path.display().to_string(),
        },
        source,
    })
}

/// What the provider sent of an event, as the ledger has it.
async fn recorded(target: &Target, key: &str) -> Result<Vec<u8>, Failure> {
    let ledger = target.ledger()?;
    let partition = key.split_once('|').map_or(key, |(partition, _)| partition);
    let records = ledger.partition(partition).await?;
    let payload = match records.iter().find(|record| record.key == key) {
        Some(record) => ledger.payload(record).await?,
        None => None,
    };
    payload.ok_or_else(|| {
        let advice = "`acuse events list --json` has the keys; quote them, they hold `#` and `|`";
        Failure::with_advice(SendError::NoEvent(key.to_owned()), advice)
    })
}

impl Arguments {
    /// Sends, a line of output a delivery. An answer that is not the expected one is an error:
    /// 200, or 401 with `--break`.
    async fn send(
        &self,
        provider: &'static Provider,
        secrets: &Secrets,
        url: &str,
        given: Option<Vec<u8>>,
    ) -> Result<(), SendError> {
        let expected = if self.broken.is_some() { 401 } else { 200 };
        let (mut sent, mut unexpected) = (0, 0);
        for _ in 0..self.count {
            let sample = Sample::signed(
                provider,
                given.clone().map_or_else(|| self.payload(provider), Ok)?,
                secrets,
                SystemClock.now(),
                self.broken,
            )?;
            for _ in 0..=u32::from(self.twice) {
                let status = self.post(url, &sample).await?;
                sent += 1;
                unexpected += u32::from(status != expected);
            }
        }
        if unexpected > 0 {
            return Err(SendError::Unexpected {
                unexpected,
                sent,
                expected,
            });
        }
        Ok(())
    }

    fn payload(&self, provider: &'static Provider) -> Result<Vec<u8>, SendError> {
        let payload = sample::payload(provider, self.event_type.as_deref().unwrap_or_default())?;
        Ok(sample::renewed(provider, &payload, SystemClock.now()).into_bytes())
    }

    async fn post(&self, url: &str, sample: &Sample) -> Result<u16, SendError> {
        let answer = post(url, &sample.headers, &sample.body, PATIENCE).await?;
        let (status, text) = (answer.status, answer.text);
        if self.json {
            terminal::json(json!({"status": status, "answer": text, "delivery_id": answer.delivery_id}));
        } else {
            let delivery = answer
                .delivery_id
                .map(|id| format!("  delivery {id}"))
                .unwrap_or_default();
            say!("{status} {}{delivery}", cut(&text, 300));
        }
        Ok(status)
    }
}
