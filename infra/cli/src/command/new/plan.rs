//! What a new hook changes in a checkout: all of it is known before anything is written.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::name::Name;
use super::template::{self, TemplateError};
use super::text::NoPlace;
use super::{Kind, list};

const TRANSACTIONAL: &str = include_str!("templates/transactional.rs.txt");
const ACTING: &str = include_str!("templates/acting.rs.txt");

/// What every hook imports.
const PRELUDE: &str = include_str!("../../../embedded/prelude.rs");

/// Where hooks are, from the checkout's root.
const HOOKS: &str = "functions/consumer/src/hooks";

const LIST: &str = "functions/consumer/src/hooks.rs";

const TEMPLATE: &str = "template.yaml";

/// Why there can't be such a hook. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanError {
    #[error("{0} exists already")]
    FileExists(PathBuf),
    #[error("there is a hook `{name}` already, in {file}")]
    HookExists { name: String, file: PathBuf },
    #[error("`{0}` is a word that the code around a hook uses already: use another name")]
    WordTaken(String),
    #[error(transparent)]
    NoPlace(#[from] NoPlace),
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error("can't {operation} {path}")]
    File {
        operation: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

/// One file of a plan.
#[derive(Debug)]
pub(crate) struct Change {
    /// From the checkout's root.
    pub(super) path: PathBuf,
    /// `None` for a new file.
    pub(super) before: Option<String>,
    pub(super) after: String,
    /// What is new in it.
    pub(super) added: Vec<String>,
}

/// The changes for a new hook in the checkout at `root`.
pub(super) fn plan(root: &Path, name: &Name, kind: &Kind) -> Result<Vec<Change>, PlanError> {
    let module = name.snake();
    let file = PathBuf::from(HOOKS).join(format!("{module}.rs"));
    let folder = PathBuf::from(HOOKS).join(&module);
    for path in [&file, &folder] {
        if root.join(path).exists() {
            return Err(PlanError::FileExists(path.clone()));
        }
    }
    let hooks_rs = read(root, Path::new(LIST))?;
    names_are_free(root, name, &hooks_rs)?;
    changes(&hooks_rs, &read(root, Path::new(TEMPLATE))?, name, kind)
}

/// The changes of these two files, and the hook's own file.
pub(super) fn changes(hooks_rs: &str, template_yaml: &str, name: &Name, kind: &Kind) -> Result<Vec<Change>, PlanError> {
    let (hooks_after, acts) = match kind {
        Kind::Transactional { .. } => (list::with_hook(hooks_rs, name, false)?, false),
        Kind::Acting => (list::with_hook(hooks_rs, name, true)?, true),
    };
    let (template_after, added) = match kind {
        Kind::Transactional { table } => template::with_table(template_yaml, table)?,
        Kind::Acting => template::with_url(template_yaml, name)?,
    };
    let module = name.snake();
    let call = if acts { "acting" } else { "transactional" };
    let hook = Change {
        path: PathBuf::from(HOOKS).join(format!("{module}.rs")),
        before: None,
        after: code(name, kind),
        added: vec!["the hook and its tests".to_owned()],
    };
    let list = Change {
        path: LIST.into(),
        before: Some(hooks_rs.to_owned()),
        after: hooks_after,
        added: vec![format!("mod {module}"), format!("hooks.{call}(…)")],
    };
    let template = Change {
        path: TEMPLATE.into(),
        before: Some(template_yaml.to_owned()),
        after: template_after,
        added,
    };
    let changes = [hook, list, template].into_iter();
    Ok(changes
        .filter(|change| change.before.as_ref() != Some(&change.after))
        .collect())
}

/// The hook's file.
pub(super) fn code(name: &Name, kind: &Kind) -> String {
    let code = match kind {
        Kind::Transactional { table } => TRANSACTIONAL
            .replace("<TABLE>", &format!("{}_TABLE", table.upper()))
            .replace("<table>", table.kebab()),
        Kind::Acting => ACTING.replace("<URL>", &format!("{}_URL", name.upper())),
    };
    code.replace("<Hook>", &name.pascal()).replace("<hook>", name.kebab())
}

/// Neither another hook nor the code around hooks has the name.
fn names_are_free(root: &Path, name: &Name, hooks_rs: &str) -> Result<(), PlanError> {
    for file in sources(root)? {
        let code = read(root, &file)?;
        // What `fn name` returns: the first text after it.
        let mut names = code
            .split("fn name(&self)")
            .skip(1)
            .filter_map(|rest| rest.split('"').nth(1));
        if names.any(|own| own == name.kebab()) {
            let name = name.kebab().to_owned();
            return Err(PlanError::HookExists { name, file });
        }
    }
    let has_word = |code: &str, word: &str| {
        let mut words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.any(|own| own == word)
    };
    let (module, hook) = (name.snake(), name.pascal());
    let is_taken = has_word(hooks_rs, &module)
        || [hooks_rs, TRANSACTIONAL, ACTING, PRELUDE]
            .iter()
            .any(|code| has_word(code, &hook));
    match is_taken {
        true => Err(PlanError::WordTaken(name.kebab().to_owned())),
        false => Ok(()),
    }
}

/// The files with hooks, from the checkout's root.
fn sources(root: &Path) -> Result<Vec<PathBuf>, PlanError> {
    let (mut found, mut folders) = (Vec::new(), vec![PathBuf::from(HOOKS)]);
    while let Some(folder) = folders.pop() {
        let failed = |source| PlanError::file("read", &folder)(source);
        let entries = match fs::read_dir(root.join(&folder)) {
            // Git keeps no empty folder.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries.map_err(failed)?,
        };
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let path = folder.join(entry.file_name());
            match entry.file_type().map_err(failed)?.is_dir() {
                true => folders.push(path),
                false if path.extension().is_some_and(|extension| extension == "rs") => found.push(path),
                false => {}
            }
        }
    }
    found.sort();
    Ok(found)
}

fn read(root: &Path, path: &Path) -> Result<String, PlanError> {
    fs::read_to_string(root.join(path)).map_err(PlanError::file("read", path))
}

/// Writes all files, or none: what can fail is done beside them first.
pub(super) fn write(root: &Path, changes: &[Change]) -> Result<(), PlanError> {
    let beside = |change: &Change| root.join(&change.path).with_extension("new-hook");
    let written = changes.iter().try_for_each(|change| {
        let path = beside(change);
        let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
        let written = folder.and_then(|()| fs::write(&path, &change.after));
        written.map_err(PlanError::file("write", &change.path))
    });
    let moved = written.and_then(|()| {
        changes.iter().try_for_each(|change| {
            let moved = fs::rename(beside(change), root.join(&change.path));
            moved.map_err(PlanError::file("write", &change.path))
        })
    });
    if moved.is_err() {
        for change in changes {
            // It may not be there.
            let _ = fs::remove_file(beside(change));
        }
    }
    moved
}

impl PlanError {
    fn file(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File {
            operation,
            path,
            source,
        }
    }
}
