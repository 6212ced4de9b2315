//! Where a file of an earlier export ends.
//!
//! ```text
//! …                      10:02  p1
//! these are read back    10:03  p2      at 10:03, p2 and p3 are written
//! from the end           10:03  p3
//! is cut off             10:0
//! ```

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use acuse_core::clock::Timestamp;
use serde::Deserialize;

use super::Format;
use super::line::COLUMNS;

/// So much is read at a time.
const BLOCK: u64 = 64 * 1024;

/// How a line of JSON begins: members are in alphabetical order.
const FIRST_MEMBER: &str = r#"{"account":""#;

/// What the last lines say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct End {
    /// When the last event was received; `None` if there is none.
    pub(super) at: Option<Timestamp>,
    /// The keys of the events that were received then, as written.
    pub(super) keys: HashSet<String>,
}

/// The members of a line of JSON that say where it is. Others are not looked at.
#[derive(Deserialize)]
struct Place {
    received_at: String,
    key: String,
}

/// The length of the file's whole lines.
pub(super) fn whole_lines(file: &mut File) -> io::Result<u64> {
    let mut end = file.metadata()?.len();
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        let block = read(file, start, end)?;
        if let Some(place) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start
                .saturating_add(u64::try_from(place).unwrap_or_default())
                .saturating_add(1));
        }
        end = start;
    }
    Ok(0)
}

/// Whether a file without a whole line is the beginning of ours: of the `head`, or of a line of JSON. An empty one is.
pub(super) fn may_be_cut(file: &mut File, head: Option<&str>) -> io::Result<bool> {
    let length = file.metadata()?.len();
    Ok(match head {
        Some(head) => {
            let longest = u64::try_from(head.len()).unwrap_or(u64::MAX).saturating_add(1);
            head.as_bytes().starts_with(&read(file, 0, length.min(longest))?)
        }
        None => {
            let longest = u64::try_from(FIRST_MEMBER.len()).unwrap_or(u64::MAX);
            FIRST_MEMBER
                .as_bytes()
                .starts_with(&read(file, 0, length.min(longest))?)
        }
    })
}

/// What the last lines before `end` say; `None` if they are no events of this format.
pub(super) fn end(file: &mut File, end: u64, format: Format) -> io::Result<Option<End>> {
    let mut lines = Backwards {
        file,
        start: end,
        read: Vec::new(),
    };
    let mut found = End::default();
    while let Some(line) = lines.next()? {
        // The names of the columns.
        if format == Format::Csv && lines.is_at_start() {
            break;
        }
        let Some((at, key)) = place(&line, format) else {
            return Ok(None);
        };
        if found.at.is_some_and(|last| last != at) {
            break;
        }
        found.at = Some(at);
        found.keys.insert(key);
    }
    Ok(Some(found))
}

fn place(line: &[u8], format: Format) -> Option<(Timestamp, String)> {
    let (received_at, key) = match format {
        Format::Jsonl => {
            let Place { received_at, key } = serde_json::from_slice(line).ok()?;
            (received_at, key)
        }
        Format::Csv => {
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line);
            let row = reader.records().next()?.ok()?;
            let cell = |name| row.get(COLUMNS.iter().position(|column| *column == name)?);
            (cell("received_at")?.to_owned(), cell("key")?.to_owned())
        }
    };
    Some((Timestamp::from_rfc3339(&received_at)?, key))
}

/// A file's lines, the last one first.
struct Backwards<'a> {
    file: &'a mut File,
    /// What comes before this is not read yet.
    start: u64,
    read: Vec<u8>,
}

impl Backwards<'_> {
    fn is_at_start(&self) -> bool {
        self.start == 0 && self.read.is_empty()
    }

    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            // The last byte ends the line itself.
            let before = self.read.len().saturating_sub(1);
            let head = self.read.get(..before).unwrap_or_default();
            if let Some(place) = head.iter().rposition(|byte| *byte == b'\n') {
                return Ok(Some(self.read.split_off(place + 1)));
            }
            if self.start == 0 {
                let rest = std::mem::take(&mut self.read);
                return Ok(Some(rest).filter(|rest| !rest.is_empty()));
            }
            let start = self.start.saturating_sub(BLOCK);
            let mut block = read(self.file, start, self.start)?;
            block.append(&mut self.read);
            (self.read, self.start) = (block, start);
        }
    }
}

