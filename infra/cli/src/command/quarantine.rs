//! `acuse quarantine`: deliveries that failed verification and may turn out genuine.

use std::process::ExitCode;

use acuse_aws::verifier::{SecretsManager, SqsOutbox};
use acuse_cli::sample;
use acuse_core::clock::Timestamp;
use acuse_core::delivery::{Delivery, Unverified};
use acuse_core::envelope::{Envelope, TooLong};
use acuse_core::provider::Provider;
use acuse_core::quarantine::{Kept, NotKept};
use acuse_core::receive::{Outbox, OutboxError, SecretStore, StoreError};
use acuse_core::secrets::Secrets;
use acuse_core::signature::{self, diagnose};
use aws_sdk_sqs::types::Message;
use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use serde_json::{Value, json};
use thiserror::Error;

use super::confirm::confirm;
use super::interrupt::Interrupt;
use super::queue::{Walk, attribute};
use super::target::{Target, Which};
use super::{Failure, provider_names};

/// What to do with them.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lists what is in quarantine
    #[command(after_help = "Examples:
  acuse quarantine list
  acuse quarantine list --provider kuenta --json --stack acuse")]
    List(Arguments),
    /// Says which header, form and secret would have matched, and what to set
    #[command(after_help = "Examples:
  acuse quarantine diagnose
  acuse quarantine diagnose 01a209a8-0540-780c-968c-6556e20bffb4 --stack acuse")]
    Diagnose(Diagnose),
    /// Verifies again and queues what now holds, with its own delivery id and time of receipt
    ///
    /// Safe to interrupt and to run again: a delivery leaves the quarantine only after it is in the
    /// event queue, and the ledger drops what is queued twice.
    #[command(after_help = "Examples:
  acuse quarantine release --dry-run
  acuse quarantine release --provider onepay --stack acuse")]
    Release(Release),
    /// Deletes what still does not hold; what holds is left for `release`
    #[command(after_help = "Examples:
  acuse quarantine purge --provider kuenta
  acuse quarantine purge --yes --stack acuse")]
    Purge(Purge),
}

/// Which deliveries, and how to print.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only this provider's
    #[arg(long, value_parser = provider_names())]
    provider: Option<String>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    stack: Which,
}

/// `acuse quarantine diagnose`
#[derive(Debug, Args)]
pub(crate) struct Diagnose {
    /// Only the deliveries with these ids
    delivery_ids: Vec<String>,
    #[command(flatten)]
    arguments: Arguments,
}

/// `acuse quarantine release`
#[derive(Debug, Args)]
pub(crate) struct Release {
    /// Says what would be released, and changes nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    arguments: Arguments,
}

/// `acuse quarantine purge`
#[derive(Debug, Args)]
pub(crate) struct Purge {
    /// Does not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    arguments: Arguments,
}

/// A delivery that can't be handled.
#[derive(Debug, Error)]
enum QuarantineError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a delivery can't be queued: {0}")]
    TooLong(#[from] TooLong),
    #[error(transparent)]
    Outbox(#[from] OutboxError),
}

/// A quarantined delivery, with its message.
struct Item {
    message: Message,
    provider: String,
    reason: String,
    delivery: Result<Delivery<Unverified>, NotKept>,
}

/// A provider as the stack verifies it now.
struct Verifier {
    provider: &'static Provider,
    secrets: Secrets,
}

/// Does it.
pub(crate) async fn run(command: Command) -> Result<ExitCode, Failure> {
    let (arguments, act): (&Arguments, Act<'_>) = match &command {
        Command::List(arguments) => (arguments, Act::List),
        Command::Diagnose(diagnose) => (&diagnose.arguments, Act::Diagnose(&diagnose.delivery_ids)),
        Command::Release(release) => (
            &release.arguments,
            Act::Release {
                dry_run: release.dry_run,
            },
        ),
        Command::Purge(purge) => {
            confirm("delete what does not verify from the quarantine for good", purge.yes)?;
            (&purge.arguments, Act::Purge)
        }
    };
    let only = arguments.provider.as_deref().map(sample::provider).transpose()?;
    let target = arguments.stack.find().await?;
    let mut desk = Desk::new(&target, act, arguments.json)?;
    let interrupt = Interrupt::listen();
    let client = aws_sdk_sqs::Client::new(&target.sdk);
    let mut walk = Walk::new(client, target.output("QuarantineQueueUrl")?);
    let done = desk.walk(&mut walk, only, &interrupt).await;
    // First of all, nothing stays hidden.
    walk.end().await?;
    done?;
    desk.finish();
    Ok(interrupt.code())
}

/// What is done with each delivery.
#[derive(Debug, Clone, Copy)]
enum Act<'a> {
    List,
    Diagnose(&'a [String]),
    Release { dry_run: bool },
    Purge,
}

/// Works through the quarantine.
struct Desk<'a> {
    act: Act<'a>,
    json: bool,
    target: &'a Target,
    outbox: SqsOutbox,
    verifiers: Vec<Verifier>,
    table: Table,
    seen: usize,
    acted: usize,
}

