//! How many signatures of one header are checked: each costs a digest of the body.

use super::*;

#[test]
fn only_the_first_eight_signatures_are_checked() {
    let hex = sign(SECRET, BODY);
    let after = |wrong: usize| {
        let wrong: String = (0..wrong).map(|number| format!("{number:064x} ")).collect();
        let text = format!("{wrong}{hex}");
        check(&unopago::PROVIDER, &[("webhook-signature", &text)], BODY)
    };
    assert_eq!(after(7), Ok(CanonicalForm::Raw));
    assert_eq!(after(8), Err(Refusal::SignatureWrong));
}
