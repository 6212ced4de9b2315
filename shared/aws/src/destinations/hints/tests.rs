use serde_json::{Value, json};

use super::*;
use crate::destinations::fake::{key, queue};

#[tokio::test]
async fn each_hint_names_its_delivery_and_is_of_its_destinations_group() {
    let (client, requests) = queue(r#"{"Successful": [], "Failed": []}"#);
    let keys: Vec<_> = (0..12).map(|place| key(&format!("shop-{place}"))).collect();
    Hints::new(client, "https://queue").send(&keys).await.unwrap();
    let requests = requests.lock().unwrap();
    let counts: Vec<_> = requests
        .iter()
        .map(|request| request["Entries"].as_array().unwrap().len())
        .collect();
    assert_eq!(counts, [10, 2]);
    let entry = &requests[1]["Entries"][1];
    assert_eq!(
        (&entry["Id"], &entry["MessageGroupId"]),
        (&json!("1"), &json!("shop-11"))
    );
    let body: Value = serde_json::from_str(entry["MessageBody"].as_str().unwrap()).unwrap();
    let own = &keys[11];
    assert_eq!(
        body,
        json!({"pk": own.event.partition, "sk": own.event.sort, "destination": "shop-11"})
    );
}

#[tokio::test]
async fn a_message_that_the_queue_refuses_is_an_error() {
    let failed = r#"{"Successful": [], "Failed": [{"Id": "0", "SenderFault": false, "Code": "InternalError"}]}"#;
    let (client, _) = queue(failed);
    let error = Hints::new(client, "https://queue")
        .send([&key("shop")])
        .await
        .unwrap_err();
    let chain = acuse_core::error::chain(&error);
    assert_eq!(chain, "sending to the destination queue: InternalError: no message");
}

#[tokio::test]
async fn without_deliveries_nobody_is_called() {
    let (client, requests) = queue("{}");
    Hints::new(client, "https://queue").send([]).await.unwrap();
    assert!(requests.lock().unwrap().is_empty());
}