impl<'a> Desk<'a> {
    fn new(target: &'a Target, act: Act<'a>, json: bool) -> Result<Self, Failure> {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(["RECEIVED", "PROVIDER", "DELIVERY", "BYTES", "REASON"]);
        Ok(Self {
            act,
            json,
            target,
            outbox: target.outbox()?,
            verifiers: Vec::new(),
            table,
            seen: 0,
            acted: 0,
        })
    }

    async fn walk(
        &mut self,
        walk: &mut Walk,
        only: Option<&'static Provider>,
        interrupt: &Interrupt,
    ) -> Result<(), Failure> {
        loop {
            let messages = walk.next().await?;
            if messages.is_empty() {
                return Ok(());
            }
            for message in messages {
                if interrupt.came() {
                    return Ok(());
                }
                let item = Item::open(message);
                if only.is_none_or(|only| only.name == item.provider) {
                    self.act(&item, walk).await?;
                }
            }
        }
    }

    async fn act(&mut self, item: &Item, walk: &mut Walk) -> Result<(), Failure> {
        self.seen += 1;
        match self.act {
            Act::List => self.list(item),
            Act::Diagnose(ids) => {
                if ids.is_empty() || ids.contains(&item.delivery_id()) {
                    self.diagnose(item).await?;
                }
            }
            Act::Release { dry_run } => {
                let Some((name, message)) = self.sealed(item).await? else {
                    return Ok(());
                };
                self.acted += 1;
                self.say(item, if dry_run { "would be released" } else { "released" });
                if !dry_run {
                    // Queued first: an interruption between the two makes a duplicate, which the
                    // ledger drops. The other way round it would make a loss.
                    self.outbox.queue(name, message).await.map_err(QuarantineError::from)?;
                    walk.delete(&item.message).await?;
                }
            }
            Act::Purge => {
                if self.sealed(item).await?.is_none() {
                    walk.delete(&item.message).await?;
                    self.acted += 1;
                    self.say(item, "deleted");
                }
            }
        }
        Ok(())
    }

    fn list(&mut self, item: &Item) {
        if self.json {
            println!("{}", item.json(None));
            return;
        }
        let bytes = item.delivery.as_ref().map_or(0, |delivery| delivery.body().len());
        self.table.add_row([
            item.received_at().map_or_else(|| "-".to_owned(), |at| at.to_string()),
            item.provider.clone(),
            item.delivery_id(),
            bytes.to_string(),
            item.reason.clone(),
        ]);
    }

    async fn diagnose(&mut self, item: &Item) -> Result<(), Failure> {
        self.acted += 1;
        let text = match &item.delivery {
            Err(error) => error.to_string(),
            Ok(delivery) => match self.verifier(&item.provider).await? {
                None => format!("there is no provider `{}`", item.provider),
                Some(Verifier { provider, secrets }) => {
                    diagnose(delivery, &provider.scheme, secrets, delivery.received_at()).to_string()
                }
            },
        };
        if self.json {
            println!("{}", item.json(Some(("diagnosis", &text))));
        } else {
            println!("{} {}\n  {text}", item.provider, item.delivery_id());
        }
        Ok(())
    }

