//! Tables in the documentation that tests keep true.
//!
//! What is between `<!-- NAME: … -->` and `<!-- /NAME -->` is compared with what it should be;
//! `ACUSE_BLESS=1` writes it instead.

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
    /// Where it can't be read.
    pub fn read(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        Self { path, text }
    }

    /// What is between the marks of `section`.
    ///
    /// # Panics
    /// Where one of them is missing.
    pub fn section(&self, section: &str) -> &str {
        let (open, close) = marks(section);
        let inner = self
            .text
            .split_once(&open)
            .and_then(|(_, rest)| rest.split_once("-->\n"));
        let inner = inner
            .and_then(|(_, rest)| rest.split_once(&close))
            .map(|(inner, _)| inner.trim());
        inner.unwrap_or_else(|| panic!("{} has no section {section}", self.path.display()))
    }

    /// Fails where the section is not `wanted`, or makes it so under `ACUSE_BLESS`.
    ///
    /// # Panics
    /// Where it is not.
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
            "{}, section {section}, is not what it should be; ACUSE_BLESS=1 makes it so:\n{}",
            self.path.display(),
            differing()
        );
        let (open, close) = marks(section);
        let (before, rest) = self.text.split_once(&open).unwrap();
        let (note, rest) = rest.split_once("-->\n").unwrap();
        let (_, after) = rest.split_once(&close).unwrap();
        self.text = format!("{before}{open}{note}-->\n\n{wanted}\n\n{close}{after}");
        std::fs::write(&self.path, &self.text).unwrap();
    }
}

fn marks(section: &str) -> (String, String) {
    (format!("<!-- {section}:"), format!("<!-- /{section} -->"))
}
