//! Names from outside, as a summary shows them.

/// The longest name that is shown.
const LONGEST: usize = 60;

/// `text` without what a chat, a mail or a terminal may take for something else than a name.
pub(super) fn plain(text: &str) -> String {
    let kept = text.chars().take(LONGEST);
    kept.map(|c| match c {
        c if c.is_alphanumeric() => c,
        '.' | '_' | '-' | ':' | '/' => c,
        _ => '?',
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_what_names_have() {
        assert_eq!(plain("payment.approved"), "payment.approved");
        assert_eq!(plain("onepay/shop-2"), "onepay/shop-2");
        assert_eq!(plain("<!channel> *now*\n`x`"), "??channel???now???x?");
        assert_eq!(plain(&"x".repeat(1000)).len(), LONGEST);
    }
}
