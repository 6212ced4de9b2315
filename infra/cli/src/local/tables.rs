//! Items of the stack's tables, in DynamoDB's JSON.

use serde_json::{Map, Value, json};

use super::api::{Api, ApiError};

/// What `BatchWriteItem` takes.
const BATCH: usize = 25;

/// All items of `table`.
pub(super) async fn scan(api: &Api, table: &str) -> Result<Vec<Value>, ApiError> {
    let (mut items, mut start) = (Vec::new(), None);
    loop {
        let mut scan = json!({"TableName": table});
        if let (Some(key), Value::Object(scan)) = (start, &mut scan) {
            scan.insert("ExclusiveStartKey".to_owned(), key);
        }
        let mut page = api.json("DynamoDB_20120810.Scan", &scan).await?;
        if let Some(Value::Array(found)) = page.get_mut("Items").map(Value::take) {
            items.extend(found);
        }
        start = page
            .get_mut("LastEvaluatedKey")
            .map(Value::take)
            .filter(Value::is_object);
        if start.is_none() {
            return Ok(items);
        }
    }
}

/// Puts these items into `table`.
pub(super) async fn put(api: &Api, table: &str, items: Vec<Value>) -> Result<(), ApiError> {
    for batch in items.chunks(BATCH) {
        let puts: Vec<Value> = batch.iter().map(|item| json!({"PutRequest": {"Item": item}})).collect();
        let write = json!({"RequestItems": {table: puts}});
        api.json("DynamoDB_20120810.BatchWriteItem", &write).await?;
    }
    Ok(())
}

/// A plain JSON value as DynamoDB writes it: `"a"` is `{"S": "a"}`.
pub(super) fn attribute(value: &Value) -> Value {
    match value {
        Value::Null => json!({"NULL": true}),
        Value::Bool(is) => json!({"BOOL": is}),
        Value::Number(number) => json!({"N": number.to_string()}),
        Value::String(text) => json!({"S": text}),
        Value::Array(values) => json!({"L": values.iter().map(attribute).collect::<Vec<_>>()}),
        Value::Object(members) => json!({"M": item(members)}),
    }
}

/// A plain JSON object as an item.
pub(super) fn item(members: &Map<String, Value>) -> Value {
    members
        .iter()
        .map(|(name, value)| (name.clone(), attribute(value)))
        .collect()
}
