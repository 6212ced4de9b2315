//! The ledger and the table of `payments`, in this program's memory.

use dynoxide::Database;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::error::Error;

/// Starts DynamoDB with both tables, and returns its URL.
pub(crate) async fn start() -> Result<String, Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Answer(format!("the tables: {error}"));
    let database = Database::memory().map_err(|error| failed(&error))?;
    for table in [ledger(), payments()] {
        let create = serde_json::from_value(table).map_err(|error| failed(&error))?;
        database.create_table(create).map_err(|error| failed(&error))?;
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(Error::Listen)?;
    let address = listener.local_addr().map_err(Error::Listen)?;
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    Ok(format!("http://{address}"))
}

fn ledger() -> Value {
    json!({
        "TableName": "ledger",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            { "AttributeName": "pk", "AttributeType": "S" },
            { "AttributeName": "sk", "AttributeType": "S" },
            { "AttributeName": "day", "AttributeType": "S" },
            { "AttributeName": "received_at", "AttributeType": "N" },
        ],
        "KeySchema": [
            { "AttributeName": "pk", "KeyType": "HASH" },
            { "AttributeName": "sk", "KeyType": "RANGE" },
        ],
        "GlobalSecondaryIndexes": [{
            "IndexName": "by-day",
            "KeySchema": [
                { "AttributeName": "day", "KeyType": "HASH" },
                { "AttributeName": "received_at", "KeyType": "RANGE" },
            ],
            "Projection": { "ProjectionType": "ALL" },
        }],
    })
}

fn payments() -> Value {
    json!({
        "TableName": "payments",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{ "AttributeName": "pk", "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
    })
}