fn read(file: &mut File, start: u64, end: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(start))?;
    let mut block = Vec::new();
    file.take(end - start).read_to_end(&mut block)?;
    Ok(block)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::line::Lines;
    use super::*;

    fn file(text: &str) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    fn line(at: &str, key: &str, payload: &str) -> String {
        format!(r#"{{"received_at":"{at}","key":"{key}","payload":"{payload}"}}"#)
    }

    fn ends(text: &str, format: Format) -> (u64, Option<End>) {
        let mut file = file(text);
        let whole = whole_lines(&mut file).unwrap();
        (whole, end(&mut file, whole, format).unwrap())
    }

    const FIRST: &str = "2026-11-27T10:02:00.000Z";
    const LAST: &str = "2026-11-27T10:03:00.000Z";

    #[test]
    fn a_file_ends_with_its_last_whole_line_wherever_it_was_cut() {
        let long = "x".repeat(200_000);
        let whole = [line(FIRST, "p1", &long), line(LAST, "p2", &long), line(LAST, "p3", "")].join("\n") + "\n";
        let cut = line(LAST, "p4", &long);
        for length in [0, 1, 30, 70_000, 150_000, cut.len()] {
            let (end, found) = ends(&format!("{whole}{}", &cut[..length]), Format::Jsonl);
            assert_eq!(end, u64::try_from(whole.len()).unwrap());
            let found = found.unwrap();
            assert_eq!(found.at, Timestamp::from_rfc3339(LAST));
            assert_eq!(found.keys, ["p2", "p3"].map(str::to_owned).into());
        }
    }

    #[test]
    fn a_file_without_a_whole_line_begins_anew_and_another_file_is_refused() {
        assert_eq!(ends("", Format::Jsonl), (0, Some(End::default())));
        assert_eq!(ends("{\"received_at\":\"20", Format::Jsonl), (0, Some(End::default())));
        let head = Lines::head(Format::Csv).unwrap().unwrap() + "\n";
        assert_eq!(ends(&head, Format::Csv).1, Some(End::default()));
        for other in ["name;age\n", "{\"key\":\"p1\"}\n", "\n"] {
            assert_eq!(ends(other, Format::Jsonl).1, None, "{other}");
        }
        assert_eq!(ends(&format!("{head}not,a,row\n"), Format::Csv).1, None);
    }

    #[test]
    fn a_file_without_a_whole_line_is_ours_only_if_it_begins_like_a_line_of_ours() {
        let ours = |text: &str, head: Option<&str>| may_be_cut(&mut file(text), head).unwrap();
        let long = format!("{FIRST_MEMBER}shop\",\"x\":\"{}", "x".repeat(200_000));
        for cut in ["", "{", "{\"acc", FIRST_MEMBER, &long] {
            assert!(ours(cut, None), "{cut}");
        }
        let head = Lines::head(Format::Csv).unwrap().unwrap();
        for length in [0, 1, 20, head.len()] {
            assert!(ours(&head[..length], Some(&head)), "{length}");
        }
        let longer = format!("{head},mine");
        for foreign in ["notes", "{}", "{\"name\":\"x\"}", "{\"accounts", " ", "[", &longer] {
            assert!(!ours(foreign, None) && !ours(foreign, Some(&head)), "{foreign}");
        }
        assert!(!ours(&head, None) && !ours(FIRST_MEMBER, Some(&head)));
    }

    #[test]
    fn a_row_says_where_it_is() {
        let head = Lines::head(Format::Csv).unwrap().unwrap();
        let mut cells = vec![""; COLUMNS.len()];
        (cells[0], cells[COLUMNS.len() - 1]) = (LAST, "\"a,b|c\"");
        let (_, found) = ends(&format!("{head}\n{}\n", cells.join(",")), Format::Csv);
        let found = found.unwrap();
        assert_eq!(found.at, Timestamp::from_rfc3339(LAST));
        assert_eq!(found.keys, ["a,b|c".to_owned()].into());
    }
}
