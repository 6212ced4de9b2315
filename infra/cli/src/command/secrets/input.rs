//! A secret from the terminal or from standard input.

use std::io::{self, IsTerminal, Read};

use acuse_core::account::AccountName;
use acuse_core::provider::Provider;
use acuse_core::receive::secrets::{Secrets, StoredAccount};

use crate::command::{Failure, Unreadable};
use crate::note;
use crate::terminal::is_unsafe;

/// Reads and checks the secret of an account. With `no_token` it doesn't ask for a token, and the secret states that
/// there is none; a token that is given counts all the same. An error contains no part of a value.
pub(crate) fn ask(
    provider: &'static Provider,
    account: &AccountName,
    no_token: bool,
) -> Result<StoredAccount, Failure> {
    let wants_token = provider.scheme.token.is_some();
    let stored = if io::stdin().is_terminal() {
        let prompt = |what| {
            rpassword::prompt_password(format!("{what} of {} (not shown): ", account.scope(provider.name)))
                .map_err(Unreadable::of("the secret from the terminal"))
        };
        StoredAccount {
            signing_secrets: vec![match provider.scheme.reads_pem() {
                true => pem_from_terminal(provider, account)?,
                false => prompt("signing secret")?,
            }],
            tokens: (wants_token && !no_token)
                .then(|| prompt("token"))
                .transpose()?
                .map(Some)
                .into_iter()
                .collect(),
            ..StoredAccount::default()
        }
    } else {
        let mut bytes = Vec::new();
        let read = io::stdin().read_to_end(&mut bytes);
        read.map_err(Unreadable::of("the secret from standard input"))?;
        from_input(provider, account, &bytes)?
    };
    let stored = checked(stored, no_token)?;
    Secrets::of(provider, account.clone(), &stored)?;
    if stored.tokens.iter().any(Option::is_some) && !wants_token {
        note!(
            "note: {} sends no token; this one is stored, and used once its signature settings have `token=…`",
            provider.name
        );
    }
    Ok(stored)
}

fn checked(stored: StoredAccount, no_token: bool) -> Result<StoredAccount, Failure> {
    let mut stored = stored.trimmed();
    if no_token && stored.tokens.is_empty() {
        stored.tokens = vec![None];
    }
    check_visible(&stored)?;
    Ok(stored)
}

/// A public key, which is not secret, up to its last line.
fn pem_from_terminal(provider: &Provider, account: &AccountName) -> Result<String, Failure> {
    note!(
        "public key of {}, from -----BEGIN to -----END:",
        account.scope(provider.name)
    );
    let mut text = String::new();
    for line in io::stdin().lines() {
        let line = line.map_err(Unreadable::of("the public key from the terminal"))?;
        text.push_str(&line);
        text.push('\n');
        if is_end_of_pem(&line) {
            break;
        }
    }
    Ok(text)
}

/// Whether a line is the last one of a PEM document, or a whole one in one line.
fn is_end_of_pem(line: &str) -> bool {
    line.contains("-----END ")
}

/// The JSON object; or the signing secret, and the token on a second line.
fn from_input(provider: &'static Provider, account: &AccountName, bytes: &[u8]) -> Result<StoredAccount, Failure> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Failure::new(
            "standard input is UTF-16, as PowerShell writes files; save it as UTF-8 (`Out-File -Encoding utf8`)",
        ));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let valid = error.valid_up_to();
        Failure::new(format!(
            "standard input is not UTF-8 from byte {valid} on; save the file as UTF-8"
        ))
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_end();
    if text.trim_start().starts_with('{') {
        let parsed = StoredAccount::parse(provider, text);
        return Ok(parsed.map_err(|error| error.problem.of_account(provider, account))?);
    }
    let (most, wanted) = match provider.scheme.token {
        Some(_) => (2, "two: the signing secret, then the token"),
        None => (1, "one: the signing secret"),
    };
    let (pem, text) = match provider.scheme.reads_pem() {
        true => split_pem(text),
        false => (None, text),
    };
    let lines = text.lines().map(str::trim);
    let lines: Vec<&str> = pem.into_iter().chain(lines).collect();
    if lines.len() > most {
        return Err(Failure::new(format!(
            "standard input has {} lines, and {} has {wanted}; give the JSON object for several signing secrets",
            lines.len(),
            provider.name
        )));
    }
    for (line, what) in lines.iter().zip(["the signing secret", "the token"]) {
        let quoted = |open, close| line.len() > 1 && line.starts_with(open) && line.ends_with(close);
        if quoted('"', '"') || quoted('\'', '\'') || quoted('[', ']') {
            return Err(Failure::new(format!(
                "{what} is in quotes or brackets: give the bare value, or the whole JSON object"
            )));
        }
    }
    let mut lines = lines.into_iter().map(str::to_owned);
    Ok(StoredAccount {
        signing_secrets: lines.next().into_iter().collect(),
        tokens: lines.next().map(Some).into_iter().collect(),
        ..StoredAccount::default()
    })
}

/// The PEM document that `text` begins with, as it is, and what follows it.
fn split_pem(text: &str) -> (Option<&str>, &str) {
    let lines = text.split_inclusive('\n').scan(0, |end, line| {
        *end += line.len();
        Some((*end, line))
    });
    let mut ends = lines.filter(|(_, line)| is_end_of_pem(line)).map(|(end, _)| end);
    match ends.next().and_then(|end| text.split_at_checked(end)) {
        Some((pem, rest)) => (Some(pem.trim()), rest),
        None => (None, text),
    }
}

