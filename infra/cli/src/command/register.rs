//! `acuse register`: a registration window, in which a provider's test deliveries are answered 200.

use std::collections::HashSet;
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use acuse_aws::system::SystemClock;
use acuse_core::account::AccountName;
use acuse_core::clock::{Clock, Timestamp};
use acuse_core::provider::Provider;
use acuse_core::receive::SecretStore;
use acuse_core::receive::registration::{LONGEST, Window};
use acuse_core::receive::signature::Refusal;
use acuse_core::wire::delivery::{Delivery, Unverified};
use clap::Args;

use super::Failure;
use super::interrupt::interrupted;
use super::options::StackOptions;
use super::progress::countdown;
use super::secrets::ACCEPTED_AFTER;
use crate::stack::audit::{Action, Audit};
use crate::stack::filter::{self, account_parser, provider_parser};
use crate::stack::quarantine::{Quarantined, Reverifier};
use crate::stack::queue::Walk;
use crate::stack::secret::{StackSecret, StackSecretError};
use crate::stack::target::Target;
use crate::terminal::{self, quoted};
use crate::{note, say};

/// A shorter window would be over before every function knows of it.
const SHORTEST: Duration = Duration::from_secs(120);

const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
#[command(
    long_about = "Answer a provider's test deliveries with 200 while you register its webhook, and show them

Many panels accept a URL only if it answers their test delivery with 200, and some sign that delivery
with another secret or not at all. While the window is open, a delivery that fails verification is
answered 200 and kept in quarantine. It never becomes an event. Each one is shown here with the reason
it failed. Valid deliveries are processed as usual.

The window closes after its time, or at Ctrl-C. A provider does not send again what was answered 200:
once you have put the secret, run `acuse quarantine release` to queue the genuine deliveries.",
    after_help = "Examples:
  acuse register unopago --stack acuse                  prints the URL, waits, shows what arrives
  acuse register onepay --for 30m --stack acuse
  acuse register onepay --account test --stack acuse    for /webhooks/onepay/test; the account needs no secret yet
  acuse register unopago --close --stack acuse

Needs secretsmanager:PutSecretValue and GetSecretValue for the provider's secret, and permission to read
the quarantine queue."
)]
pub(crate) struct Arguments {
    /// The provider whose webhook you register
    #[arg(value_parser = provider_parser())]
    provider: &'static Provider,
    /// The account whose webhook you register; it may have no secret yet
    #[arg(long, value_parser = account_parser(), value_name = "NAME", default_value_t)]
    account: AccountName,
    /// How long the window stays open: 2m to 1h
    #[arg(long = "for", value_parser = length, value_name = "LENGTH", default_value = "15m", conflicts_with = "close")]
    length: Duration,
    /// Close a window that another run left open
    #[arg(long)]
    close: bool,
    #[command(flatten)]
    stack: StackOptions,
}

fn length(text: &str) -> Result<Duration, String> {
    filter::length(text)
        .filter(|length| (SHORTEST..=LONGEST).contains(length))
        .ok_or_else(|| "expected two minutes to one hour, such as 15m".to_owned())
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let provider = arguments.provider;
    let target = arguments.stack.target().await?;
    let secret = StackSecret::of(&target, provider)?;
    let account = arguments.account;
    let audit = Audit::of(&target)?;
    if arguments.close {
        let begun = audit.begin(&target, Action::new("register --close").on(provider.name), false);
        // A window that can't be traced is closed all the same: it only answers 200 to what is not proven.
        let (begun, closed) = (begun.await, close(&secret, provider).await);
        begun?.end(usize::from(closed.is_ok()), closed).await?;
        return Ok(ExitCode::SUCCESS);
    }
    // Older functions would never answer it 200, and the panel would refuse the URL.
    if !account.is_default() && !target.knows_accounts() {
        return Err(StackSecretError::OldFunctions.into());
    }
    let url = target.webhook_url(provider, &account)?;
    let opened = SystemClock.now();
    if let Some(other) = target.secrets(provider)?.registration().await?
        && other.account != account
        && other.is_open(other.account.as_str(), opened)
    {
        let (scope, until) = (other.account.scope(provider.name), other.until);
        return Err(Failure::with_advice(
            format!("the window of `{scope}` is open until {until}, and a provider has one at a time"),
            format!("wait, or close it: `acuse register {} --close`", provider.name),
        ));
    }
    let until = opened.plus(arguments.length);
    let mut watch = Watch {
        target: &target,
        provider,
        account: &account,
        opened,
        seen: HashSet::new(),
        registered: 0,
    };
    // Begun while the window is open, and ended with how many were answered 200.
    let scope = account.scope(provider.name);
    let begun = audit.begin(&target, Action::new("register").on(&scope), false).await?;
    let watched = watch.until(until, &secret, &url).await;
    begun.end(watch.registered, watched).await?;
    Ok(ExitCode::SUCCESS)
}

