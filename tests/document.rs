//! Tables in the documentation that tests keep up to date.
//!
//! A test compares the text between `<!-- NAME: … -->` and `<!-- /NAME -->` with what it expects there, or
//! writes it if `ACUSE_BLESS=1` is set.

use std::path::{Path, PathBuf};

/// A page of `docs/`.
#[derive(Debug)]
pub struct Document {
    path: PathBuf,
    text: String,
}

impl Document {
    /// `docs/{name}`.
    ///
    /// # Panics
    /// If it cannot be read.
    pub fn read(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        Self { path, text }
    }

    /// The text between the markers of `section`.
    ///
    /// # Panics
    /// If one of them is missing.
    pub fn section(&self, section: &str) -> &str {
        let (open, close) = markers(section);
        let inner = self
            .text
            .split_once(&open)
            .and_then(|(_, rest)| rest.split_once("-->\n"));
        let inner = inner
            .and_then(|(_, rest)| rest.split_once(&close))
            .map(|(inner, _)| inner.trim());
        inner.unwrap_or_else(|| panic!("{} has no section {section}", self.path.display()))
    }

    /// Whether the page has these words.
    pub fn contains(&self, words: &str) -> bool {
        self.text.contains(words)
    }

    /// Asserts that the section is `wanted`, or writes it if `ACUSE_BLESS` is set.
    ///
    /// # Panics
    /// If it differs.
    pub fn check(&mut self, section: &str, wanted: &str) {
        let wanted = wanted.trim();
        if self.section(section) == wanted {
            return;
        }
        let differing = || {
            let (is, should) = (self.section(section).lines(), wanted.lines());
            let removed = is.clone().filter(|line| !should.clone().any(|other| other == *line));
            let added = should.clone().filter(|line| !is.clone().any(|other| other == *line));
            let removed = removed.map(|line| format!("- {line}\n"));
            removed
                .chain(added.map(|line| format!("+ {line}\n")))
                .collect::<String>()
        };
        assert!(
            std::env::var_os("ACUSE_BLESS").is_some(),
            "section {section} of {} is out of date; run the test with ACUSE_BLESS=1 to update it:\n{}",
            self.path.display(),
            differing()
        );
        let (open, close) = markers(section);
        let (before, rest) = self.text.split_once(&open).unwrap();
        let (note, rest) = rest.split_once("-->\n").unwrap();
        let (_, after) = rest.split_once(&close).unwrap();
        self.text = format!("{before}{open}{note}-->\n\n{wanted}\n\n{close}{after}");
        std::fs::write(&self.path, &self.text).unwrap();
    }
}

fn markers(section: &str) -> (String, String) {
    (format!("<!-- {section}:"), format!("<!-- /{section} -->"))
}
