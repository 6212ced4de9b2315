//! What the labs give the functions: signed deliveries of 2 KB, and batches of verified ones.
#![allow(clippy::indexing_slicing, reason = "JSON that is not there is null")]

use std::time::{SystemTime, UNIX_EPOCH};

use acuse_core::account::{AccountName, Environment};
use acuse_core::clock::Timestamp;
use acuse_core::provider::Provider;
use acuse_core::receive::secrets::{SecretVersion, Secrets, StoredAccount};
use acuse_core::receive::signature::proof_headers;
use bytes::Bytes;
use serde_json::{Value, json};

/// A delivery's length in bytes: that of the providers' longer samples.
pub const BODY: usize = 2048;

/// The secret of the provider called `name`, as Secrets Manager keeps it.
pub fn secret(name: &str, accounts: usize) -> SecretVersion {
    SecretVersion {
        accounts: (1..=accounts).map(|number| account(name, number, accounts)).collect(),
    }
}

/// The default account if it is the only one, else one of a platform's merchants. The values are as long as OnePay's.
fn account(provider: &str, number: usize, accounts: usize) -> (AccountName, StoredAccount) {
    let name = AccountName::parse(&format!("merchant-{number:04}"));
    let is_merchant = accounts > 1;
    let stored = StoredAccount {
        environment: is_merchant.then_some(Environment::Live),
        signing_secrets: vec![format!("wh_tok_{number:040}")],
        tokens: (provider == "onepay")
            .then(|| Some(format!("wh_hdr_{number:040}")))
            .into_iter()
            .collect(),
        changed_at: Some(Timestamp::from_millis(1_795_705_445_000)),
    };
    (name.filter(|_| is_merchant).unwrap_or_default(), stored)
}

/// The HTTP API's event with a signed delivery of `provider`, to the last of so many accounts.
pub fn delivery(provider: &'static Provider, accounts: usize) -> Bytes {
    let now = now();
    let body = padded(payment(0, now), BODY).to_string();
    let (name, stored) = account(provider.name, accounts, accounts);
    let secrets = Secrets::of(provider, name.clone(), &stored).unwrap_or_default();
    let mut headers = json!({
        "accept": "*/*",
        "content-length": body.len().to_string(),
        "content-type": "application/json",
        "host": "abcdef1234.execute-api.us-east-1.amazonaws.com",
        "user-agent": "provider/1.0",
        "x-amzn-trace-id": "Root=1-65a1b2c3-0123456789abcdef01234567",
        "x-forwarded-for": "203.0.113.7",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    });
    for (name, value) in proof_headers(&provider.scheme, &secrets, &Bytes::from(body.clone()), now, "msg_1") {
        headers[name] = value.into();
    }
    let path = format!("/webhooks/{}", provider.name);
    let (route, path, parameters) = match name.is_default() {
        true => (format!("POST {path}"), path, Value::Null),
        false => (
            format!("ANY {path}/{{proxy+}}"),
            format!("{path}/{name}"),
            json!({ "proxy": name }),
        ),
    };
    let event = json!({
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "pathParameters": parameters,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "abcdef1234",
            "domainName": "abcdef1234.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "abcdef1234",
            "http": {
                "method": "POST",
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "provider/1.0",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": route,
            "stage": "$default",
            "time": "12/Jan/2024:20:13:51 +0000",
            "timeEpoch": 1_705_090_431_000_i64,
        },
        // JSON comes as it is, and not as base64: https://github.com/ministackorg/ministack/pull/766 tried it on AWS.
        "body": body,
        "isBase64Encoded": false,
    });
    Bytes::from(event.to_string())
}

/// A batch of `size` messages as SQS gives them: verified deliveries of Kuenta, of payments that start
/// with number `first`.
pub fn batch(first: usize, size: usize) -> Bytes {
    let now = now();
    let records: Vec<Value> = (first..first + size).map(|number| record(number, BODY, now)).collect();
    Bytes::from(json!({ "Records": records }).to_string())
}

