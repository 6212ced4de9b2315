//! What a new provider changes in a workspace: all of it is known before anything is written.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use acuse_presets::Preset;

use super::layout::Layout;
use super::parts;
use super::sections::{self, Names, SectionError};
use crate::command::new::edit::{self, Edit, FileError};
use crate::command::new::name::Name;
use crate::command::new::text::NoPlace;
use crate::command::upgrade::lock;

const TEMPLATE: &str = "template.yaml";
const MANIFEST: &str = "Cargo.toml";
const LOCK: &str = "Cargo.lock";

/// The changes, and what stays as it is.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) edits: Vec<Edit>,
    pub(super) left: Vec<(PathBuf, String)>,
}

/// Why nothing is changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanError {
    #[error("{0} exists already, and is not what this command writes")]
    FileExists(PathBuf),
    #[error("{0} is missing")]
    Missing(PathBuf),
    #[error(
        "`{0}` is a provider of Acuse's own: to do without it, switch it off (docs/operations.md#switch-a-provider-off)"
    )]
    BuiltIn(String),
    #[error("there is no provider `{0}` here")]
    Unknown(String),
    #[error("you have changed {}", .0.join(", "))]
    Changed(Vec<String>),
    #[error("acuse.lock can't be read (line {0})")]
    Lock(usize),
    #[error(transparent)]
    NoPlace(#[from] NoPlace),
    #[error(transparent)]
    Section(#[from] SectionError),
    #[error(transparent)]
    File(#[from] FileError),
}

/// A file of the workspace that a provider has lines in, before and after.
fn changed(path: &str, before: String, after: String, what: &str) -> Option<Edit> {
    (before != after).then(|| Edit {
        path: path.into(),
        before: Some(before),
        after: Some(after),
        what: what.to_owned(),
    })
}

fn required(root: &Path, path: &str) -> Result<String, PlanError> {
    edit::read(root, Path::new(path))?.ok_or_else(|| PlanError::Missing(path.into()))
}

/// An app's acuse.lock, which says what of the template is Acuse's, for this change of it.
fn noted(root: &Path, before: &str, after: &str) -> Result<Option<Edit>, PlanError> {
    let Some(text) = edit::read(root, Path::new(lock::FILE))? else {
        return Ok(None);
    };
    let moved = lock::moved(&text, before, after).map_err(PlanError::Lock)?;
    Ok(changed(lock::FILE, text, moved, "what of template.yaml is Acuse's"))
}

/// Adds what the workspace at `root` lacks of this provider.
pub(super) fn add(root: &Path, layout: &Layout, names: &Names, preset: Option<&Preset>) -> Result<Plan, PlanError> {
    let name = &names.name;
    let (list, template) = (required(root, layout.list)?, required(root, TEMPLATE)?);
    let manifest = required(root, MANIFEST)?;
    if parts::is_built_in(layout, &list, name) {
        return Err(PlanError::BuiltIn(name.kebab().to_owned()));
    }
    // Added before: what was changed since is the owner's.
    let is_listed = parts::is_listed(layout, &list, name);
    let known = sections::names(&template).into_iter().find(|known| known.name == *name);
    let names = known.as_ref().unwrap_or(names);

    let (mut edits, mut left) = (Vec::new(), Vec::new());
    for (path, text, what) in parts::files(layout, names, preset) {
        match edit::read(root, &path)? {
            None => edits.push(Edit {
                path,
                before: None,
                after: Some(text),
                what: what.to_owned(),
            }),
            Some(own) if own == text => left.push((path, "is there already".to_owned())),
            Some(_) if is_listed => left.push((path, "is yours".to_owned())),
            Some(_) => return Err(PlanError::FileExists(path)),
        }
    }
    let listed = parts::listed(layout, &list, name)?;
    edits.extend(changed(layout.list, list, listed, "its place in the list of providers"));
    // A section that was changed is the owner's: only a provider that the template does not have is added to it.
    match &known {
        Some(known) => left.push((
            TEMPLATE.into(),
            match known.differs(&template) {
                None => "has it already".to_owned(),
                Some(section) => format!("has it already, with {section} of your own"),
            },
        )),
        None => {
            let after = sections::with(&template, names)?;
            edits.extend(noted(root, &template, &after)?);
            edits.extend(changed(
                TEMPLATE,
                template,
                after,
                "its function, secret, alarms and parameters",
            ));
        }
    }
    let routed = parts::routed(&manifest, name);
    edits.extend(changed(
        MANIFEST,
        manifest,
        routed,
        "its route for `cargo lambda watch`",
    ));
    Ok(Plan { edits, left })
}

/// Takes away what [`add`] adds; with `force`, also what was changed since.
pub(super) fn remove(root: &Path, layout: &Layout, name: &Name, force: bool) -> Result<Plan, PlanError> {
    let (list, template) = (required(root, layout.list)?, required(root, TEMPLATE)?);
    let manifest = required(root, MANIFEST)?;
    if parts::is_built_in(layout, &list, name) {
        return Err(PlanError::BuiltIn(name.kebab().to_owned()));
    }
    let known = sections::names(&template).into_iter().find(|known| known.name == *name);
    if known.is_none() && !parts::is_listed(layout, &list, name) {
        return Err(PlanError::Unknown(name.kebab().to_owned()));
    }
    let display = known
        .as_ref()
        .map_or_else(|| name.kebab().to_owned(), |known| known.display.clone());
    let names = known.unwrap_or_else(|| Names {
        name: name.clone(),
        display,
        secret: String::new(),
    });

    // Whichever preset it began with.
    let presets = acuse_presets::all();
    let written = presets.iter().map(Some).chain([None]);
    let written: BTreeSet<(PathBuf, String)> = written
        .flat_map(|preset| parts::files(layout, &names, preset))
        .map(|(path, text, _)| (path, text))
        .collect();
    let keys = layout.fixtures(name).join(parts::KEYS_FILE);
    let mut paths = vec![layout.provider(name)];
    paths.extend(edit::files(root, &layout.function(name))?);
    paths.extend(edit::files(root, &layout.fixtures(name))?);
    let (mut edits, mut yours) = (Vec::new(), Vec::new());
    for path in paths {
        let Some(text) = edit::read(root, &path)? else { continue };
        // A test writes the keys.
        let is_written = path == keys || written.contains(&(path.clone(), text.clone()));
        if !is_written {
            yours.push(path.display().to_string());
        }
        edits.push(Edit {
            path,
            before: Some(text),
            after: None,
            what: if is_written {
                "as it was written"
            } else {
                "with your changes"
            }
            .to_owned(),
        });
    }
    let (without, kept) = sections::without(&template, &names);
    yours.extend(kept.iter().map(|section| format!("{TEMPLATE} ({section})")));
    if !yours.is_empty() && !force {
        return Err(PlanError::Changed(yours));
    }
    let unlisted = parts::unlisted(layout, &list, name);
    edits.extend(changed(
        layout.list,
        list,
        unlisted,
        "its place in the list of providers",
    ));
    edits.extend(noted(root, &template, &without)?);
    edits.extend(changed(
        TEMPLATE,
        template,
        without,
        "its function, secret, alarms and parameters",
    ));
    let unrouted = parts::unrouted(&manifest, name);
    edits.extend(changed(
        MANIFEST,
        manifest,
        unrouted,
        "its route for `cargo lambda watch`",
    ));
    if let Some(lock) = edit::read(root, Path::new(LOCK))? {
        let unlocked = parts::unlocked(&lock, name);
        edits.extend(changed(LOCK, lock, unlocked, "the package of its function"));
    }
    let left = kept.into_iter().map(|section| {
        (
            TEMPLATE.into(),
            format!("its {section} are yours: take them away by hand"),
        )
    });
    Ok(Plan {
        edits,
        left: left.collect(),
    })
}
