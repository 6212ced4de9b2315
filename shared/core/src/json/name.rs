//! Names of members, as error messages show them.

/// The name of an unknown field, account or destination; only its position if the name may be a secret, as in
/// `{"wh_tok_…": "wh_hdr_…"}`.
pub(crate) fn shown_name(name: &str, place: usize) -> String {
    match looks_like_words(name) {
        true => format!("`{name}`"),
        false => format!("number {place}, whose name is not shown since it may be a secret"),
    }
}

/// Whether `name` is a few short words, like the names that people give to fields. Random text has digits, long runs,
/// scattered capitals or parts without a vowel.
fn looks_like_words(name: &str) -> bool {
    // `signingSecrets` as `signing_secrets`.
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    let is_word = |word: &str| {
        (2..=12).contains(&word.len())
            && word.bytes().all(|letter| letter.is_ascii_lowercase())
            && word.contains(['a', 'e', 'i', 'o', 'u', 'y'])
    };
    name.len() <= 32 && !snake.starts_with("wh") && snake.split(['_', '-']).all(is_word)
}
