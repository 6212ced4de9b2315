//! The Rust programs, built as they go to Lambda.

use std::path::Path;

use indicatif::ProgressBar;
use tokio::process::Command;

use super::{Folders, Made, Size, command};
use crate::contender::Entry;
use crate::error::Error;
use crate::process::Program;

/// The processor that cargo-lambda compiles for: the oldest that Lambda has.
/// <https://github.com/cargo-lambda/cargo-lambda/pull/149>
const PROCESSOR: &str = if cfg!(target_arch = "aarch64") {
    "neoverse-n1"
} else {
    "haswell"
};

/// Each package by itself: of several at once, each would get the features of all.
pub(super) async fn programs(entries: &[Entry], folders: &Folders, progress: &ProgressBar) -> Result<Vec<Made>, Error> {
    let mut made = Vec::new();
    for entry in entries {
        if let Some(built) = &folders.built {
            made.push(program(entry, &built.join(entry.file), folders)?);
            continue;
        }
        progress.set_message(format!("building {} (a minute or two, once)", entry.file));
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // What `cargo run` told of this package would make build scripts run again.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                cargo.env_remove(&name);
            }
        }
        cargo
            .args([
                "build",
                "--release",
                "--message-format=json-render-diagnostics",
                "-p",
                entry.file,
            ])
            .env("RUSTFLAGS", format!("-Ctarget-cpu={PROCESSOR}"))
            .current_dir(&folders.root);
        let printed = command::run(&format!("building {}", entry.file), &mut cargo).await?;
        let binary = executable(&printed, entry.file).ok_or_else(|| Error::Command {
            what: format!("building {}", entry.file),
            command: "cargo build".into(),
            output: "it built no binary of that name".into(),
        })?;
        made.push(program(entry, binary.as_ref(), folders)?);
    }
    Ok(made)
}

fn program(entry: &Entry, binary: &Path, folders: &Folders) -> Result<Made, Error> {
    let size = Size::of_binary(binary)?;
    let program = Program {
        command: vec![binary.into()],
        folder: folders.target.clone(),
        environment: Vec::new(),
    };
    Ok((entry.name, program, size))
}

/// The path of the binary `name` in what cargo printed.
fn executable(printed: &[u8], name: &str) -> Option<String> {
    String::from_utf8_lossy(printed).lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        (message["target"]["name"] == name).then_some(())?;
        message["executable"].as_str().map(str::to_owned)
    })
}
