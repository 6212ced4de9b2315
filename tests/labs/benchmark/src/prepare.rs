//! Makes what is measured: builds the Rust programs as they go to Lambda, installs and bundles the peers.

mod command;
mod node;
mod python;
mod rust;
mod size;

use std::path::{Path, PathBuf};
use std::{env, fs};

use indicatif::ProgressBar;

use crate::contender::{Contender, Entry, Kind};
use crate::error::Error;
use crate::process::Program;
pub(crate) use command::tail;
pub(crate) use size::Size;

/// Where things are, and where things are made.
#[derive(Debug, Clone)]
pub(crate) struct Folders {
    /// The checkout.
    pub(crate) root: PathBuf,
    /// `target/benchmark` in it, wherever cargo itself may build.
    pub(crate) target: PathBuf,
    /// Where the Rust programs are, if they are not to be built.
    built: Option<PathBuf>,
}

impl Folders {
    /// Finds them. `built` has the Rust programs, by name; `None` to build them.
    pub(crate) fn find(built: Option<&Path>) -> Result<Self, Error> {
        // Not the checkout that this was compiled in, which may have been copied or moved since.
        let here = env::current_dir().map_err(Error::file("find", "the working directory"))?;
        let is_root = |folder: &&Path| folder.join("tests/labs/benchmark/peers").is_dir();
        let root = here.ancestors().find(is_root).ok_or(Error::NoCheckout)?.to_path_buf();
        let target = root.join("target/benchmark");
        fs::create_dir_all(&target).map_err(Error::file("create", &target))?;
        // Programs are started in a folder of their own.
        let built = built.map(|folder| folder.canonicalize().map_err(Error::file("find", folder)));
        let built = built.transpose()?;
        Ok(Self { root, target, built })
    }

    /// The files of a peer.
    fn peer(&self, name: &str) -> PathBuf {
        self.root.join("tests/labs/benchmark/peers").join(name)
    }
}

/// Makes all of `entries`.
pub(crate) async fn all(entries: &[Entry], folders: &Folders, progress: &ProgressBar) -> Result<Vec<Contender>, Error> {
    let of = |kind| {
        let entries = entries.iter().filter(move |entry| entry.kind == kind);
        entries.copied().collect::<Vec<_>>()
    };
    let mut programs = Vec::new();
    programs.extend(rust::programs(&of(Kind::Rust), folders, progress).await?);
    programs.extend(python::programs(&of(Kind::Python), folders, progress).await?);
    programs.extend(node::programs(&of(Kind::Node), folders, progress).await?);
    let mut contenders = Vec::new();
    for entry in entries {
        let made = programs.iter().find(|(name, ..)| *name == entry.name);
        if let Some((name, program, size)) = made.cloned() {
            let job = entry.job;
            contenders.push(Contender {
                name,
                job,
                program,
                size,
            });
        }
    }
    Ok(contenders)
}

/// A contender's name, how it is started, and how large it is.
type Made = (&'static str, Program, Size);
