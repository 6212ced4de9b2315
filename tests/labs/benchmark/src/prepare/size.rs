//! How large what is deployed is, as it is and zipped.

use std::fs::{self, File};
use std::io::{self, Cursor, Seek, Write};
use std::path::Path;

use serde::Serialize;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::error::Error;

/// Bytes as they are, and zipped.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Size {
    /// As it is.
    pub(crate) plain: u64,
    /// Zipped as tightly as deflate can.
    pub(crate) zip: u64,
}

impl Size {
    /// Of one file, zipped as `bootstrap`.
    pub(super) fn of_binary(path: &Path) -> Result<Self, Error> {
        measure(path, |zip| add(zip, path, "bootstrap"))
    }

    /// Of a folder without what is named `without` at its top, and without what Python compiles.
    pub(super) fn of_folder(folder: &Path, without: &[&str]) -> Result<Self, Error> {
        measure(folder, |zip| walk(zip, folder, "", without))
    }
}

type Zip = ZipWriter<Cursor<Vec<u8>>>;

fn measure(path: &Path, fill: impl FnOnce(&mut Zip) -> Result<u64, Error>) -> Result<Size, Error> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let plain = fill(&mut zip)?;
    let mut zipped = zip.finish().map_err(|source| Error::Zip {
        path: path.to_path_buf(),
        source,
    })?;
    let zip = zipped.seek(io::SeekFrom::End(0)).unwrap_or_default();
    Ok(Size { plain, zip })
}

fn walk(zip: &mut Zip, folder: &Path, prefix: &str, without: &[&str]) -> Result<u64, Error> {
    let mut plain = 0;
    for entry in fs::read_dir(folder).map_err(Error::file("read", folder))? {
        let entry = entry.map_err(Error::file("read", folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == "__pycache__"
            || without
                .iter()
                .any(|tool| name == *tool || name.starts_with(&format!("{tool}-")))
        {
            continue;
        }
        let (path, name) = (entry.path(), format!("{prefix}{name}"));
        plain += match path.is_dir() {
            true => walk(zip, &path, &format!("{name}/"), &[])?,
            false => add(zip, &path, &name)?,
        };
    }
    Ok(plain)
}

fn add(zip: &mut Zip, path: &Path, name: &str) -> Result<u64, Error> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9));
    zip.start_file(name, options).map_err(|source| Error::Zip {
        path: path.to_path_buf(),
        source,
    })?;
    let mut file = File::open(path).map_err(Error::file("open", path))?;
    let copied = io::copy(&mut file, zip).map_err(Error::file("zip", path))?;
    zip.flush().map_err(Error::file("zip", path))?;
    Ok(copied)
}
