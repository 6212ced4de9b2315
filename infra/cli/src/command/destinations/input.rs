//! What may be secret: a URL and headers' values, from the command line or, given as `-`, from the terminal or standard
//! input, a line each.

use std::io::{self, IsTerminal};

use acuse_core::destination::config::Target;

use crate::command::{Failure, Unreadable};

/// Reads `-` as the next line of standard input, or asks for it without echo.
pub(super) fn given(text: &str, what: &str) -> Result<String, Failure> {
    if text != "-" {
        return Ok(text.to_owned());
    }
    let unreadable = |error| Unreadable::of(what)(error);
    if io::stdin().is_terminal() {
        let asked = rpassword::prompt_password(format!("{what} (not shown): ")).map_err(unreadable)?;
        return Ok(asked.trim().to_owned());
    }
    let mut line = String::new();
    match io::stdin().read_line(&mut line).map_err(unreadable)? {
        0 => Err(Failure::new(format!("standard input has no line for {what}"))),
        _ => Ok(line.trim().trim_start_matches('\u{feff}').to_owned()),
    }
}

/// Reads where requests go. An error shows no part of it.
pub(super) fn target(text: &str) -> Result<Target, Failure> {
    let text = given(text, "the URL")?;
    Target::parse(&text).map_err(|problem| Failure::new(format!("the URL {problem}")))
}

/// A header as it is written on the command line, `NAME: VALUE`; without a value if it is to be removed.
pub(super) fn header(text: &str) -> Result<(String, Option<String>), Failure> {
    let Some((name, value)) = text.split_once(':') else {
        return Err(Failure::new(
            "a header is written `NAME: VALUE`, or `NAME: -` to read its value from standard input",
        ));
    };
    let (name, value) = (name.trim().to_owned(), value.trim());
    if value.is_empty() {
        return Ok((name, None));
    }
    let value = given(value, &format!("the value of the header {name}"))?;
    Ok((name, Some(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_a_name_and_a_value() {
        let read = |text| header(text).map_err(|failure| failure.lines().join("\n"));
        let value = |text: &str| Some(text.to_owned());
        assert_eq!(read("X-Team: books"), Ok(("X-Team".to_owned(), value("books"))));
        assert_eq!(read("x-at:10:30"), Ok(("x-at".to_owned(), value("10:30"))));
        assert_eq!(read("X-Team:"), Ok(("X-Team".to_owned(), None)));
        assert!(read("hunter2").unwrap_err().contains("`NAME: VALUE`"));
        assert!(!read("hunter2").unwrap_err().contains("hunter2"));
    }

    #[test]
    fn an_invalid_url_is_not_shown() {
        let error = target("http://shop.example/hunter2").unwrap_err().lines().join("\n");
        assert_eq!(error, "error: the URL is not encrypted; use https");
    }
}
