//! The verify job on hyper and a signer alone: what is lost by using the SDK is seen beside it. It does
//! what the Python and Node peers do, and has none of the rest: no logs, no metrics, no retries.
#![allow(clippy::indexing_slicing, reason = "JSON that is not there is null")]

mod aws;

use std::env::var;
use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::HEXLOWER_PERMISSIVE;
use hmac::{Hmac, KeyInit, Mac};
use lambda_http::{Body, Error, Request, Response, run, service_fn};
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

use aws::Aws;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let aws = Aws::from_env()?;
    let queue_url = var("EVENT_QUEUE_URL")?;
    let secret_id = json!({ "SecretId": var("KUENTA_SECRET_ID")? });
    let secret: Value = serde_json::from_slice(&aws.secrets(&secret_id).await?)?;
    let secret: Value = serde_json::from_str(secret["SecretString"].as_str().unwrap_or_default())?;
    let key = secret["signing_secrets"][0].as_str().unwrap_or_default().to_owned();
    // The connection stands before the first delivery comes; what it says doesn't matter.
    let warm = json!({ "QueueUrl": queue_url, "Entries": [] });
    let _ = aws.sqs("SendMessageBatch", &warm).await;

    let (aws, queue_url, key) = (&aws, queue_url.as_str(), key.as_bytes());
    run(service_fn(|request: Request| async move {
        let signature = request.headers().get("x-kuenta-signature");
        let signature = signature.map(|signature| signature.as_bytes()).unwrap_or_default();
        if !holds(key, request.body(), signature)? {
            return answer(401, "missing or wrong signature", None);
        }
        let id = Uuid::now_v7().to_string();
        aws.sqs("SendMessage", &message(queue_url, &id, request.body())?)
            .await?;
        answer(200, "OK", Some(&id))
    }))
    .await
}

fn holds(key: &[u8], body: &[u8], signature: &[u8]) -> Result<bool, Error> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)?;
    mac.update(body);
    let signature = HEXLOWER_PERMISSIVE.decode(signature).unwrap_or_default();
    Ok(mac.verify_slice(&signature).is_ok())
}

fn message(queue_url: &str, id: &str, body: &[u8]) -> Result<Value, Error> {
    let attribute = |value: &str| json!({ "DataType": "String", "StringValue": value });
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    Ok(json!({
        "QueueUrl": queue_url,
        "MessageBody": std::str::from_utf8(body)?,
        "MessageGroupId": "kuenta",
        "MessageAttributes": {
            "envelope": attribute("1"),
            "provider": attribute("kuenta"),
            "delivery_id": attribute(id),
            "received_at": attribute(&now.to_string()),
            "form": attribute("raw"),
        },
    }))
}

fn answer(status: u16, text: &str, id: Option<&str>) -> Result<Response<Body>, Error> {
    let mut response = Response::builder().status(status);
    if let Some(id) = id {
        response = response.header("x-delivery-id", id);
    }
    Ok(response.body(Body::from(text))?)
}
