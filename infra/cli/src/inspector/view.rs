//! The pages, a file each.

pub(super) mod dead_letters;
pub(super) mod event;
pub(super) mod events;
pub(super) mod life;
pub(super) mod quarantine;

/// A value as a part of a query string.
pub(super) fn encoded(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._".contains(byte);
    text.bytes()
        .map(|byte| {
            if plain(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}
