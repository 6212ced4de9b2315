//! Builds the functions' binaries with cargo.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

use super::checkout::Checkout;
use super::command;
use super::error::Error;

/// This process's environment for another cargo, without the variables that `cargo run` sets for this package. Build
/// scripts watch those (ring's does), so the two cargos would rebuild each other's work.
pub(super) fn environment() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os().filter(|(name, _)| {
        let name = name.to_string_lossy();
        name != "OUT_DIR" && !name.starts_with("CARGO_PKG_") && !name.starts_with("CARGO_MANIFEST_")
    })
}

/// Builds the binaries `names` and returns their paths.
///
/// It uses the development profile and no `--package`, so that features are resolved for the whole workspace and the
/// builds of `cargo run` and `cargo test --workspace` are reused.
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
        .filter_map(|line| {
            let message: Value = serde_json::from_str(line).ok()?;
            let name = message.pointer("/target/name")?.as_str()?.to_owned();
            Some((name, message.get("executable")?.as_str()?.into()))
        })
        .collect();
    match names.iter().find(|name| !built.contains_key(*name)) {
        None => Ok(built),
        Some(missing) => Err(Error::Template(format!(
            "Metadata.BuildProperties.Binary names {missing:?}, but cargo built no such binary"
        ))),
    }
}
