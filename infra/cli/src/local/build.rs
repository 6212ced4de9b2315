//! The functions' binaries, built by cargo.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;

use serde::Deserialize;
use tokio::process::Command;

use super::checkout::Checkout;
use super::command;
use super::error::Error;

/// One line of cargo's `--message-format=json`, as far as it matters here.
#[derive(Deserialize)]
struct Message {
    reason: String,
    executable: Option<PathBuf>,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// This process's environment for another cargo: without what `cargo run` told of this package,
/// which build scripts watch (ring's does). With it, each of the two would undo the other's work.
pub(super) fn environment() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os().filter(|(name, _)| {
        let name = name.to_string_lossy();
        name != "OUT_DIR" && !name.starts_with("CARGO_PKG_") && !name.starts_with("CARGO_MANIFEST_")
    })
}

/// Builds `names` and says where each of them is.
///
/// In the development profile and without `--package`, so that features are chosen over the whole
/// workspace and what `cargo run` and `cargo test --workspace` have built is used again.
pub(super) async fn build(
    checkout: &Checkout,
    names: &[String],
    show: bool,
) -> Result<BTreeMap<String, PathBuf>, Error> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .env_clear()
        .envs(environment())
        .current_dir(checkout.root())
        .args(["build", "--message-format=json-render-diagnostics"])
        .args(names.iter().flat_map(|name| ["--bin", name]))
        .stderr(if show { Stdio::inherit() } else { Stdio::piped() });
    let printed = command::run("building the functions", &mut cargo, None).await?;
    let built: BTreeMap<String, PathBuf> = String::from_utf8_lossy(&printed)
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok())
        .filter(|message| message.reason == "compiler-artifact")
        .filter_map(|message| Some((message.target?.name, message.executable?)))
        .collect();
    match names.iter().find(|name| !built.contains_key(*name)) {
        None => Ok(built),
        Some(missing) => Err(Error::Template(format!(
            "cargo built no binary {missing:?}, which Metadata.BuildProperties.Binary names"
        ))),
    }
}
