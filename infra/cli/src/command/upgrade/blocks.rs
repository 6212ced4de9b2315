//! A template as blocks: the entries of its sections, each with the comments above it.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// How a comment begins below which everything is the owner's.
const MARKERS: [&str; 2] = ["# ── Yours: ", "# Yours: "];

/// One entry of a section, such as `Resources.EventQueue`, or the line that begins a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) name: String,
    /// Whole lines.
    pub(crate) text: String,
}

impl Block {
    /// The same for two blocks that differ in blank lines only.
    pub(crate) fn digest(&self) -> String {
        let mut digest = Sha256::new();
        for line in self.text.lines().filter(|line| !line.trim().is_empty()) {
            digest.update(line.trim_end());
            digest.update("\n");
        }
        let mut text = HEXLOWER.encode(&digest.finalize());
        text.truncate(16);
        text
    }
}

/// The blocks of a template, in its order. Joined, they are the template.
pub(crate) fn blocks(template: &str) -> Vec<Block> {
    let (mut blocks, mut section, mut pending): (Vec<Block>, _, _) = (Vec::new(), "", String::new());
    for line in template.split_inclusive('\n') {
        let name = match key(line) {
            Some((0, key)) => {
                section = key;
                Some(key.to_owned())
            }
            Some((_, key)) => Some(format!("{section}.{key}")),
            None => None,
        };
        let is_comment = line.trim().is_empty() || line.trim_start().starts_with('#');
        match (name, blocks.last_mut()) {
            (Some(name), _) => {
                let text = std::mem::take(&mut pending) + line;
                blocks.push(Block { name, text });
            }
            // A comment further in is part of the entry that it is in.
            (None, Some(last)) if !is_comment || indentation(line) > 2 => {
                last.text += &std::mem::take(&mut pending);
                last.text += line;
            }
            (None, _) => pending += line,
        }
    }
    if let Some(last) = blocks.last_mut() {
        last.text += &pending;
    }
    blocks
}

/// The key of a line that begins a section (indented by 0) or an entry (by 2).
fn key(line: &str) -> Option<(usize, &str)> {
    let depth = indentation(line);
    let (key, _) = line
        .trim()
        .split_once(": ")
        .or_else(|| Some((line.trim().strip_suffix(':')?, "")))?;
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == ':');
    (is_key && (depth == 0 || depth == 2)).then_some((depth, key))
}

/// The owner's lines below each marker, and the template without them.
pub(crate) fn split_yours(template: &str) -> (BTreeMap<String, String>, String) {
    let (mut yours, mut rest) = (BTreeMap::new(), String::new());
    let mut lines = template.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        rest += line;
        let Some(marker) = marker(line) else {
            continue;
        };
        let (mut own, mut blank) = (String::new(), String::new());
        while let Some(line) = lines.peek().copied() {
            let is_blank = line.trim().is_empty();
            if !is_blank && indentation(line) < indentation_of(template, &marker) {
                break;
            }
            lines.next();
            match is_blank {
                true => blank += line,
                false => {
                    own += &std::mem::take(&mut blank);
                    own += line;
                }
            }
        }
        rest += &blank;
        if !own.is_empty() {
            yours.insert(marker, own);
        }
    }
    (yours, rest)
}

/// The template with the owner's lines. Fails with the marker that it lacks.
pub(crate) fn with_yours(template: &str, yours: &BTreeMap<String, String>) -> Result<String, String> {
    let mut left = yours.clone();
    let mut text = String::new();
    for line in template.split_inclusive('\n') {
        text += line;
        if let Some(own) = marker(line).and_then(|marker| left.remove(&marker)) {
            if !line.ends_with('\n') {
                text.push('\n');
            }
            text += &own;
        }
    }
    match left.into_keys().next() {
        Some(marker) => Err(marker),
        None => Ok(text),
    }
}

/// `# ── Yours: your parameters`, without the rule at its end.
fn marker(line: &str) -> Option<String> {
    let text = line.trim();
    let is_marker = MARKERS.iter().any(|marker| text.starts_with(marker));
    is_marker.then(|| text.trim_end_matches(['─', ' ']).to_owned())
}

fn indentation_of(template: &str, marked: &str) -> usize {
    let line = template.lines().find(|line| marker(line).as_deref() == Some(marked));
    line.map_or(0, indentation)
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Transform: x
Description: >-
  Acuse receives: webhooks
  of providers.

Parameters:
  A: { Type: String }
  # B's comment

  B:
    # Inside.
    Type: Number

  # ── Yours: your parameters ─────

# About rules.
Rules:
  R: {}
Resources:
  F:
    Variables:
      X: 1
      # Yours: your variables.
    Role: x

  # ── Yours: your resources ───
";

    #[test]
    fn blocks_are_entries_with_their_comments() {
        let blocks = blocks(TEXT);
        let names: Vec<&str> = blocks.iter().map(|block| block.name.as_str()).collect();
        let expected = [
            "Transform",
            "Description",
            "Parameters",
            "Parameters.A",
            "Parameters.B",
            "Rules",
            "Rules.R",
            "Resources",
            "Resources.F",
        ];
        assert_eq!(names, expected);
        let joined: String = blocks.iter().map(|block| block.text.as_str()).collect();
        assert_eq!(joined, TEXT);
        assert!(
            blocks[4].text.starts_with("  # B's comment\n\n  B:\n    # Inside.\n"),
            "{:?}",
            blocks[4]
        );
        assert!(blocks[5].text.contains("# About rules.\nRules:\n"), "{:?}", blocks[5]);
    }

    #[test]
    fn yours_is_taken_out_and_put_back() {
        let own = TEXT
            .replace("parameters ─────\n", "parameters ─────\n  Mine:\n    Type: String\n")
            .replace("variables.\n", "variables.\n      MINE: 2\n")
            .replace("resources ───\n", "resources ───\n\n  # Mine.\n  Table: {}\n");
        let (yours, rest) = split_yours(&own);
        assert_eq!(rest, TEXT);
        assert_eq!(yours.len(), 3);
        assert_eq!(yours["# Yours: your variables."], "      MINE: 2\n");
        assert_eq!(with_yours(TEXT, &yours).unwrap(), own);
        let without = TEXT.replace("# Yours: your variables.", "# Theirs.");
        assert_eq!(with_yours(&without, &yours).unwrap_err(), "# Yours: your variables.");
    }

    #[test]
    fn blank_lines_do_not_count() {
        let block = |text: &str| Block {
            name: String::new(),
            text: text.to_owned(),
        };
        assert_eq!(block("a:\n\n  b\n").digest(), block("a:  \n  b\n\n").digest());
        assert_ne!(block("a:\n  b\n").digest(), block("a:\n  c\n").digest());
    }
}
