//! Python, and virtual environments with locked tools.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Once;

use tokio::process::Command;

use super::command;
use super::error::Error;
use super::progress::Progress;
use super::state::lock;

/// The emulator and the translator of SAM templates.
pub(super) const EMULATOR: Tools = Tools {
    name: "the emulator",
    folder: "venv",
    lock: include_str!("../../embedded/requirements.txt"),
};

/// cargo-lambda, for hot reload.
pub(super) const WATCH: Tools = Tools {
    name: "cargo-lambda",
    folder: "venv-watch",
    lock: include_str!("../../embedded/requirements-watch.txt"),
};

/// The oldest Python that the emulator supports.
pub(super) const OLDEST: &str = "3.10";

/// Fails if Python is older, or can't create virtual environments.
const CHECK: &str =
    "import sys, venv, ensurepip; sys.version_info < (3, 10) and sys.exit('version %d.%d' % sys.version_info[:2])";

/// The tools of a virtual environment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tools {
    name: &'static str,
    folder: &'static str,
    /// Every package with version and hashes, from `.ci/lock`.
    lock: &'static str,
}

/// A virtual environment with its tools installed.
#[derive(Debug, Clone)]
pub(super) struct Venv {
    folder: PathBuf,
}

impl Venv {
    /// The environment of `tools` in the folder `local`. It is recreated only if the lock changes. Of two processes at
    /// once, one creates it and the other waits.
    pub(super) async fn prepare(local: &Path, tools: Tools, progress: &Progress) -> Result<Self, Error> {
        let folder = local.join(tools.folder);
        let noted = Once::new();
        let wait = || {
            noted.call_once(|| progress.say("waiting for another process to install the same tools"));
            true
        };
        let _lock = lock(&local.join(format!("{}.lock", tools.folder)), wait).await?;
        let venv = Self { folder };
        let installed = venv.folder.join("installed.txt");
        if fs::read_to_string(&installed).is_ok_and(|made| made == tools.lock) && venv.python().exists() {
            return Ok(venv);
        }

        let python = find().await?;
        progress.say(format!(
            "installing {} with pip (once, about half a minute)",
            tools.name
        ));
        if venv.folder.exists() {
            fs::remove_dir_all(&venv.folder).map_err(Error::file("remove", &venv.folder))?;
        }
        let mut create = Command::new(python);
        create.args(["-m", "venv"]).arg(&venv.folder).stderr(Stdio::piped());
        command::run("creating a virtual environment", &mut create, None).await?;
        let lock = venv.folder.join("requirements.txt");
        fs::write(&lock, tools.lock).map_err(Error::file("write", &lock))?;
        let mut install = Command::new(venv.python());
        // Without --no-deps, pip wants a hash for each name with extras, which the lock does not have.
        install
            .args(["-m", "pip", "install", "--disable-pip-version-check", "--quiet"])
            .args(["--require-hashes", "--no-deps", "-r"])
            .arg(&lock)
            .stderr(Stdio::piped());
        let advice = "pip needs PyPI or a mirror of it: see PIP_INDEX_URL, PIP_PROXY";
        command::run("installing locked packages", &mut install, Some(advice)).await?;
        // Last, since its presence means that the environment is complete.
        fs::rename(&lock, &installed).map_err(Error::file("rename", &lock))?;
        Ok(venv)
    }

    /// The interpreter.
    pub(super) fn python(&self) -> PathBuf {
        self.bin().join("python")
    }

    /// The folder of programs.
    pub(super) fn bin(&self) -> PathBuf {
        self.folder.join("bin")
    }
}

/// The Python that `PYTHON` names, or the first of the usual names that is recent enough.
async fn find() -> Result<OsString, Error> {
    let named = std::env::var_os("PYTHON").filter(|name| !name.is_empty());
    let candidates: Vec<OsString> = match named {
        Some(name) => vec![name],
        None => [
            "python3",
            "python3.14",
            "python3.13",
            "python3.12",
            "python3.11",
            "python3.10",
            "python",
        ]
        .map(OsString::from)
        .into(),
    };
    let mut found = Vec::new();
    for candidate in candidates {
        match check(&candidate).await {
            Ok(()) => return Ok(candidate),
            Err(why) => found.push(format!("{}: {why}", candidate.to_string_lossy())),
        }
    }
    Err(Error::NoPython(found.join("; ")))
}

/// Why this Python can't be used.
async fn check(python: &OsString) -> Result<(), String> {
    let output = Command::new(python)
        .args(["-c", CHECK])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => "not found".to_owned(),
            _ => error.to_string(),
        })?;
    if output.status.success() {
        return Ok(());
    }
    let printed = String::from_utf8_lossy(&output.stderr);
    let last = printed.lines().last().unwrap_or("it fails").to_owned();
    Err(match last.contains("ensurepip") || last.contains("venv") {
        // Debian and Ubuntu have it in a separate package.
        true => format!("{last} (install python3-venv)"),
        false => last,
    })
}

#[cfg(test)]
mod tests;
