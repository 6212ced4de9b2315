//! Provider answers as errors show them: shortened and without secrets.

use secrecy::{ExposeSecret, SecretString};

/// Characters of an answer that are shown.
const SHOWN: usize = 300;

/// Prefixes of OnePay's secrets, which are hidden even if we don't know them.
const MARKS: [&str; 2] = ["wh_tok_", "wh_hdr_"];

/// The beginning of an answer's `body`, without `secrets`.
pub(super) fn shown<'a>(body: &[u8], secrets: impl IntoIterator<Item = &'a SecretString>) -> String {
    let mut text = String::from_utf8_lossy(body).into_owned();
    for secret in secrets {
        let secret = secret.expose_secret();
        // As it is, and as JSON escapes it; some writers escape the slash as well.
        let json = serde_json::to_string(secret).unwrap_or_default();
        let json = json.trim_matches('"');
        for form in [secret, json, &json.replace('/', "\\/")] {
            if !form.is_empty() {
                text = text.replace(form, "***");
            }
        }
    }
    for mark in MARKS {
        text = without_words(&text, mark);
    }
    let mut shown: String = text.trim().chars().take(SHOWN).collect();
    if text.trim().chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

/// `text` without the rest of each word that begins with `mark`.
fn without_words(text: &str, mark: &str) -> String {
    let mut parts = text.split(mark);
    let mut hidden = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
        let rest = end.and_then(|end| part.get(end..)).unwrap_or_default();
        hidden.extend([mark, "***", rest]);
    }
    hidden
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_in_every_escaping() {
        let secrets = ["hunter2".to_owned().into(), "a/\"b".to_owned().into()];
        let body = br#"{"t":"hunter2","s":"a/\"b","p":"a\/\"b","h":"wh_hdr_abc-1","k":"wh_tok_x"} wh_tok_end"#;
        assert_eq!(
            shown(body, &secrets),
            r#"{"t":"***","s":"***","p":"***","h":"wh_hdr_***","k":"wh_tok_***"} wh_tok_***"#
        );
    }

    #[test]
    fn long_answers_are_cut() {
        let long = "ñ".repeat(301);
        assert_eq!(shown(long.as_bytes(), &[]), format!("{}…", "ñ".repeat(300)));
    }
}
