//! The objects that presets declare are those of their fixtures.

use acuse_core::event::{Amount, Event};

use crate::{conekta, fixtures, provider, shopify, stripe, wompi};

fn event(preset: &str, file: &str) -> Event {
    let found = acuse_presets::by_name(preset).unwrap();
    let fixture = found.fixtures.iter().find(|fixture| fixture.file == file).unwrap();
    fixtures::read(provider(preset), fixture)
}

fn shown(amount: Option<&Amount>) -> Option<&str> {
    amount.map(Amount::as_str)
}

#[test]
fn stripes_objects_are_in_data_object() {
    let payment = event("stripe", "payment_intent.succeeded.json");
    let intent = stripe::PaymentIntent::of(&payment).unwrap().unwrap();
    assert_eq!(
        (intent.id.as_str(), shown(intent.amount_received.as_ref())),
        ("pi_3AcusePreset1", Some("4990000"))
    );
    assert!(stripe::Charge::of(&payment).unwrap().is_none());
    let charge = stripe::Charge::of(&event("stripe", "charge.refunded.json"))
        .unwrap()
        .unwrap();
    assert_eq!(shown(charge.amount_refunded.as_ref()), Some("1500000"));
    let session = event("stripe", "checkout.session.completed.json");
    let session = stripe::CheckoutSession::of(&session).unwrap().unwrap();
    assert_eq!(session.payment_status.as_deref(), Some("paid"));
    assert!(
        stripe::Charge::of(&event("stripe", "charge.dispute.created.json"))
            .unwrap()
            .is_none()
    );
}

#[test]
fn conektas_objects_are_in_data_object() {
    let order = conekta::Order::of(&event("conekta", "order.paid.json"))
        .unwrap()
        .unwrap();
    assert_eq!(
        (order.id.as_str(), shown(order.amount.as_ref())),
        ("ord_2AcusePreset001", Some("1999000"))
    );
    let charge = conekta::Charge::of(&event("conekta", "charge.declined.json"))
        .unwrap()
        .unwrap();
    assert_eq!(charge.order_id.as_deref(), Some("ord_2AcusePreset001"));
    assert_eq!(charge.failure_code.as_deref(), Some("insufficient_funds"));
}

#[test]
fn shopifys_object_is_the_payload() {
    let sale = event("shopify", "transaction.sale.success.json");
    let sale = shopify::Transaction::of(&sale).unwrap().unwrap();
    assert_eq!(
        (sale.id.as_str(), shown(sale.amount.as_ref())),
        ("6412773105742", Some("199900.00"))
    );
    let order = shopify::Order::of(&event("shopify", "order.paid.json"))
        .unwrap()
        .unwrap();
    assert_eq!(
        (order.name.as_deref(), order.financial_status.as_deref()),
        (Some("#1042"), Some("paid"))
    );
}

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
