//! The body of a request: the same for every provider, every destination and every try.

use bytes::Bytes;
use data_encoding::BASE64;
use serde::Serialize;

use crate::event::Event;
use crate::json;

/// The body for `event`: `type`, `timestamp` and `data` as Standard Webhooks has them, and beside them what Acuse read.
/// Members that the payload says nothing about are `null`.
///
/// `data` is the provider's payload, byte for byte: the digits of numbers, the order of members, members of the same
/// name and lone surrogates are as they were sent. Bytes that are not JSON are in `data_base64` instead.
///
/// Nothing in it depends on the try, so a receiver that sees it twice sees the same bytes.
pub fn of(event: &Event) -> Bytes {
    let members = Members {
        id: &event.idempotency_key(),
        type_name: &event.type_name,
        timestamp: &event.at().to_string(),
        provider: event.provider,
        account: event.account.name.as_str(),
        environment: event.environment.name(),
        kind: event.kind.name(),
        resource: event.resource.as_ref().map(|resource| Resource {
            kind: &resource.kind,
            id: &resource.id,
        }),
        reference: event.reference.as_deref(),
        amount: event.amount.as_deref(),
        currency: event.currency.as_deref(),
        occurred_at: event.occurred_at.map(|at| at.to_string()),
        received_at: &event.received_at.to_string(),
        delivery_id: &event.delivery_id.to_string(),
        key: &event.key.to_string(),
    };
    let mut body = serde_json::to_vec(&members).unwrap_or_default();
    // The object is still open.
    body.pop();
    match json::parse(event.body()) {
        Ok(_) => {
            body.extend_from_slice(br#","data":"#);
            body.extend_from_slice(event.body());
        }
        Err(_) => {
            body.extend_from_slice(br#","data_base64":""#);
            body.extend_from_slice(BASE64.encode(event.body()).as_bytes());
            body.push(b'"');
        }
    }
    body.push(b'}');
    body.into()
}

/// All members but the payload, in their order.
#[derive(Serialize)]
struct Members<'a> {
    /// The idempotency key, which is also in the header `webhook-id`.
    id: &'a str,
    #[serde(rename = "type")]
    type_name: &'a str,
    /// When it happened, or if the payload does not say, when it was first received.
    timestamp: &'a str,
    provider: &'a str,
    account: &'a str,
    environment: &'a str,
    kind: &'a str,
    resource: Option<Resource<'a>>,
    reference: Option<&'a str>,
    /// The text exactly as sent. Providers disagree on units.
    amount: Option<&'a str>,
    currency: Option<&'a str>,
    occurred_at: Option<String>,
    received_at: &'a str,
    delivery_id: &'a str,
    /// The key in the ledger, for `acuse events show`.
    key: &'a str,
}

#[derive(Serialize)]
struct Resource<'a> {
    kind: &'a str,
    id: &'a str,
}

#[cfg(test)]
mod tests;
