//! Payloads of an exact length.

/// A payment of OnePay's with a list of items that fills it up to `length` bytes. It is written with spaces,
/// so that neither Node nor Python would write the same text again.
pub(crate) fn of_length(length: usize) -> String {
    const HEAD: &str = r#"{ "payment": { "id": "pay_2Jk8sQ0", "amount": 150000.50, "currency": "COP", "status": "approved", "customer": { "name": "Mar\u00eda Ñandú", "email": "maria@example.com" }, "items": ["#;
    const ITEM: &str = r#" { "sku": "A-1020", "title": "Café de origen, 500 g", "quantity": 2, "price": 32500.00, "taxed": true, "note": "line one\nline \"two\"" },"#;
    const TAIL: &str = r#" null ] }, "event": { "type": "payment.approved", "environment": "live", "timestamp": "2024-03-20T10:00:00Z" }, "filler": ""#;
    const END: &str = r#"" }"#;

    let fixed = HEAD.len() + TAIL.len() + END.len();
    let room = length.saturating_sub(fixed);
    let items = ITEM.repeat(room / ITEM.len());
    let filler = "x".repeat(room % ITEM.len());
    [HEAD, &items, TAIL, &filler, END].concat()
}
