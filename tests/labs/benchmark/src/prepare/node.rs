//! The Node peers: bundled by esbuild, with the SDK in it.

use std::fs;
use std::path::Path;

use indicatif::ProgressBar;
use tokio::process::Command;

use super::{Folders, Made, Size, command};
use crate::contender::Entry;
use crate::error::Error;
use crate::process::Program;

/// What is copied to where npm may put its packages.
const FILES: &[&str] = &[
    "package.json",
    "package-lock.json",
    "runtime.js",
    "verify.js",
    "consume.js",
];

pub(super) async fn programs(entries: &[Entry], folders: &Folders, progress: &ProgressBar) -> Result<Vec<Made>, Error> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    for program in ["node", "npm"] {
        if !command::is_there(program).await {
            return Err(Error::Missing { peer: "node", program });
        }
    }
    let (folder, source) = (folders.target.join("node"), folders.peer("node"));
    fs::create_dir_all(&folder).map_err(Error::file("create", &folder))?;
    let is_new = copy(&source, &folder)?;
    let stamp = folder.join("dist/made");
    if is_new || !stamp.exists() {
        progress.set_message("installing and bundling the Node peer's packages (once)");
        let mut install = Command::new("npm");
        install.args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder);
        command::run("installing the Node peer's packages", &mut install).await?;
        let mut build = Command::new("npm");
        build.args(["run", "build"]).current_dir(&folder);
        command::run("bundling the Node peer", &mut build).await?;
        fs::write(&stamp, "").map_err(Error::file("write", &stamp))?;
    }
    let node = node().await?;
    let mut made = Vec::new();
    for entry in entries {
        let bundle = folder.join("dist").join(entry.file).with_extension("cjs");
        let runtime = folder.join("dist/runtime.cjs");
        let program = Program {
            command: vec![node.clone().into(), runtime.into(), bundle.clone().into()],
            folder: folder.clone(),
            environment: Vec::new(),
        };
        made.push((entry.name, program, Size::of_binary(&bundle)?));
    }
    Ok(made)
}

/// Copies what has changed, and says whether anything had.
fn copy(source: &Path, folder: &Path) -> Result<bool, Error> {
    let mut is_new = false;
    for name in FILES {
        let (from, to) = (source.join(name), folder.join(name));
        let wanted = fs::read(&from).map_err(Error::file("read", &from))?;
        if fs::read(&to).ok().as_deref() != Some(&wanted) {
            fs::write(&to, wanted).map_err(Error::file("write", &to))?;
            is_new = true;
        }
    }
    Ok(is_new)
}

/// The interpreter itself, since functions have no `PATH`.
async fn node() -> Result<String, Error> {
    let mut ask = Command::new("node");
    let path = command::run("asking node where it is", ask.args(["-p", "process.execPath"])).await?;
    Ok(String::from_utf8_lossy(&path).trim().to_owned())
}
