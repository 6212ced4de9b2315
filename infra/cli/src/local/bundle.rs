//! Zips for Lambda, with the binary as `bootstrap`.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::error::Error;

/// Zips `binary` into `folder`, unless the zip is up to date.
pub(super) fn bundle(name: &str, binary: &Path, folder: &Path) -> Result<PathBuf, Error> {
    let zip = folder.join(format!("{name}.zip"));
    let stamp = folder.join(format!("{name}.stamp"));
    let fingerprint = fingerprint(binary)?;
    if zip.exists() && fs::read_to_string(&stamp).is_ok_and(|of| of == fingerprint) {
        return Ok(zip);
    }
    write(binary, &zip)?;
    fs::write(&stamp, fingerprint).map_err(Error::file("write", &stamp))?;
    Ok(zip)
}

/// Changes whenever cargo links the binary.
fn fingerprint(binary: &Path) -> Result<String, Error> {
    let metadata = binary.metadata().map_err(Error::file("read", binary))?;
    let modified = metadata.modified().map_err(Error::file("read", binary))?;
    let modified = modified.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    Ok(format!("{} {} {modified}", binary.display(), metadata.len()))
}

fn write(binary: &Path, zip: &Path) -> Result<(), Error> {
    let mut source = File::open(binary).map_err(Error::file("read", binary))?;
    let target = File::create(zip).map_err(Error::file("write", zip))?;
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(1))
        .large_file(true)
        .unix_permissions(0o755);
    let failed = |error: ZipError| Error::file("zip", binary)(error.into());
    let mut writer = ZipWriter::new(BufWriter::new(target));
    writer.start_file("bootstrap", options).map_err(failed)?;
    io::copy(&mut source, &mut writer).map_err(Error::file("write", zip))?;
    let mut target = writer.finish().map_err(failed)?;
    io::Write::flush(&mut target).map_err(Error::file("write", zip))
}
