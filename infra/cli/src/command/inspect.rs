//! `acuse inspect`: serves the inspector for a stack.

use std::net::SocketAddr;
use std::process::ExitCode;

use acuse_cli::loopback::Loopback;
use acuse_cli::{inspector, say};
use clap::Args;
use thiserror::Error;

use super::Failure;
use super::interrupt::interrupted;
use super::options::StackOptions;

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

/// The port can't be bound.
#[derive(Debug, Error)]
#[error("can't listen on {address}")]
struct NoAddress {
    address: SocketAddr,
    source: std::io::Error,
}

/// Serves until interrupted.
pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let target = arguments.stack.target().await?;
    let loopback = Loopback::bind(arguments.port).await.map_err(|(address, source)| {
        Failure::with_advice(NoAddress { address, source }, "set another port with `--port`")
    })?;
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
