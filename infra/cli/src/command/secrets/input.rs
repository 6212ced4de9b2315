//! A secret from the terminal or from standard input.

use std::io::{self, IsTerminal, Read};

use acuse_cli::note;
use acuse_cli::terminal::is_unsafe;
use acuse_core::provider::Provider;
use acuse_core::receive::secrets::{Problem, SecretError, SecretVersion, Secrets, TokenField};
use thiserror::Error;

/// A secret that can't be had. Carries no part of a value.
#[derive(Debug, Error)]
pub(crate) enum InputError {
    #[error("can't read the secret from {0}")]
    Read(&'static str, #[source] io::Error),
    #[error("standard input is UTF-16, as PowerShell writes files; save it as UTF-8 (`Out-File -Encoding utf8`)")]
    Utf16,
    #[error("standard input is not UTF-8 from byte {0} on; save the file as UTF-8")]
    NotUtf8(usize),
    #[error("{what} holds a control or invisible character at place {place}; copy it again from the provider's panel")]
    Invisible { what: String, place: usize },
    #[error(
        "standard input has {lines} lines, and {name} has {wanted}; give the JSON object for several signing secrets"
    )]
    Lines {
        name: &'static str,
        lines: usize,
        wanted: &'static str,
    },
    #[error("{0} is in quotes or brackets: give the value alone, or the whole JSON object")]
    Quoted(&'static str),
    #[error("`--no-token` says that there is no token, and one was given: leave one of the two out")]
    TokenGiven,
    #[error("{0} sends no token in any case: leave `--no-token` out")]
    NoTokenAnyway(&'static str),
    #[error(transparent)]
    Secret(#[from] SecretError),
}

/// Reads a secret and checks it. With `no_token` the provider is said to send no token, so that none
/// is asked for; one that is given counts all the same.
pub(crate) fn ask(provider: &'static Provider, no_token: bool) -> Result<SecretVersion, InputError> {
    let wants_token = provider.scheme.token.is_some();
    let stored = if io::stdin().is_terminal() {
        let prompt = |what| {
            rpassword::prompt_password(format!("{} of {} (not shown): ", what, provider.name))
                .map_err(|source| InputError::Read("the terminal", source))
        };
        SecretVersion {
            signing_secrets: vec![prompt("signing secret")?],
            token: (wants_token && !no_token).then(|| prompt("token")).transpose()?.into(),
            ..SecretVersion::default()
        }
    } else {
        let mut bytes = Vec::new();
        let read = io::stdin().read_to_end(&mut bytes);
        read.map_err(|source| InputError::Read("standard input", source))?;
        from_input(provider, &bytes)?
    };
    let stored = checked(stored, no_token)?;
    let Some(_) = Secrets::parse(provider, &stored.to_json())? else {
        return Err(Problem::EmptySigningSecret.of(provider).into());
    };
    if stored.token.text().is_some() && !wants_token {
        note!(
            "note: {} sends no token; this one is stored, and used once its signature settings have `token=…`",
            provider.name
        );
    }
    Ok(stored)
}

fn checked(stored: SecretVersion, no_token: bool) -> Result<SecretVersion, InputError> {
    let mut stored = stored.trimmed();
    if no_token && stored.token.is_absent() {
        stored.token = TokenField::Null;
    }
    check_visible(&stored)?;
    Ok(stored)
}

/// The JSON object; else the signing secret, and in a second line the token.
fn from_input(provider: &'static Provider, bytes: &[u8]) -> Result<SecretVersion, InputError> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(InputError::Utf16);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| InputError::NotUtf8(error.valid_up_to()))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_end();
    if text.trim_start().starts_with('{') {
        return Ok(SecretVersion::parse(provider, text)?);
    }
    let (most, wanted) = match provider.scheme.token {
        Some(_) => (2, "two: the signing secret, then the token"),
        None => (1, "one: the signing secret"),
    };
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    if lines.len() > most {
        return Err(InputError::Lines {
            name: provider.name,
            lines: lines.len(),
            wanted,
        });
    }
    for (line, what) in lines.iter().zip(["the signing secret", "the token"]) {
        let quoted = |open, close| line.len() > 1 && line.starts_with(open) && line.ends_with(close);
        if quoted('"', '"') || quoted('\'', '\'') || quoted('[', ']') {
            return Err(InputError::Quoted(what));
        }
    }
    let mut lines = lines.into_iter().map(str::to_owned);
    Ok(SecretVersion {
        signing_secrets: lines.next().into_iter().collect(),
        token: lines.next().into(),
        ..SecretVersion::default()
    })
}

/// Refuses what nobody sees and no provider issues: it comes with a copy from a page or a file.
/// Joiners too, though emoji need them: a copied one costs every delivery, and no provider's secret
/// has an emoji.
fn check_visible(stored: &SecretVersion) -> Result<(), InputError> {
    let signing = (1..).zip(&stored.signing_secrets);
    let signing = signing.map(|(place, secret)| (format!("signing secret {place}"), secret.as_str()));
    let token = stored.token.text().map(|token| ("the token".to_owned(), token));
    for (what, secret) in signing.chain(token) {
        if let Some(place) = secret.chars().position(is_unsafe) {
            return Err(InputError::Invisible { what, place: place + 1 });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use acuse_core::providers::{kuenta, onepay};

    use super::*;

    fn read(provider: &'static Provider, bytes: &[u8]) -> Result<String, String> {
        let read = from_input(provider, bytes).and_then(|stored| checked(stored, false));
        read.map(|stored| stored.to_json()).map_err(|error| error.to_string())
    }

    #[test]
    fn that_there_is_no_token_is_said_by_option_or_in_the_object() {
        let read = |text: &str, no_token| {
            let stored = from_input(&onepay::PROVIDER, text.as_bytes()).and_then(|stored| checked(stored, no_token));
            stored.unwrap().to_json()
        };
        let none = r#"{"signing_secrets":["wh_tok_a"],"token":null}"#;
        for text in [
            "wh_tok_a\n",
            "wh_tok_a\n\n",
            r#"{"signing_secrets":["wh_tok_a"]}"#,
            none,
        ] {
            assert_eq!(read(text, true), none, "{text}");
        }
        assert_eq!(read(none, false), none);
        assert_eq!(read("wh_tok_a\n", false), r#"{"signing_secrets":["wh_tok_a"]}"#);
        // A rotation may bring a token where there was none.
        let some = r#"{"signing_secrets":["wh_tok_a"],"token":"wh_hdr_b"}"#;
        assert_eq!(read("wh_tok_a\nwh_hdr_b\n", true), some);
    }

    #[test]
    fn line_ends_and_a_byte_order_mark_are_no_part_of_a_secret() {
        let expected = Ok(r#"{"signing_secrets":["wh_tok_a"],"token":"wh_hdr_b"}"#.to_owned());
        for text in [
            "wh_tok_a\nwh_hdr_b",
            "wh_tok_a\r\nwh_hdr_b\r\n",
            " wh_tok_a \n\twh_hdr_b\n\n \n",
            "\u{feff}wh_tok_a\nwh_hdr_b\n",
            "\u{feff}{\"signing_secrets\":[\"wh_tok_a\"],\"token\":\"wh_hdr_b\"}\r\n",
            "\r\n{\"signing_secrets\": [\"wh_tok_a\"],\r\n \"token\": \" wh_hdr_b\"}",
        ] {
            assert_eq!(read(&onepay::PROVIDER, text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn nothing_of_the_input_is_dropped() {
        for (provider, text, expected) in [
            (
                &onepay::PROVIDER,
                "a\nb\nhunter2\n",
                "standard input has 3 lines, and onepay has two",
            ),
            (
                &kuenta::PROVIDER,
                "a\nhunter2\n",
                "standard input has 2 lines, and kuenta has one",
            ),
            (
                &kuenta::PROVIDER,
                "\"hunter2\"\n",
                "the signing secret is in quotes or brackets",
            ),
            (
                &onepay::PROVIDER,
                "a\n'hunter2'\n",
                "the token is in quotes or brackets",
            ),
            (
                &kuenta::PROVIDER,
                "[\"hunter2\", \"b\"]\n",
                "the signing secret is in quotes or brackets",
            ),
        ] {
            let error = read(provider, text.as_bytes()).unwrap_err();
            assert!(error.contains(expected) && !error.contains("hunter2"), "{error}");
        }
        // A variable that is not set leaves its line empty: the token does not move up.
        let expected = Ok(r#"{"signing_secrets":[""],"token":"wh_hdr_b"}"#.to_owned());
        assert_eq!(read(&onepay::PROVIDER, b"\nwh_hdr_b\n"), expected);
    }

    #[test]
    fn what_is_no_text_is_told() {
        let utf16: Vec<u8> = "\u{feff}hunter2\r\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let swapped: Vec<u8> = "\u{feff}hunter2\r\n"
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect();
        let unmarked: Vec<u8> = "hunter2".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for (bytes, expected) in [
            (&utf16[..], "is UTF-16"),
            (&swapped, "is UTF-16"),
            (
                &unmarked,
                "signing secret 1 holds a control or invisible character at place 2",
            ),
            (b"hunter\xe9", "not UTF-8 from byte 6 on"),
            (b"hunt\0er2", "at place 5"),
            (
                b"{\"signing_secrets\":[\"a\",\"hunter2\\u0000\"]}",
                "signing secret 2 holds",
            ),
            (
                b"{\"signing_secrets\":[\"a\"],\"token\":\"hun\\u0007ter2\"}",
                "the token holds",
            ),
            ("hunt\u{200b}er2".as_bytes(), "at place 5"),
            (b"hunter\rhunter2", "at place 7"),
        ] {
            let error = read(&kuenta::PROVIDER, bytes).unwrap_err();
            assert!(error.contains(expected) && !error.contains("hunter2"), "{error}");
        }
        // What hides, or passes for a space.
        for hidden in "\u{34f}\u{fe0f}\u{3164}\u{a0}\u{2003}\u{2800}\u{200c}\u{200d}\u{2061}\u{e0041}\u{ad}".chars() {
            let error = read(&kuenta::PROVIDER, format!("hunt{hidden}er2").as_bytes()).unwrap_err();
            assert!(
                error.contains("at place 5") && !error.contains("hunt"),
                "{hidden:?}: {error}"
            );
        }
        let passphrase = "contraseña más larga 🚀";
        assert!(
            read(&kuenta::PROVIDER, passphrase.as_bytes())
                .unwrap()
                .contains(passphrase)
        );
    }
}
