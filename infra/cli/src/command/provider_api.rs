//! `acuse provider-api`: a server that plays a provider's API, to try `acuse reconcile` on one machine.

use std::path::PathBuf;
use std::process::ExitCode;

use acuse_aws::system::SystemClock;
use acuse_core::clock::Clock;
use clap::{Args, ValueEnum};

use super::interrupt::interrupted;
use super::{Failure, Unreadable};
use crate::loopback::Loopback;
use crate::reconcile::played::{Data, Fault, TOKEN, router};
use crate::say;
use crate::terminal::shell_quoted;

/// A provider whose API can be played.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Api {
    /// OnePay's, as far as its reference documents it
    Onepay,
}

/// Plays a provider's API on this machine, to try `acuse reconcile` without an account
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  acuse provider-api onepay
  acuse provider-api onepay --data payments.json --fault busy

In another terminal, against the local stack:
  acuse send onepay payment.created --set payment.id=demo-payment-1
  ONEPAY_API_TOKEN=sk_test_local acuse reconcile onepay --base-url http://127.0.0.1:3200

The server only listens on this machine. A file of `--data` is an object with `payments`, `payment_intents` and
`webhooks`, each a list of objects as in OnePay's reference. docs/reconcile.md has one.")]
pub(crate) struct Arguments {
    /// Whose API
    api: Api,
    /// Port on this machine; 0 for any free one
    #[arg(long, default_value_t = 3200)]
    port: u16,
    /// What it has, as JSON [default: three payments, of which one is paid, and a charge]
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// How it misbehaves
    #[arg(long, value_name = "HOW")]
    fault: Option<Fault>,
}

/// Serves until interrupted.
pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let Api::Onepay = arguments.api;
    let data = match &arguments.data {
        None => Data::sample(
            &SystemClock
                .now()
                .minus(std::time::Duration::from_secs(3600))
                .to_string(),
        ),
        Some(path) => {
            let shown = path.display().to_string();
            let text = std::fs::read_to_string(path).map_err(Unreadable::of(&shown))?;
            serde_json::from_str(&text).map_err(|error| {
                Failure::with_advice(
                    format!("{shown} can't be used: {error}"),
                    "it is an object with the lists `payments`, `payment_intents` and `webhooks`",
                )
            })?
        }
    };
    let first = data.payments.first().and_then(|payment| payment.get("id")?.as_str());
    let first = first.map(str::to_owned);
    let loopback = Loopback::bind(arguments.port).await;
    let loopback = loopback.map_err(|error| Failure::with_advice(error, "set another port with `--port`"))?;
    let port = loopback.port();
    say!("http://127.0.0.1:{port}   plays OnePay's API; press Ctrl-C to stop");
    say!("in another terminal, against the local stack, in this order:");
    // A webhook of the account shows how its keys are made. Without one, `--ingest` refuses.
    if let Some(id) = &first {
        say!(
            "  acuse send onepay payment.created --set payment.id={}",
            shell_quoted(id)
        );
    }
    say!("  ONEPAY_API_TOKEN={TOKEN} acuse reconcile onepay --base-url http://127.0.0.1:{port}");
    say!("the second one prints the command that takes in what is missing");
    tokio::select! {
        () = loopback.serve(router(data, arguments.fault), false) => {}
        () = interrupted() => {}
    }
    Ok(ExitCode::SUCCESS)
}
