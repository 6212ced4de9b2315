//! `acuse new app`: a workspace of one's own that depends on Acuse.

pub(crate) mod files;
mod manifest;
pub(crate) mod source;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::local::Checkout;
use crate::terminal::counted;
use crate::{note, say};
use clap::Args;

use super::Failure;
use super::name::Name;
use source::{Source, SourceError};

/// `acuse new app`
#[derive(Debug, Args)]
pub(crate) struct App {
    /// The app's name, such as `shop`: its folder, and the name of its stack
    name: Name,
    /// Where to write it [default: the name, in the working directory]
    #[arg(long, value_name = "PATH")]
    folder: Option<PathBuf>,
    /// The repository that cargo takes Acuse from [default: the origin of the checkout that you are in]
    #[arg(long, value_name = "URL", requires = "acuse_rev")]
    acuse_git: Option<String>,
    /// The tag or commit of it
    #[arg(long, value_name = "REV", requires = "acuse_git")]
    acuse_rev: Option<String>,
    /// A checkout of Acuse on this machine to build against instead, to work on both
    #[arg(long, value_name = "PATH", conflicts_with_all = ["acuse_git", "acuse_rev"])]
    acuse_path: Option<PathBuf>,
    /// Show what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// Why no app was written.
#[derive(Debug, thiserror::Error)]
enum AppError {
    #[error("{0} exists already, and is not empty")]
    Exists(PathBuf),
    #[error("{folder} is inside the checkout of Acuse in {checkout}")]
    Inside { folder: PathBuf, checkout: PathBuf },
    #[error("can't write {path}")]
    File { path: PathBuf, source: std::io::Error },
}

pub(super) fn run(arguments: App) -> Result<ExitCode, Failure> {
    let App {
        name,
        folder,
        acuse_git,
        acuse_rev,
        acuse_path,
        dry_run,
    } = arguments;
    let folder = folder.unwrap_or_else(|| PathBuf::from(name.kebab()));
    check(&folder)?;
    let source = match (&acuse_git, &acuse_rev, &acuse_path) {
        (Some(url), Some(version), _) => Source::git(url, version),
        (_, _, Some(path)) => Source::path(path),
        _ => Checkout::find()
            .map_err(|_| SourceError::Unknown)
            .and_then(|checkout| Source::of_checkout(checkout.root())),
    };
    let files = files::files(&name, &source.map_err(explained)?)?;
    for (path, text) in &files {
        let lines = counted(text.lines().count(), "line");
        match dry_run {
            true => say!("would write {} ({lines})", folder.join(path).display()),
            false => {
                let path = folder.join(path);
                write(&path, text).map_err(|source| AppError::File { path, source })?;
            }
        }
    }
    if dry_run {
        note!("nothing was written (`--dry-run`)");
        return Ok(ExitCode::SUCCESS);
    }
    say!("wrote {} to {}", counted(files.len(), "file"), folder.display());
    say!("");
    say!("  cd {}", folder.display());
    say!("  cargo test                                  # the example hook's tests");
    say!("  cargo run -- local                          # the stack on this machine");
    say!("  cargo run -- send onepay payment.approved   # in a second terminal: send it an event");
    say!("");
    say!("README.md goes on from there.");
    Ok(ExitCode::SUCCESS)
}

/// The folder is new or empty, and outside Acuse's checkout, whose git would take the app for a part of it.
fn check(folder: &Path) -> Result<(), Failure> {
    let is_empty = fs::read_dir(folder).map_or(!folder.exists(), |mut entries| entries.next().is_none());
    if !is_empty {
        let advice = "name another folder with `--folder`";
        return Err(Failure::with_advice(AppError::Exists(folder.to_owned()), advice));
    }
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    // Without `..`, as far as it is there.
    let whole = absolute
        .ancestors()
        .find_map(|folder| folder.canonicalize().ok())
        .unwrap_or(absolute);
    let checkout = whole
        .ancestors()
        .find(|folder| folder.join("shared/core/Cargo.toml").is_file());
    match checkout {
        Some(checkout) => {
            let advice = "write it beside the checkout, with `--folder ../NAME`";
            let (folder, checkout) = (folder.to_owned(), checkout.to_owned());
            Err(Failure::with_advice(AppError::Inside { folder, checkout }, advice))
        }
        None => Ok(()),
    }
}

pub(crate) fn write(path: &Path, text: &str) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(path, text)
}

/// With what to do about it.
fn explained(error: SourceError) -> Failure {
    let advice = match &error {
        SourceError::Unknown => {
            "name it with `--acuse-git URL --acuse-rev TAG` or, to work on both, `--acuse-path FOLDER`; inside a clone of Acuse it is that clone's origin"
        }
        SourceError::NoCheckout(_) => "name the folder of a clone of Acuse",
        SourceError::Unfit(_) => "use a URL and a tag or commit without quotes and spaces",
    };
    Failure::with_advice(error, advice)
}
