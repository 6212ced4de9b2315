//! The Python peers: a virtual environment with the locked packages.

use std::fs;

use indicatif::ProgressBar;
use tokio::process::Command;

use super::{Folders, Made, Size, command};
use crate::contender::Entry;
use crate::error::Error;
use crate::process::Program;

/// Lambda's Python of the comparison, else whatever there is.
const PYTHONS: &[&str] = &["python3.11", "python3"];

/// What pip itself brings is not a function's.
const TOOLS: &[&str] = &["pip", "setuptools", "pkg_resources", "_distutils_hack", "__pycache__"];

pub(super) async fn programs(entries: &[Entry], folders: &Folders, progress: &ProgressBar) -> Result<Vec<Made>, Error> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let (venv, source) = (folders.target.join("python"), folders.peer("python"));
    let python = venv.join("bin/python");
    let lock = source.join("requirements.txt");
    let wanted = fs::read_to_string(&lock).map_err(Error::file("read", &lock))?;
    let stamp = venv.join("installed");
    if fs::read_to_string(&stamp).ok().as_deref() != Some(wanted.as_str()) {
        progress.set_message("installing the Python peer's packages (once)");
        let mut make = Command::new(find().await?);
        make.args(["-m", "venv", "--clear"]).arg(&venv);
        command::run("making a virtual environment", &mut make).await?;
        let mut install = Command::new(&python);
        install
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(["--require-hashes", "--no-deps", "-r"])
            .arg(&lock);
        command::run("installing the Python peer's packages", &mut install).await?;
        // Written last: an environment without it is half made.
        fs::write(&stamp, &wanted).map_err(Error::file("write", &stamp))?;
    }
    progress.set_message("zipping the Python peer");
    let packages = packages(&venv)?;
    let size = Size::of_folder(&packages, TOOLS)?;
    Ok(entries
        .iter()
        .map(|entry| {
            let handler = format!("{}.handler", entry.file);
            let program = Program {
                command: vec![
                    python.clone().into(),
                    "-m".into(),
                    "awslambdaric".into(),
                    handler.into(),
                ],
                folder: source.clone(),
                // A checkout is no place for compiled files; they go beside the packages.
                environment: vec![("PYTHONPYCACHEPREFIX", venv.join("pycache").display().to_string())],
            };
            (entry.name, program, size)
        })
        .collect())
}

async fn find() -> Result<&'static str, Error> {
    for python in PYTHONS {
        if command::is_there(python).await {
            return Ok(python);
        }
    }
    Err(Error::Missing {
        peer: "python",
        program: "python3.11",
    })
}

/// `lib/python3.…/site-packages`.
fn packages(venv: &std::path::Path) -> Result<std::path::PathBuf, Error> {
    let lib = venv.join("lib");
    let versions = fs::read_dir(&lib).map_err(Error::file("read", &lib))?;
    let mut folders = versions.filter_map(|entry| Some(entry.ok()?.path().join("site-packages")));
    Ok(folders.find(|folder| folder.is_dir()).unwrap_or(lib))
}
