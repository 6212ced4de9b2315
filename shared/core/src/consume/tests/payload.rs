//! Payloads that are not of the hook's type.

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Order {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    amount: i64,
}

#[tokio::test]
async fn a_payload_of_another_shape_is_rejected_at_once_and_names_the_field() {
    let body = r#"{"event":"payment.completed","data":{"id":"p1","amount":"no number"}}"#;
    let reason = "hook `h`: the payload is not a valid `Order`: data.amount: invalid type: string, expected i64";
    let amount = |event: &Event, _| {
        let order: Order = event.payload()?;
        assert_eq!(order.data.amount, 0);
        Ok(Effects::none())
    };
    for hook in [Told::to("h", amount), Told::to("h", amount).writes_only()] {
        let scene = Scene::default();
        let back = scene.consume(&[&hook], vec![message("m1", "kuenta", body)]).await;
        assert_eq!((back, hook.calls()), (Vec::<String>::new(), 1));
        let records = scene.ledger.records();
        let records: Vec<_> = records
            .values()
            .map(|stored| (stored.state.status, stored.error.as_deref()))
            .collect();
        assert_eq!(records, [(Status::Rejected, Some(reason))]);
        assert_eq!(scene.inbox.dead(), [("m1".to_owned(), reason.to_owned())]);
    }
}