async fn close(secret: &StackSecret, provider: &Provider) -> Result<(), Failure> {
    secret.set_registration(None).await?;
    say!(
        "closed the registration window of {}; a running function may answer 200 until {}",
        provider.name,
        SystemClock.now().plus(ACCEPTED_AFTER)
    );
    Ok(())
}

struct Watch<'a> {
    target: &'a Target,
    provider: &'static Provider,
    account: &'a AccountName,
    opened: Timestamp,
    seen: HashSet<String>,
    registered: usize,
}

impl Watch<'_> {
    /// Opens the window and shows what arrives, until it is over or interrupted.
    async fn until(&mut self, until: Timestamp, secret: &StackSecret, url: &str) -> Result<(), Failure> {
        let (provider, account) = (self.provider, self.account);
        // Closes the window at once, whatever else is going on.
        let mut interrupted = pin!(async {
            interrupted().await;
            close(secret, provider).await
        });
        let open = async {
            secret
                .set_registration(Some(&Window {
                    account: account.clone(),
                    until,
                }))
                .await?;
            note!(
                "opening; waiting {} s until every running function knows of it",
                ACCEPTED_AFTER.as_secs()
            );
            countdown(ACCEPTED_AFTER).await;
            Ok::<_, Failure>(())
        };
        tokio::select! {
            // Listens for a signal before the window is opened.
            biased;
            closed = &mut interrupted => return closed,
            opened = open => opened?,
        }
        say!(
            "open until {until}. Register {url} with {}, and send its test delivery",
            provider.name
        );
        note!("deliveries that fail verification are answered 200 and shown here. Ctrl-C closes the window");

        let closed = loop {
            let mut look = pin!(self.look());
            let looked = tokio::select! {
                biased;
                // The look is finished, or it would leave messages hidden.
                closed = &mut interrupted => break closed.and(look.await),
                looked = &mut look => looked,
            };
            if let Err(failure) = looked {
                close(secret, provider).await?;
                return Err(failure);
            }
            if SystemClock.now() >= until {
                say!("closed: the time is over");
                break Ok(());
            }
            tokio::select! {
                biased;
                closed = &mut interrupted => break closed,
                () = tokio::time::sleep(PAUSE) => {}
            }
        };
        closed?;
        // For deliveries that arrived at the very end.
        self.look().await?;
        self.sum_up();
        Ok(())
    }

    /// Prints what arrived since the last look. This takes a whole pass: a look that hides nothing from others sees
    /// only part of a long queue.
    async fn look(&mut self) -> Result<(), Failure> {
        let mut walk = Walk::list(self.target, "QuarantineQueueUrl").await?;
        let shown = async {
            // A new one each time: the secret may be put meanwhile.
            let mut reverifier = Reverifier::new(self.target)?;
            while let Some(messages) = walk.next().await? {
                for item in messages.into_iter().map(Quarantined::open) {
                    let is_new = item.received_at().is_some_and(|at| at >= self.opened);
                    let account = item.delivery.as_ref().map(Delivery::<Unverified>::account);
                    let is_own = item.provider == self.provider.name && account == Ok(self.account.as_str());
                    if is_own && is_new && self.seen.insert(item.delivery_id()) {
                        self.registered += usize::from(item.registration);
                        let status = match item.registration {
                            true => 200,
                            // For some seconds after the window is opened.
                            false if item.reason == Refusal::AccountUnknown.to_string() => 404,
                            false => 401,
                        };
                        let diagnosis = reverifier.diagnose(&item).await?;
                        say!("answered {status}: {}, {}", item.delivery_id(), item.reason);
                        quoted("  ", &diagnosis.to_string())
                            .iter()
                            .for_each(|line| terminal::say(line));
                    }
                }
            }
            Ok(())
        };
        let shown = shown.await;
        walk.end(shown).await
    }

    fn sum_up(&self) {
        let name = self.provider.name;
        match self.registered {
            0 => say!("no delivery was answered 200 without verification"),
            count => say!(
                "{count} answered 200 and not verified: they are in quarantine, and {name} does not send them again. Once you have put the secret, run `acuse quarantine release --provider {name}`, and `purge` for the rest"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_lasts_two_minutes_to_an_hour() {
        for (text, seconds) in [("2m", 120), ("15m", 900), ("1h", 3600)] {
            assert_eq!(length(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "119s", "61m", "15", "-15m", "forever", "1d", "1 year"] {
            assert!(length(text).is_err(), "{text}");
        }
    }
}
