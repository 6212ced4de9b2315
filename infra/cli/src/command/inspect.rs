//! `acuse inspect`: the page, for a deployed stack.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use acuse_cli::{inspector, say};
use clap::Args;
use thiserror::Error;
use tokio::net::TcpListener;

use super::Failure;
use super::interrupt::interrupted;
use super::which::Which;

/// Arguments of `acuse inspect`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  acuse inspect --stack acuse
  acuse inspect --stack acuse --profile prod --region us-east-1 --port 3100

The page is served on 127.0.0.1 alone, with your own credentials behind it. The local stack has it
at its own address, http://127.0.0.1:3000.")]
pub(crate) struct Arguments {
    /// Port on 127.0.0.1; 0 for any free one
    #[arg(long, default_value_t = 3100)]
    port: u16,
    #[command(flatten)]
    stack: Which,
}

/// The page's address can't be had.
#[derive(Debug, Error)]
#[error("can't listen on {address}")]
struct NoAddress {
    address: SocketAddr,
    source: std::io::Error,
}

/// Serves until it is interrupted.
pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let target = arguments.stack.find().await?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port));
    let no_address = |source| Failure::with_advice(NoAddress { address, source }, "choose another one with `--port`");
    let listener = TcpListener::bind(address).await.map_err(no_address)?;
    let address = listener.local_addr().unwrap_or(address);
    say!("http://{address}   the stack {}; Ctrl-C stops it", target.name());
    tokio::select! {
        served = axum::serve(listener, inspector::router(target)) => served?,
        () = interrupted() => {}
    }
    Ok(ExitCode::SUCCESS)
}
