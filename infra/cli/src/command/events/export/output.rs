//! Where lines go: standard output, or a file that can be continued.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::line::Lines;
use super::tail::{self, End};
use super::{Asked, Format, Period};
use crate::command::Failure;
use crate::note;
use crate::terminal;

pub(super) enum Output {
    Standard,
    File { file: BufWriter<File>, path: PathBuf },
}

impl Output {
    /// Opens it, and says which period is still to be written.
    ///
    /// # Errors
    /// If the file exists and is not to be continued, is not such a file, or is being written by another export.
    pub(super) fn open(
        path: Option<&Path>,
        resume: bool,
        format: Format,
        asked: Asked,
    ) -> Result<(Self, Period), Failure> {
        let whole = Period {
            since: asked.since,
            until: asked.until,
            written: HashSet::new(),
        };
        let Some(path) = path else {
            let mut output = Self::Standard;
            output.head(format)?;
            return Ok((output, whole));
        };
        if resume && path.exists() {
            return Self::continued(path, format, asked);
        }
        let mut options = OpenOptions::new();
        let options = options.write(true).create_new(true).mode(0o600);
        let file = options.open(path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Failure::with_advice(
                format!("`{}` exists", path.display()),
                "continue it with `--resume`, or name another file",
            ),
            _ => unwritten(path, &error),
        })?;
        lock(path, &file)?;
        let mut output = Self::File {
            file: BufWriter::new(file),
            path: path.to_owned(),
        };
        output.head(format)?;
        Ok((output, whole))
    }

    /// Continues a file after its last whole line. What came after that was cut off.
    fn continued(path: &Path, format: Format, asked: Asked) -> Result<(Self, Period), Failure> {
        let failed = |error: io::Error| unwritten(path, &error);
        let mut file = OpenOptions::new().read(true).write(true).open(path).map_err(failed)?;
        lock(path, &file)?;
        let end = tail::whole_lines(&mut file).map_err(failed)?;
        let head = Lines::head(format)?;
        if end == 0 && !tail::may_be_cut(&mut file, head.as_deref()).map_err(failed)? {
            return Err(other_file(path, format));
        }
        let begun = first_line(&mut file).map_err(failed)?;
        if let (Some(head), true) = (&head, end > 0)
            && begun.trim_end() != head.as_str()
        {
            return Err(other_file(path, format));
        }
        let End { at, keys } = tail::end(&mut file, end, format)
            .map_err(failed)?
            .ok_or_else(|| other_file(path, format))?;
        if at.is_some_and(|at| at < asked.since) {
            note!(
                "`{}` ends before `--since`: what was received in between is not in it",
                path.display()
            );
        }
        file.set_len(end).map_err(failed)?;
        file.seek(SeekFrom::Start(end)).map_err(failed)?;
        let mut output = Self::File {
            file: BufWriter::new(file),
            path: path.to_owned(),
        };
        if end == 0 {
            output.head(format)?;
        }
        let period = Period {
            since: at.unwrap_or(asked.since).max(asked.since),
            until: asked.until,
            written: keys,
        };
        Ok((output, period))
    }

    fn head(&mut self, format: Format) -> Result<(), Failure> {
        match Lines::head(format)? {
            Some(head) => self.line(&head),
            None => Ok(()),
        }
    }

    /// Writes a line, whole.
    pub(super) fn line(&mut self, line: &str) -> Result<(), Failure> {
        match self {
            // Whatever of it is from outside is escaped. Ends silently if nobody reads.
            Self::Standard => terminal::line(line),
            Self::File { file, path } => writeln!(file, "{line}").map_err(|error| unwritten(path, &error))?,
        }
        Ok(())
    }

    /// Everything is on disk afterwards.
    pub(super) fn finish(self) -> Result<(), Failure> {
        let Self::File { mut file, path } = self else {
            return Ok(());
        };
        let synced = file.flush().and_then(|()| file.get_ref().sync_all());
        synced.map_err(|error| unwritten(&path, &error))
    }
}

/// The lock ends with the process.
fn lock(path: &Path, file: &File) -> Result<(), Failure> {
    file.try_lock().map_err(|_| {
        Failure::with_advice(
            format!("another export writes `{}`", path.display()),
            "wait until it ends, or name another file",
        )
    })
}

fn first_line(file: &mut File) -> io::Result<String> {
    file.seek(SeekFrom::Start(0))?;
    let mut line = Vec::new();
    BufReader::new(&*file).read_until(b'\n', &mut line)?;
    Ok(String::from_utf8_lossy(&line).into_owned())
}

fn unwritten(path: &Path, error: &io::Error) -> Failure {
    Failure::with_advice(
        format!("can't write `{}`: {error}", path.display()),
        "its whole lines stay: once that is fixed, go on with the same command and `--resume`",
    )
}

fn other_file(path: &Path, format: Format) -> Failure {
    let format = match format {
        Format::Jsonl => "jsonl",
        Format::Csv => "csv",
    };
    Failure::with_advice(
        format!(
            "`{}` is no export with `--format {format}`, so it was not changed",
            path.display()
        ),
        "give the format that it was begun with, or name another file",
    )
}