/// Refuses characters that nobody sees and no provider issues: they are copied along from a page or a file. Joiners
/// too, though emoji need them: a copied one would fail every delivery, and no provider's secret has an emoji.
fn check_visible(stored: &StoredAccount) -> Result<(), Failure> {
    let signing = (1..).zip(&stored.signing_secrets);
    let signing = signing.map(|(number, secret)| (format!("signing secret {number}"), secret.as_str()));
    let tokens = stored.tokens.iter().flatten();
    let token = tokens.map(|token| ("the token".to_owned(), token.as_str()));
    for (what, secret) in signing.chain(token) {
        let is_unsafe = |letter| is_unsafe(letter) && !(is_pem(secret) && matches!(letter, '\n' | '\r'));
        if let Some(place) = secret.chars().position(is_unsafe) {
            return Err(Failure::new(format!(
                "{what} has a control or invisible character at place {}; copy it again from the provider's panel",
                place + 1
            )));
        }
    }
    Ok(())
}

fn is_pem(secret: &str) -> bool {
    secret.starts_with("-----BEGIN ")
}

#[cfg(test)]
mod tests {
    use acuse_core::providers::{kuenta, onepay};

    use super::*;

    fn read(provider: &'static Provider, bytes: &[u8]) -> Result<String, String> {
        let read = from_input(provider, &AccountName::DEFAULT, bytes).and_then(|stored| checked(stored, false));
        read.map(|stored| serde_json::to_string(&stored).unwrap())
            .map_err(|failure| failure.lines().join("\n"))
    }

    #[test]
    fn no_token_can_be_stated_by_the_option_or_in_the_object() {
        let read = |text: &str, no_token| {
            let stored = from_input(&onepay::PROVIDER, &AccountName::DEFAULT, text.as_bytes())
                .and_then(|stored| checked(stored, no_token));
            serde_json::to_string(&stored.unwrap()).unwrap()
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
        // A rotation may add a token.
        let some = r#"{"signing_secrets":["wh_tok_a"],"token":"wh_hdr_b"}"#;
        assert_eq!(read("wh_tok_a\nwh_hdr_b\n", true), some);
    }

    #[test]
    fn line_ends_and_a_byte_order_mark_are_not_part_of_a_secret() {
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
    fn input_that_does_not_fit_is_refused_not_dropped() {
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
        // An unset variable leaves its line empty, and the token must not take its place.
        let expected = Ok(r#"{"signing_secrets":[""],"token":"wh_hdr_b"}"#.to_owned());
        assert_eq!(read(&onepay::PROVIDER, b"\nwh_hdr_b\n"), expected);
    }

    #[test]
    fn a_public_key_keeps_its_lines() {
        use acuse_core::provider::scheme::{Digest, Scheme, Signature, Token};
        static SIGNED: Provider = Provider {
            scheme: Scheme {
                token: None,
                signatures: &[Signature {
                    digest: Digest::RSA_PKCS1_SHA256,
                    ..Signature::hmac(&["digest"])
                }],
            },
            ..kuenta::PROVIDER
        };
        static WITH_TOKEN: Provider = Provider {
            scheme: Scheme {
                token: Some(Token {
                    header: "x-token",
                    bearer: false,
                }),
                ..SIGNED.scheme
            },
            ..kuenta::PROVIDER
        };
        let pem = include_str!("../../../../local/rsa-public.pem");
        let stored = |provider, text: &str| {
            let stored = from_input(provider, &AccountName::DEFAULT, text.as_bytes());
            checked(stored.unwrap(), false).unwrap()
        };
        for text in [pem.to_owned(), format!("\n{pem}\n"), pem.trim().to_owned()] {
            let stored = stored(&SIGNED, &text);
            assert_eq!(stored.signing_secrets, [pem.trim()]);
            assert!(Secrets::of(&SIGNED, AccountName::DEFAULT, &stored).is_ok());
        }
        let in_json = serde_json::json!({"signing_secrets": [pem]}).to_string();
        assert_eq!(stored(&SIGNED, &in_json).signing_secrets, [pem.trim()]);
        let both = stored(&WITH_TOKEN, &format!("{pem}wh_hdr_b\n"));
        assert_eq!(both.signing_secrets, [pem.trim()]);
        assert_eq!(both.tokens, [Some("wh_hdr_b".to_owned())]);
        // What follows a key is not dropped, and another provider has no use for it.
        for (provider, text) in [
            (&SIGNED, format!("{pem}hunter2\n")),
            (&kuenta::PROVIDER, pem.to_owned()),
        ] {
            let error = read(provider, text.as_bytes()).unwrap_err();
            assert!(
                error.contains("standard input has ") && !error.contains("hunter2"),
                "{error}"
            );
        }
    }

    #[test]
    fn invalid_text_is_refused_with_its_place() {
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
                "signing secret 1 has a control or invisible character at place 2",
            ),
            (b"hunter\xe9", "not UTF-8 from byte 6 on"),
            (b"hunt\0er2", "at place 5"),
            (
                b"{\"signing_secrets\":[\"a\",\"hunter2\\u0000\"]}",
                "signing secret 2 has",
            ),
            (
                b"{\"signing_secrets\":[\"a\"],\"token\":\"hun\\u0007ter2\"}",
                "the token has",
            ),
            ("hunt\u{200b}er2".as_bytes(), "at place 5"),
            (b"hunter\rhunter2", "at place 7"),
        ] {
            let error = read(&kuenta::PROVIDER, bytes).unwrap_err();
            assert!(error.contains(expected) && !error.contains("hunter2"), "{error}");
        }
        // Invisible characters, and those that look like a space.
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
