//! `acuse register`: a window in which a panel's test deliveries are answered 200.

use std::collections::HashSet;
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use acuse_aws::system::SystemClock;
use acuse_cli::stack::quarantine::{Quarantined, Reverifier};
use acuse_cli::stack::queue::Walk;
use acuse_cli::stack::registration::Window;
use acuse_cli::stack::target::Target;
use acuse_cli::terminal::{self, quoted};
use acuse_cli::{note, sample, say};
use acuse_core::clock::{Clock, Timestamp};
use acuse_core::provider::Provider;
use acuse_core::receive::registration::LONGEST;
use clap::Args;
use jiff::{Span, SpanRelativeTo};

use super::Failure;
use super::interrupt::interrupted;
use super::options::StackOptions;
use super::progress::countdown;
use super::secrets::ACCEPTED_AFTER;

/// Shorter ones would be over before every function knows of them.
const SHORTEST: Duration = Duration::from_secs(120);

/// Between two looks at the quarantine.
const PAUSE: Duration = Duration::from_secs(1);

/// Arguments of `acuse register`.
#[derive(Debug, Args)]
#[command(
    long_about = "Answer a provider's test deliveries with 200 while you register its webhook, and see what they were

Many panels take a URL only once their test delivery is answered 200, and some sign it with another
secret, or not at all. While the window is open, a delivery that fails verification is answered 200
and kept in quarantine; it never becomes an event. Deliveries that verify go their usual way. Each
one that fails is shown here with what is wrong with it.

The window closes by itself, or at Ctrl-C. A provider does not send again what was answered 200:
once the secret is put, `acuse quarantine release` queues what was genuine.",
    after_help = "Examples:
  acuse register unopago --stack acuse               prints the URL, waits, shows what comes
  acuse register onepay --for 30m --stack acuse
  acuse register unopago --close --stack acuse

Needs secretsmanager:PutSecretValue and GetSecretValue for the provider's secret, and to read the quarantine."
)]
pub(crate) struct Arguments {
    /// Whose deliveries
    #[arg(value_parser = sample::names())]
    provider: String,
    /// How long, from now: 2m to 1h
    #[arg(long = "for", value_parser = length, value_name = "LENGTH", default_value = "15m", conflicts_with = "close")]
    length: Duration,
    /// Close a window that another run has left open
    #[arg(long)]
    close: bool,
    #[command(flatten)]
    stack: StackOptions,
}

fn length(text: &str) -> Result<Duration, String> {
    let span: Result<Span, _> = text.parse();
    let length = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()));
    let length = length.ok().and_then(|length| Duration::try_from(length).ok());
    length
        .filter(|length| (SHORTEST..=LONGEST).contains(length))
        .ok_or_else(|| "expected two minutes to one hour: 15m".to_owned())
}

/// Does it.
pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let provider = sample::provider(&arguments.provider)?;
    let target = arguments.stack.target().await?;
    let window = Window::of(&target, provider)?;
    if arguments.close {
        close(&window, provider).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let url = target.webhook_url(provider)?;
    let opened = SystemClock.now();
    let until = opened.plus(arguments.length);
    let mut watch = Watch {
        target: &target,
        provider,
        opened,
        seen: HashSet::new(),
        registered: 0,
    };

    let mut stop = pin!(interrupted());
    let wait = async {
        window.open(until).await?;
        note!(
            "opening; waiting {} s, until every running function knows of it",
            ACCEPTED_AFTER.as_secs()
        );
        countdown(ACCEPTED_AFTER).await;
        Ok::<_, Failure>(())
    };
    tokio::select! {
        // Listens before the window is opened.
        biased;
        () = &mut stop => {
            close(&window, provider).await?;
            return Ok(ExitCode::SUCCESS);
        }
        opened = wait => opened?,
    }
    say!(
        "open until {until}. Register {url} with {}, and send its test delivery",
        provider.name
    );
    note!("what fails verification is answered 200 and shown here. Ctrl-C closes the window");

    let mut stopped = false;
    while !stopped && SystemClock.now() < until {
        let mut look = pin!(watch.look());
        let looked = tokio::select! {
            biased;
            () = &mut stop => {
                // At once; the look goes on to its end, or what it looks at would stay hidden.
                stopped = true;
                let closed = close(&window, provider).await;
                let looked = look.await;
                closed.and(looked)
            }
            looked = &mut look => looked,
        };
        if let (Err(failure), false) = (looked, stopped) {
            close(&window, provider).await?;
            return Err(failure);
        }
        if !stopped {
            tokio::select! {
                biased;
                () = &mut stop => {
                    stopped = true;
                    close(&window, provider).await?;
                }
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }
    if !stopped {
        say!("closed: the time is over");
    }
    // What came at its very end.
    watch.look().await?;
    watch.finish();
    Ok(ExitCode::SUCCESS)
}

async fn close(window: &Window, provider: &Provider) -> Result<(), Failure> {
    window.close().await?;
    say!(
        "closed the registration window of {}; a running function may answer 200 until {}",
        provider.name,
        SystemClock.now().plus(ACCEPTED_AFTER)
    );
    Ok(())
}

/// Looks for what the provider sends.
struct Watch<'a> {
    target: &'a Target,
    provider: &'static Provider,
    opened: Timestamp,
    seen: HashSet<String>,
    registered: usize,
}

impl Watch<'_> {
    /// Prints what has come since the last look. A whole pass: a look that hides nothing from others sees a part of
    /// a long queue.
    async fn look(&mut self) -> Result<(), Failure> {
        let client = aws_sdk_sqs::Client::new(&self.target.sdk);
        let mut walk = Walk::list(client, self.target.output("QuarantineQueueUrl")?).await?;
        let found = self.walk(&mut walk).await;
        walk.end().await?;
        found
    }

    async fn walk(&mut self, walk: &mut Walk) -> Result<(), Failure> {
        // With the secrets of now: they may be put while this waits.
        let mut bench = Reverifier::new(self.target)?;
        loop {
            let messages = walk.next().await?;
            if messages.is_empty() {
                return Ok(());
            }
            for held in messages.into_iter().map(Quarantined::open) {
                let of_now = held.received_at().is_some_and(|at| at >= self.opened);
                if held.provider == self.provider.name && of_now && self.seen.insert(held.delivery_id()) {
                    self.show(&held, &bench.diagnose(&held).await?);
                }
            }
        }
    }

    fn show(&mut self, held: &Quarantined, diagnosis: &str) {
        self.registered += usize::from(held.registration);
        let status = if held.registration { 200 } else { 401 };
        say!("answered {status}: {}, {}", held.delivery_id(), held.reason);
        quoted("  ", diagnosis).iter().for_each(|line| terminal::line(line));
    }

    fn finish(&self) {
        let name = self.provider.name;
        match self.registered {
            0 => say!("no delivery was answered 200 without verification"),
            count => say!(
                "{count} answered 200 and not verified: in quarantine, and not sent again. Once the secret is put: `acuse quarantine release --provider {name}`, and `purge` for the rest"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_two_minutes_to_an_hour_long() {
        for (text, seconds) in [("2m", 120), ("15m", 900), ("1h", 3600)] {
            assert_eq!(length(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "119s", "61m", "15", "-15m", "forever", "1d", "1 year"] {
            assert!(length(text).is_err(), "{text}");
        }
    }
}
