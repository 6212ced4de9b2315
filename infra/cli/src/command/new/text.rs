//! Lines of a file, and the places in it that are the owner's.

use thiserror::Error;

/// A file has no place for what should be added.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum NoPlace {
    #[error("{file} has no line `{marker}`, after which what is yours begins")]
    NoMarker { file: &'static str, marker: &'static str },
    #[error("{file} has the line `{marker}` more than once")]
    TwoMarkers { file: &'static str, marker: &'static str },
}

/// A file as lines. Changes leave all other lines as they are.
pub(super) struct Text {
    file: &'static str,
    lines: Vec<String>,
}

impl Text {
    pub(super) fn of(file: &'static str, text: &str) -> Self {
        let lines = text.split('\n').map(str::to_owned).collect();
        Self { file, lines }
    }

    pub(super) fn into_string(self) -> String {
        self.lines.join("\n")
    }

    /// The one line that begins with `marker`, whatever its indentation.
    pub(super) fn find(&self, marker: &'static str) -> Result<usize, NoPlace> {
        let file = self.file;
        let mut found = (0..)
            .zip(&self.lines)
            .filter(|(_, line)| line.trim_start().starts_with(marker));
        match (found.next(), found.next()) {
            (Some((at, _)), None) => Ok(at),
            (None, _) => Err(NoPlace::NoMarker { file, marker }),
            (Some(_), Some(_)) => Err(NoPlace::TwoMarkers { file, marker }),
        }
    }

    pub(super) fn line(&self, at: usize) -> &str {
        self.lines.get(at).map_or("", String::as_str)
    }

    pub(super) fn lines_from(&self, at: usize) -> impl Iterator<Item = &str> {
        self.lines.iter().skip(at).map(String::as_str)
    }

    /// Where the block of `at` ends: after its last line that is indented as far, or further.
    pub(super) fn end_of_block(&self, at: usize) -> usize {
        let least = indentation(self.line(at));
        let inside = |(_, line): &(usize, &str)| is_blank(line) || indentation(line) >= least;
        let block = (at..).zip(self.lines_from(at)).take_while(inside);
        let last = block.filter(|(_, line)| !is_blank(line)).last();
        last.map_or(at, |(last, _)| last) + 1
    }

    /// Inserts `block` so that its first line is line `at`.
    pub(super) fn insert(&mut self, at: usize, block: &str) {
        let ending = if self.lines.first().is_some_and(|line| line.ends_with('\r')) {
            "\r"
        } else {
            ""
        };
        let block = block.lines().map(|line| format!("{line}{ending}"));
        self.lines.splice(at..at, block);
    }
}

pub(super) fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

pub(super) fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}
