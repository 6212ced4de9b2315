//! Changes of several files at once: all of them, or none.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What happens to one file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Edit {
    /// From the workspace's root.
    pub(super) path: PathBuf,
    /// `None` for a file that is not there yet.
    pub(super) before: Option<String>,
    /// `None` for a file that is removed.
    pub(super) after: Option<String>,
    /// What it is about, for the list of what was done.
    pub(super) what: String,
}

/// A file can't be read or written.
#[derive(Debug, thiserror::Error)]
#[error("can't {operation} {path}")]
pub(crate) struct FileError {
    operation: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl FileError {
    fn of(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self {
            operation,
            path,
            source,
        }
    }
}

impl Edit {
    /// `wrote`, `changed` or `removed`.
    pub(super) fn verb(&self) -> &'static str {
        match (&self.before, &self.after) {
            (None, _) => "wrote",
            (Some(_), Some(_)) => "changed",
            (Some(_), None) => "removed",
        }
    }

    /// Its lines, each with what happens to it.
    pub(super) fn diff(&self) -> Vec<String> {
        let path = self.path.display();
        let (before, after) = (self.before.as_deref(), self.after.as_deref());
        let state = match (before, after) {
            (None, _) => " (new)",
            (_, None) => " (removed)",
            _ => "",
        };
        let old: Vec<&str> = before.unwrap_or_default().lines().collect();
        let new: Vec<&str> = after.unwrap_or_default().lines().collect();
        let mut lines = vec![format!("+++ {path}{state}")];
        // Blocks are only added to a file, or only removed from it.
        let (longer, shorter, sign) = match new.len() >= old.len() {
            true => (&new, &old, '+'),
            false => (&old, &new, '-'),
        };
        let mut rest = shorter.iter().peekable();
        let mut last = 0;
        for (number, line) in (1..).zip(longer) {
            if rest.next_if_eq(&line).is_some() {
                continue;
            }
            if number != last + 1 && before.is_some() && after.is_some() {
                lines.push(format!("@@ line {number} @@"));
            }
            last = number;
            lines.push(format!("{sign}{line}"));
        }
        lines
    }
}

/// The text of a file; `None` if it is not there.
pub(super) fn read(root: &Path, path: &Path) -> Result<Option<String>, FileError> {
    match fs::read_to_string(root.join(path)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(FileError::of("read", path)(error)),
    }
}

/// All files below `folder`, from the root. None if it is not there.
pub(super) fn files(root: &Path, folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(root.join(&folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(FileError::of("read", &folder)(error)),
        };
        for entry in entries {
            let entry = entry.map_err(FileError::of("read", &folder))?;
            let path = folder.join(entry.file_name());
            let kind = entry.file_type().map_err(FileError::of("read", &path))?;
            match kind.is_dir() {
                true => folders.push(path),
                false => found.push(path),
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Makes all changes. What can fail is done first, beside the files, and undone if it does.
pub(super) fn apply(root: &Path, edits: &[Edit]) -> Result<(), FileError> {
    let mut beside = Vec::new();
    let written = edits.iter().try_for_each(|edit| write_beside(root, edit, &mut beside));
    if let Err(error) = written {
        for path in beside.iter().rev() {
            // It may be a folder that was made, which is empty by now.
            let _ = fs::remove_file(path).or_else(|_| fs::remove_dir(path));
        }
        return Err(error);
    }
    for edit in edits {
        let path = root.join(&edit.path);
        match edit.after {
            Some(_) => fs::rename(temporary(&path), &path).map_err(FileError::of("write", &edit.path))?,
            None => {
                fs::remove_file(&path).map_err(FileError::of("remove", &edit.path))?;
                for folder in edit.path.ancestors().skip(1).filter(|folder| *folder != Path::new("")) {
                    // Only the empty ones.
                    if fs::remove_dir(root.join(folder)).is_err() {
                        break;
                    }
                }
            }
        }
    }
    Ok(())
}

fn write_beside(root: &Path, edit: &Edit, made: &mut Vec<PathBuf>) -> Result<(), FileError> {
    let Some(text) = &edit.after else { return Ok(()) };
    let path = root.join(&edit.path);
    let folders: Vec<&Path> = path.ancestors().skip(1).take_while(|folder| !folder.exists()).collect();
    for folder in folders.into_iter().rev() {
        fs::create_dir(folder).map_err(FileError::of("create the folder of", &edit.path))?;
        made.push(folder.to_owned());
    }
    let temporary = temporary(&path);
    made.push(temporary.clone());
    fs::write(&temporary, text).map_err(FileError::of("write", &edit.path))
}

fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}
