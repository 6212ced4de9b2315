//! The body of a request: the same for every provider, every destination and every try.

use std::borrow::Cow;

use bytes::Bytes;
use data_encoding::BASE64;
use serde::Serialize;

use crate::event::Event;
use crate::json;

/// The body for `event`: `type`, `timestamp` and `data` as Standard Webhooks has them, and beside them what Acuse read.
/// Members that the payload says nothing about are `null`.
///
/// `data` is the provider's payload, byte for byte: the digits of numbers, the order of members and members of the same
/// name are as they were sent. Bytes that are not JSON are in `data_base64` instead, and so is JSON with a lone
/// surrogate (`\ud800`): PHP, for one, would refuse the whole body.
///
/// Nothing in it depends on the try, so a receiver that sees it twice sees the same bytes.
pub fn of(event: &Event) -> Bytes {
    let mut body = members(event, |text| Cow::Borrowed(text));
    // The object is still open.
    body.pop();
    body.push(',');
    body.push_str(&data(event));
    body.push('}');
    body.into()
}

/// The body without its payload: an object of the first 15 members, and of `reconciled` if
/// it is. Texts of the payload are as `text` has them.
pub fn members(event: &Event, text: fn(&str) -> Cow<'_, str>) -> String {
    let members = Members {
        id: &event.idempotency_key(),
        type_name: text(&event.type_name),
        timestamp: &event.at().to_string(),
        provider: event.provider,
        account: event.account.name.as_str(),
        environment: event.environment.name(),
        kind: event.kind.name(),
        resource: event.resource.as_ref().map(|resource| Resource {
            kind: text(&resource.kind),
            id: text(&resource.id),
        }),
        reference: event.reference.as_deref().map(text),
        amount: event.amount.as_deref().map(text),
        currency: event.currency.as_deref().map(text),
        occurred_at: event.occurred_at.map(|at| at.to_string()),
        received_at: &event.received_at.to_string(),
        delivery_id: &event.delivery_id.to_string(),
        key: &event.key.to_string(),
        reconciled: event.reconciled,
    };
    // Nothing in it can fail: no maps, and only texts.
    serde_json::to_string(&members).unwrap_or_default()
}

/// The member with the payload, and its name: `"data":…`, or `"data_base64":"…"`.
pub fn data(event: &Event) -> String {
    match (json::parse(event.body()), std::str::from_utf8(event.body())) {
        (Ok(value), Ok(text)) if value.is_unicode() => format!(r#""data":{text}"#),
        _ => format!(r#""data_base64":"{}""#, BASE64.encode(event.body())),
    }
}

/// All members but the payload, in their order.
#[derive(Serialize)]
struct Members<'a> {
    /// The idempotency key, which is also in the header `webhook-id`.
    id: &'a str,
    #[serde(rename = "type")]
    type_name: Cow<'a, str>,
    /// When it happened, or if the payload does not say, when it was first received.
    timestamp: &'a str,
    provider: &'a str,
    account: &'a str,
    environment: &'a str,
    kind: &'a str,
    resource: Option<Resource<'a>>,
    reference: Option<Cow<'a, str>>,
    /// The text exactly as sent. Providers disagree on units.
    amount: Option<Cow<'a, str>>,
    currency: Option<Cow<'a, str>>,
    occurred_at: Option<String>,
    received_at: &'a str,
    delivery_id: &'a str,
    /// The key in the ledger, for `acuse events show`.
    key: &'a str,
    /// Only there if it is true: no signature vouches for the event.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    reconciled: bool,
}

#[derive(Serialize)]
struct Resource<'a> {
    kind: Cow<'a, str>,
    id: Cow<'a, str>,
}

#[cfg(test)]
mod tests;