/// One message of such a batch, with a body of so many bytes.
pub fn message(number: usize, length: usize) -> Value {
    record(number, length, now())
}

/// The number of the payment with this id.
pub fn number(id: &str) -> Option<usize> {
    id.strip_prefix("pmt_")?.parse().ok()
}

/// A message of the destination queue.
pub fn hint(body: &str, group: &str) -> Value {
    let millis = now().as_millis().to_string();
    json!({
        "md5OfBody": format!("{:x}", md5::compute(body)),
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": millis,
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": millis,
            "MessageGroupId": group,
        },
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:destinations",
        "awsRegion": "us-east-1",
    })
}

fn record(number: usize, length: usize, now: Timestamp) -> Value {
    let body = padded(payment(number, now), length).to_string();
    let millis = now.as_millis().to_string();
    let attribute = |value: &str| json!({ "stringValue": value, "stringListValues": [], "binaryListValues": [], "dataType": "String" });
    json!({
        "messageId": format!("059f36b4-87a3-44ab-83d2-{number:012}"),
        "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
        "md5OfBody": format!("{:x}", md5::compute(&body)),
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": millis,
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": millis,
        },
        "messageAttributes": {
            "envelope": attribute("1"),
            "provider": attribute("kuenta"),
            "delivery_id": attribute(&format!("018e5bb6-8d80-7707-8707-{number:012}")),
            "received_at": attribute(&millis),
            "form": attribute("raw"),
        },
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:events",
        "awsRegion": "us-east-1",
    })
}

fn payment(number: usize, now: Timestamp) -> Value {
    let at = now.to_string();
    json!({
        "event": "payment.completed",
        "data": {
            "id": format!("pmt_{number}"),
            "creditId": "cre_456",
            "amount": 462_500.5,
            "currency": "COP",
            "installment": 3,
            "status": "completed",
            "createdAt": at,
        },
        "timestamp": at,
    })
}

/// Short bodies are filled with one letter, long ones with what a basket might have: digits that don't repeat, so that
/// it takes its time to compress.
fn padded(mut payment: Value, length: usize) -> Value {
    let short = payment.to_string().len() + r#","note":"""#.len();
    let missing = length.saturating_sub(short);
    payment["note"] = match length {
        ..=BODY => "x".repeat(missing),
        _ => {
            // Knuth's multiplier: the same text every time.
            let digits = (0_u64..).map(|place| place.wrapping_mul(6_364_136_223_846_793_005) >> 40);
            let mut basket = String::with_capacity(length);
            for digits in digits {
                if basket.len() >= missing {
                    break;
                }
                basket.push_str(&format!("sku-{digits:06x} 2 x 32500.00; "));
            }
            basket.truncate(missing);
            basket
        }
    }
    .into();
    payment
}

fn now() -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(now.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use acuse_core::receive::secrets::LONGEST;

    use super::*;

    #[test]
    fn bodies_have_the_length_that_is_reported() {
        for length in [BODY, 200 * 1024] {
            assert_eq!(padded(payment(7, now()), length).to_string().len(), length);
        }
    }

    /// How many accounts fit into one secret, with this many secrets and tokens each.
    fn room(provider: &str, each: usize) -> usize {
        let mut version = SecretVersion::default();
        loop {
            let number = version.accounts.len() + 1;
            let (name, newest) = account(provider, number, usize::MAX);
            let older = (1..each).map(|older| account(provider, number + 10_000 * older, usize::MAX).1);
            let own = older.fold(newest, |own, older| own.beside(&older));
            version.accounts.insert(name, own);
            if version.to_json().len() > LONGEST {
                return number - 1;
            }
        }
    }

    #[test]
    fn a_secret_has_room_for_as_many_accounts_as_the_documentation_says() {
        let rooms = [
            room("onepay", 1),
            room("onepay", 2),
            room("kuenta", 1),
            room("kuenta", 2),
        ];
        assert_eq!(rooms, [316, 212, 439, 329]);
    }
}
