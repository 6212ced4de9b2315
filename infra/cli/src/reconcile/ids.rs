//! A file of ids: what a panel exports, or what an accountant asks for.

use std::collections::BTreeSet;

/// The longest line that is an id.
const LONGEST: usize = 4096;

/// A line that is no id.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("line {line} has {length} bytes; expected one id or order number a line, of at most {LONGEST} bytes")]
pub struct TooLong {
    line: usize,
    length: usize,
}

/// The ids of a text, in their order and each once: one a line. Empty lines and lines that begin with `#` are left
/// out, and so is a byte order mark. Quotes around an id are taken off, as spreadsheets write them.
///
/// # Errors
/// [`TooLong`] names the line.
pub fn read(text: &str) -> Result<Vec<String>, TooLong> {
    let (mut ids, mut seen) = (Vec::new(), BTreeSet::new());
    for (place, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.len() > LONGEST {
            return Err(TooLong {
                line: place + 1,
                length: line.len(),
            });
        }
        let quoted = line.strip_prefix('"').and_then(|line| line.strip_suffix('"'));
        let id = quoted.filter(|id| !id.is_empty()).unwrap_or(line);
        if seen.insert(id) {
            ids.push(id.to_owned());
        }
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_line_by_line_and_each_once() {
        let text = "\u{feff}# exported today\r\np1\r\n\n \"ORD-1\" \np1\n\"\"\nwith space\n";
        assert_eq!(read(text).unwrap(), ["p1", "ORD-1", "\"\"", "with space"]);
        let error = read(&format!("p1\n{}", "x".repeat(5000))).unwrap_err();
        assert!(error.to_string().starts_with("line 2 has 5000 bytes"), "{error}");
    }
}
