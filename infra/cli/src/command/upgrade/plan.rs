//! What an upgrade changes in an app.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use acuse_core::providers;
use serde_json::Value;

use super::blocks::{blocks, split_yours, with_yours};
use super::difference::{self, Difference};
use super::merge::{Conflict, merge};
use super::{lock, ours};
use crate::command::new::app::files::{self, File};
use crate::command::new::provider::sections::{self, SectionError};

const TEMPLATE: &str = "template.yaml";

/// Why an app can't be brought to this version. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanError {
    #[error("{0} is a fork of Acuse: its template.yaml comes with the merge")]
    Fork(PathBuf),
    #[error("acuse.lock can't be read (line {0})")]
    Lock(usize),
    #[error("{0} can't be read: {1}")]
    Template(&'static str, String),
    #[error("what is yours below `{0}` in template.yaml has no place in this version")]
    NoPlace(String),
    #[error("this version has {} as well, which you have in a place marked `Yours`", .0.join(", "))]
    SameName(Vec<String>),
    #[error("template.yaml has functions that are not as `acuse new provider` writes them ({})", .0.join(", "))]
    UnknownFunctions(Vec<String>),
    #[error(transparent)]
    Section(#[from] SectionError),
    #[error("can't {operation} {path}")]
    File {
        operation: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
}

/// The changes for this version.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The version that wrote the template.
    pub(crate) from: Option<String>,
    pub(crate) differences: Vec<Difference>,
    /// Blocks that the owner changed and this version does not.
    pub(crate) kept: Vec<String>,
    /// Blocks that the owner and this version changed.
    pub(crate) conflicts: Vec<Conflict>,
    /// Binaries that the template names and the app does not have.
    pub(crate) missing: Vec<String>,
    /// Files to write: the template and the lock, and functions that are new.
    pub(crate) files: Vec<File>,
    /// The template before and after.
    pub(crate) before: String,
    pub(crate) after: String,
}

impl Plan {
    /// Reads the app at `root`. Of the blocks in `overwrite`, the owner's changes are dropped.
    pub(crate) fn read(root: &Path, overwrite: &[String]) -> Result<Self, PlanError> {
        if root.join("shared/core/Cargo.toml").is_file() {
            return Err(PlanError::Fork(root.to_owned()));
        }
        let whole = read(root, TEMPLATE)?;
        let lock_text = match root.join(lock::FILE).is_file() {
            true => read(root, lock::FILE)?,
            false => String::new(),
        };
        let new = with_providers_of(&whole, ours::template())?;
        let mut plan = Self::of(&whole, &lock_text, new, overwrite)?;
        let settings = read(root, "samconfig.toml").unwrap_or_default();
        plan.compare(&settings)?;
        plan.add_functions(root)?;
        Ok(plan)
    }

    /// From the texts of template.yaml and acuse.lock to the template `new`.
    fn of(whole: &str, lock_text: &str, new: String, overwrite: &[String]) -> Result<Self, PlanError> {
        let base = lock::read(lock_text).map_err(PlanError::Lock)?;
        let before = whole.replace("\r\n", "\n");
        let (yours, app) = split_yours(&before);
        let new = blocks(&new);
        let digests = lock::digests(&new);
        let merged = merge(&base, &blocks(&app), new, overwrite);
        let joined: String = merged.blocks.iter().map(|block| block.text.as_str()).collect();
        let after = with_yours(&joined, &yours).map_err(PlanError::NoPlace)?;
        let mut names = BTreeSet::new();
        let twice: Vec<String> = blocks(&after)
            .into_iter()
            .map(|block| block.name)
            .filter(|name| !names.insert(name.clone()))
            .collect();
        if !twice.is_empty() {
            return Err(PlanError::SameName(twice));
        }
        let mut plan = Self {
            from: version(&before),
            differences: Vec::new(),
            kept: merged.kept,
            conflicts: merged.conflicts,
            missing: Vec::new(),
            files: Vec::new(),
            before,
            after,
        };
        if plan.before != plan.after {
            let ending = if whole.contains("\r\n") { "\r\n" } else { "\n" };
            plan.files.push((TEMPLATE.to_owned(), plan.after.replace('\n', ending)));
        }
        let rendered = lock::render(&digests);
        if rendered != lock_text.replace("\r\n", "\n") {
            plan.files.push((lock::FILE.to_owned(), rendered));
        }
        Ok(plan)
    }

    fn compare(&mut self, settings: &str) -> Result<(), PlanError> {
        let (old, new) = (
            json("template.yaml", &self.before)?,
            json("the new template.yaml", &self.after)?,
        );
        self.differences = difference::differences(&old, &new, settings);
        self.missing = binaries(&new);
        Ok(())
    }

    /// Functions of Acuse's that are new; what is left in `missing` is for the owner.
    fn add_functions(&mut self, root: &Path) -> Result<(), PlanError> {
        let names = packages(root)?;
        let missing = std::mem::take(&mut self.missing)
            .into_iter()
            .filter(|binary| !names.contains(binary));
        for binary in missing {
            match providers::ALL.by_name(&binary) {
                Some(provider) => self.files.extend(files::function(provider)),
                None if binary == "destinations" => self.files.extend(files::destinations()),
                None if binary == "endpoints" => self.files.extend(files::endpoints()),
                None => self.missing.push(binary),
            }
        }
        Ok(())
    }

    /// Whether there is anything to write or to decide.
    pub(crate) fn is_done(&self) -> bool {
        self.files.is_empty() && self.conflicts.is_empty() && self.missing.is_empty()
    }

    pub(crate) fn write(&self, root: &Path) -> Result<(), PlanError> {
        for (name, text) in &self.files {
            let path = root.join(name);
            crate::command::new::app::write(&path, text).map_err(PlanError::file("write", path))?;
        }
        Ok(())
    }
}

/// The new template with the providers of the app: without those that it has removed, and with its own.
fn with_providers_of(app: &str, mut new: String) -> Result<String, PlanError> {
    let own = binaries(&json(TEMPLATE, app)?);
    let known = sections::names(&new);
    for removed in known
        .iter()
        .filter(|known| !own.contains(&known.name.kebab().to_owned()))
    {
        new = sections::without(&new, removed).0;
    }
    let added = sections::names(app);
    for added in added
        .iter()
        .filter(|added| known.iter().all(|known| known.name != added.name))
    {
        new = sections::with(&new, added)?;
    }
    let present = binaries(&json("the new template.yaml", &new)?);
    let unknown: Vec<String> = own.into_iter().filter(|binary| !present.contains(binary)).collect();
    match unknown.is_empty() {
        true => Ok(new),
        false => Err(PlanError::UnknownFunctions(unknown)),
    }
}

/// The binaries of a template's functions.
fn binaries(template: &Value) -> Vec<String> {
    let resources = template
        .get("Resources")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    let binaries = resources.filter_map(|(_, own)| own.pointer("/Metadata/BuildProperties/Binary")?.as_str());
    binaries.map(str::to_owned).collect()
}

/// `Metadata.Acuse.Version`
fn version(template: &str) -> Option<String> {
    let json = acuse_files::template::read(template).ok()?;
    Some(json.pointer("/Metadata/Acuse/Version")?.as_str()?.to_owned())
}

fn json(what: &'static str, text: &str) -> Result<Value, PlanError> {
    acuse_files::template::read(text).map_err(|error| PlanError::Template(what, error.to_string()))
}

/// The names of the packages in functions/.
fn packages(root: &Path) -> Result<BTreeSet<String>, PlanError> {
    let folder = root.join("functions");
    let entries = fs::read_dir(&folder).map_err(PlanError::file("read", folder))?;
    let manifests = entries
        .flatten()
        .filter_map(|entry| fs::read_to_string(entry.path().join("Cargo.toml")).ok());
    let names = manifests.filter_map(|text| {
        let name = text.lines().find_map(|line| line.strip_prefix("name = "))?;
        Some(name.trim().trim_matches('"').to_owned())
    });
    Ok(names.collect())
}

fn read(root: &Path, name: &str) -> Result<String, PlanError> {
    let path = root.join(name);
    fs::read_to_string(&path).map_err(PlanError::file("read", path))
}

impl PlanError {
    pub(super) fn file(operation: &'static str, path: PathBuf) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::File {
            operation,
            path,
            source,
        }
    }
}

#[cfg(test)]
mod tests;
