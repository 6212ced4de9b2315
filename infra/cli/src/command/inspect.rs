//! `acuse inspect`: serves the inspector for a stack.

use std::process::ExitCode;

use clap::Args;

use super::Failure;
use super::interrupt::interrupted;
use super::options::StackOptions;
use crate::loopback::Loopback;
use crate::{inspector, say};

/// Arguments of `acuse inspect`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  acuse inspect --stack acuse
  acuse inspect --stack acuse --profile prod --region us-east-1 --port 3100

The inspector only listens on this machine and uses your own AWS credentials. The local stack includes it, at
http://127.0.0.1:3100.")]
pub(crate) struct Arguments {
    /// Port on this machine; 0 for any free one
    #[arg(long, default_value_t = 3100)]
    port: u16,
    #[command(flatten)]
    stack: StackOptions,
}

/// Serves until interrupted.
pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let target = arguments.stack.target().await?;
    let loopback = Loopback::bind(arguments.port).await;
    let loopback = loopback.map_err(|error| Failure::with_advice(error, "set another port with `--port`"))?;
    let port = loopback.port();
    say!(
        "http://127.0.0.1:{port}   inspects the stack {}; press Ctrl-C to stop",
        target.name()
    );
    tokio::select! {
        () = loopback.serve(inspector::router(target), false) => {}
        () = interrupted() => {}
    }
    Ok(ExitCode::SUCCESS)
}
