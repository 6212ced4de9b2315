//! `acuse send`: posting a signed sample event.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use acuse_aws::system::SystemClock;
use acuse_cli::http::{PostError, post};
use acuse_cli::sample::{self, Break, Sample};
use acuse_cli::say;
use acuse_cli::stack::filter::{account_parser, provider_parser};
use acuse_cli::stack::lookup;
use acuse_cli::stack::target::Target;
use acuse_cli::terminal::{self, cut};
use acuse_core::account::AccountName;
use acuse_core::clock::Clock;
use acuse_core::provider::Provider;
use clap::Args;
use serde_json::json;

use super::options::StackOptions;
use super::{Failure, Unreadable};

/// Providers give up after 5 s. This waits longer, to show how slow an answer is.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  acuse send onepay payment.approved
  acuse send kuenta payment.completed --count 20
  acuse send onepay payment.approved --twice          the second delivery is a duplicate
  acuse send unopago payment_received --break signature
  acuse send onepay payment.approved --account test   to /webhooks/onepay/test, with that account's secret
  acuse send onepay --body payload.json               signs the file's bytes as they are
  jq -c . payload.json | acuse send onepay --body -   signs standard input
  acuse send onepay --event 'onepay#live#payment#9e5c…|payment.approved' --url http://127.0.0.1:3000/webhooks/onepay
  acuse send onepay payment.approved --stack acuse    on a deployed stack: hooks get a payment that never happened")]
pub(crate) struct Arguments {
    /// The provider to send as
    #[arg(value_parser = provider_parser())]
    provider: &'static Provider,
    /// An event type of the provider's guide; an unknown one prints the list
    #[arg(required_unless_present_any = ["body", "event"])]
    event_type: Option<String>,
    /// The account to send to, signed with its secret; a sample names the environment that the account is bound to
    #[arg(long, value_parser = account_parser(), value_name = "NAME", default_value_t)]
    account: AccountName,
    /// Send an invalid delivery, which must be refused
    #[arg(long = "break", value_name = "PROOF")]
    broken: Option<Break>,
    /// Send this file's bytes instead of a sample; `-` reads standard input
    #[arg(long, value_name = "FILE", conflicts_with = "event_type")]
    body: Option<PathBuf>,
    /// Send the payload that the ledger has of this event, by key
    #[arg(long, value_name = "KEY", conflicts_with_all = ["event_type", "body"])]
    event: Option<String>,
    /// Send to this URL instead of the stack's
    #[arg(long)]
    url: Option<String>,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    /// How many events to send, each of a new resource
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
    /// Send each delivery a second time, byte for byte
    #[arg(long)]
    twice: bool,
    #[command(flatten)]
    stack: StackOptions,
}

/// Sends to the account's public URL, signed with its secret, and prints a line for each delivery. Any answer other
/// than the expected one is an error: 200, or 401 with `--break`.
pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let body = arguments.body.as_deref().map(read).transpose()?;
    let target = arguments.stack.target().await?;
    let provider = target.provider(arguments.provider)?;
    let secrets = sample::signer(&target, provider, &arguments.account).await?;
    let url = match &arguments.url {
        Some(url) => url.clone(),
        None => target.webhook_url(provider, &arguments.account)?,
    };
    let given = match &arguments.event {
        Some(key) => Some(recorded(&target, key).await?),
        None => body,
    };
    let expected = if arguments.broken.is_some() { 401 } else { 200 };
    let (mut sent, mut unexpected) = (0, 0);
    for _ in 0..arguments.count {
        let now = SystemClock.now();
        let body = match (&given, &arguments.event_type) {
            (Some(given), _) => given.clone(),
            (None, name) => sample::event(provider, name.as_deref().unwrap_or_default(), secrets.account(), now)?,
        };
        let sample = Sample::signed(provider, body, &secrets, now, arguments.broken)?;
        for _ in 0..=u32::from(arguments.twice) {
            let status = arguments.post(&url, &sample).await?;
            sent += 1;
            unexpected += u32::from(status != expected);
        }
    }
    if unexpected > 0 {
        return Err(Failure::new(format!(
            "{unexpected} of {sent} deliveries were not answered {expected}"
        )));
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads a file or standard input, which can be read only once.
fn read(path: &Path) -> Result<Vec<u8>, Unreadable> {
    if path != Path::new("-") {
        return std::fs::read(path).map_err(Unreadable::of(&path.display().to_string()));
    }
    let mut bytes = Vec::new();
    let read = io::stdin().read_to_end(&mut bytes);
    read.map(|_| bytes).map_err(Unreadable::of("standard input"))
}

/// The payload of an event as the provider sent it.
async fn recorded(target: &Target, key: &str) -> Result<Vec<u8>, Failure> {
    let ledger = target.ledger()?;
    let payload = match lookup::by_key(&ledger, key).await? {
        Some(record) => ledger.payload(&record).await?,
        None => None,
    };
    payload.ok_or_else(|| {
        Failure::with_advice(
            format!("the ledger has no payload of `{key}`"),
            "`acuse events list --json` prints the keys; quote them, because they contain `#` and `|`",
        )
    })
}

impl Arguments {
    async fn post(&self, url: &str, sample: &Sample) -> Result<u16, PostError> {
        let answer = post(url, &sample.headers, &sample.body, PATIENCE).await?;
        let (status, text) = (answer.status, answer.text);
        if self.json {
            terminal::json(json!({"status": status, "answer": text, "delivery_id": answer.delivery_id}));
        } else {
            let delivery = answer
                .delivery_id
                .map_or_else(String::new, |id| format!("  delivery {id}"));
            say!("{status} {}{delivery}", cut(&text, 300));
        }
        Ok(status)
    }
}
