//! `cargo lambda watch`, which rebuilds and restarts functions when their code changes.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tokio::net::TcpStream;

use super::api::Api;
use super::build::environment;
use super::checkout::Checkout;
use super::console::watched;
use super::deploy::Route;
use super::error::Error;
use super::process::Process;
use super::python::Venv;
use super::state::env_path;

const TIMEOUT: Duration = Duration::from_secs(60);

/// The address it listens on. It has no authentication, so a page open in a browser could invoke the functions with
/// forged events. On Linux all of 127.0.0.0/8 is this machine, so a random address of it can't be guessed.
pub(super) fn address() -> Result<Ipv4Addr, Error> {
    if !cfg!(target_os = "linux") {
        return Ok(Ipv4Addr::LOCALHOST);
    }
    let mut bytes = [0; 3];
    getrandom::fill(&mut bytes).map_err(|error| Error::Runtime(error.to_string().into()))?;
    // Neither the network's address nor its broadcast address.
    let [first, second, third] = bytes;
    Ok(Ipv4Addr::new(127, first, second, third.clamp(2, 254)))
}

/// Starts it on this address and waits until it listens. It builds and starts a function at its first request: see
/// [`wake`].
pub(super) async fn start(
    venv: &Venv,
    checkout: &Checkout,
    state: &Path,
    address: SocketAddr,
    show: bool,
) -> Result<Process, Error> {
    let mut command = Command::new(venv.bin().join("cargo-lambda"));
    command
        .args([
            "lambda",
            "watch",
            "--invoke-address",
            &address.ip().to_string(),
            "--invoke-port",
            &address.port().to_string(),
            // Otherwise pages of any site may read its answers.
            "--disable-cors",
        ])
        .arg("--env-file")
        .arg(env_path(state))
        .current_dir(checkout.root())
        // cargo and rustup need the environment, but nothing of the real AWS may be in it.
        .envs(environment().filter(|(name, _)| !name.to_string_lossy().starts_with("AWS_")))
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("NO_PROXY", format!("127.0.0.1,localhost,{}", address.ip()))
        // Its output is escaped, and colours would be too.
        .env("CARGO_TERM_COLOR", "never")
        .env("PATH", path_with(venv.bin()));
    let mut watch = Process::start(
        "cargo lambda watch",
        &command,
        &venv.python(),
        state,
        show.then_some(watched),
    )?;
    let listens = || async move { TcpStream::connect(address).await.is_ok() };
    watch.wait_until(listens, TIMEOUT).await?;
    Ok(watch)
}

/// Builds and starts the functions of `routes`, so that no provider has to wait for it.
pub(super) async fn wake(api: &Api, url: &str, routes: &[Route]) {
    for route in routes {
        // Any answer will do, such as the 405 of a verify function.
        let _ = api.http().get(format!("{url}{}", route.path)).send().await;
    }
}

/// PATH with this folder first, which has cargo-lambda and zig.
fn path_with(first: PathBuf) -> std::ffi::OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::join_paths(std::iter::once(first).chain(std::env::split_paths(&path))).unwrap_or(path)
}
