//! The objects that presets declare are those of their fixtures.

use acuse_core::event::Amount;

use crate::{fixtures, wompi};

#[test]
fn wompis_transaction() {
    let preset = acuse_presets::by_name("wompi").unwrap();
    let of = |file: &str| {
        let fixture = preset.fixtures.iter().find(|fixture| fixture.file == file).unwrap();
        wompi::Transaction::of(&fixtures::read(&wompi::PROVIDER, fixture)).unwrap()
    };
    let transaction = of("transaction.updated.json").unwrap();
    assert_eq!(transaction.id, "1512-1717430400-30117");
    assert_eq!(
        transaction.amount_in_cents.as_ref().map(Amount::as_str),
        Some("8990000")
    );
    assert_eq!(transaction.reference.as_deref(), Some("PEDIDO-1042"));
    assert_eq!(transaction.status.as_deref(), Some("APPROVED"));
    assert!(of("nequi_token.updated.json").is_none());
}