    /// The event queue's message of a delivery that now holds; `None` for one that does not.
    async fn sealed(&mut self, item: &Item) -> Result<Option<(&'static str, acuse_core::envelope::Message)>, Failure> {
        let Ok(delivery) = &item.delivery else {
            return Ok(None);
        };
        let Some(Verifier { provider, secrets }) = self.verifier(&item.provider).await? else {
            return Ok(None);
        };
        // A signature's own time counts from when it came, not from now.
        let verified = signature::verify(delivery, &provider.scheme, secrets, delivery.received_at());
        Ok(match verified {
            Err(_) => None,
            Ok(verified) => {
                let message = Envelope::seal(provider.name, &verified).to_message();
                Some((provider.name, message.map_err(QuarantineError::from)?))
            }
        })
    }

    /// The provider as the stack verifies it; its secret is read once.
    async fn verifier(&mut self, name: &str) -> Result<Option<&Verifier>, Failure> {
        if !self.verifiers.iter().any(|known| known.provider.name == name) {
            let Ok(provider) = sample::provider(name) else {
                return Ok(None);
            };
            let provider = self.target.provider(provider)?;
            let store: SecretsManager = self.target.secrets(provider)?;
            let secrets = store.load().await.map_err(QuarantineError::from)?;
            self.verifiers.push(Verifier { provider, secrets });
        }
        Ok(self.verifiers.iter().find(|known| known.provider.name == name))
    }

    fn say(&self, item: &Item, what: &str) {
        if self.json {
            println!("{}", item.json(Some(("done", what))));
        } else {
            println!("{what}: {} {}", item.provider, item.delivery_id());
        }
    }

    fn finish(&self) {
        if self.json {
            return;
        }
        let (seen, acted, left) = (self.seen, self.acted, self.seen - self.acted);
        match self.act {
            _ if seen == 0 => println!("nothing is in quarantine"),
            Act::List => println!("{}", self.table),
            Act::Diagnose(_) if acted == 0 => println!("no such delivery is in quarantine"),
            Act::Diagnose(_) => {}
            Act::Release { dry_run: true } => println!("{acted} would be released, {left} would stay"),
            Act::Release { .. } => println!("{acted} released, {left} left in quarantine"),
            Act::Purge => println!("{acted} deleted, {left} left for `release`"),
        }
    }
}

impl Item {
    fn open(message: Message) -> Self {
        let text = message.body.as_deref().unwrap_or_default();
        let named = |name| attribute(&message, name).unwrap_or("?").to_owned();
        Self {
            provider: named("provider"),
            reason: named("reason"),
            delivery: Kept::open(text, |name| attribute(&message, name)),
            message,
        }
    }

    fn delivery_id(&self) -> String {
        let id = attribute(&self.message, "delivery_id");
        id.unwrap_or("?").to_owned()
    }

    fn received_at(&self) -> Option<Timestamp> {
        self.delivery.as_ref().ok().map(Delivery::received_at)
    }

    /// Never a header's value, nor the body: either may hold what is secret.
    fn json(&self, more: Option<(&str, &str)>) -> Value {
        let delivery = self.delivery.as_ref().ok();
        let names = delivery.map(|delivery| delivery.headers().keys().map(|name| name.as_str()).collect::<Vec<_>>());
        let mut line = json!({
            "provider": self.provider,
            "delivery_id": self.delivery_id(),
            "received_at": self.received_at().map(|at| at.to_string()),
            "reason": self.reason,
            "bytes": delivery.map(|delivery| delivery.body().len()),
            "headers": names,
        });
        if let (Value::Object(line), Some((name, text))) = (&mut line, more) {
            line.insert(name.to_owned(), json!(text));
        }
        line
    }
}
