//! What is published of an event.

use std::borrow::Cow;

use acuse_core::destination::body;
use acuse_core::event::Event;
use acuse_core::json::{self, Value};
use acuse_core::provider::id::bounded;
use serde::Serialize;

/// An entry's `Detail`.
pub(super) struct Detail {
    /// A JSON object.
    pub(super) text: String,
    /// What is missing in it.
    pub(super) omitted: Option<Omitted>,
}

/// What the bus takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// The longest detail, in bytes.
    pub(super) bytes: usize,
    /// Whether it takes the payload as JSON.
    pub(super) takes_data: bool,
}

/// What is missing in a detail, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Omitted {
    payload: bool,
    data: bool,
    pub(super) reason: Reason,
}

/// Why something is missing. If there are two reasons, it is the one for the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// The entry would be too large.
    Size,
    /// An integer is out of EventBridge's range.
    Integer,
    /// EventBridge refused the JSON.
    Refused,
}

impl Limits {
    /// Any data, in a detail of so many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            bytes,
            takes_data: true,
        }
    }
}

impl Detail {
    /// The detail with as much of the payload as `limits` allow. The text goes first, because the data has it all.
    pub(super) fn of(event: &Event, attempt: u32, limits: Limits) -> Self {
        let objection = match limits.takes_data {
            false => Some(Reason::Refused),
            true => out_of_range(event.body()).then_some(Reason::Integer),
        };
        let detail = |payload: bool, data: bool, reason: Reason| {
            let omitted = Omitted {
                payload: !payload,
                data: !data,
                reason,
            };
            let omitted = (!payload || !data).then_some(omitted);
            Self {
                text: text(event, attempt, payload, data, omitted),
                omitted,
            }
        };
        let candidates = match objection {
            None => [(true, true), (false, true)],
            Some(_) => [(true, false), (false, false)],
        };
        let reason = objection.unwrap_or(Reason::Size);
        for (payload, data) in candidates {
            // The payload alone is as long as that, which saves making a megabyte of text in vain.
            let least = event.body().len() * (usize::from(payload) + usize::from(data));
            if least > limits.bytes {
                continue;
            }
            let detail = detail(payload, data, reason);
            if detail.text.len() <= limits.bytes {
                return detail;
            }
        }
        detail(false, false, reason)
    }

    /// Whether there is something in it that can be left out.
    pub(super) fn can_shrink(&self) -> bool {
        self.omitted.is_none_or(|omitted| !(omitted.payload && omitted.data))
    }

    /// Whether the payload is in it as JSON.
    pub(super) fn has_data(&self) -> bool {
        self.omitted.is_none_or(|omitted| !omitted.data)
    }
}

impl Omitted {
    /// One word for metrics.
    pub(super) fn metric(self) -> &'static str {
        match (self.payload, self.data) {
            (true, false) => "payload",
            (false, true) => "data",
            _ => "both",
        }
    }

    fn names(self) -> Vec<&'static str> {
        let names = [("payload", self.payload), ("data", self.data)];
        names
            .iter()
            .filter(|(_, omitted)| *omitted)
            .map(|(name, _)| *name)
            .collect()
    }
}

impl Reason {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Integer => "integer",
            Self::Refused => "refused",
        }
    }
}

/// Whether there is an integer in it that EventBridge does not take: it documents those of 64 bits with a sign. Left
/// to EventBridge, a larger one might be refused, or rounded.
/// <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>
fn out_of_range(body: &[u8]) -> bool {
    fn any(value: &Value<'_>) -> bool {
        match value {
            Value::Number(text) => !text.contains(['.', 'e', 'E']) && text.parse::<i64>().is_err(),
            Value::Array(items) => items.iter().any(any),
            Value::Object(members) => members.iter().any(|(_, value)| any(value)),
            Value::Null | Value::Bool(_) | Value::String(_) => false,
        }
    }
    json::parse(body).is_ok_and(|value| any(&value))
}

/// The body that destinations get, and beside it what the detail alone has.
fn text(event: &Event, attempt: u32, payload: bool, data: bool, omitted: Option<Omitted>) -> String {
    let own = Own {
        resource_kind: event.resource.as_ref().map(|resource| bounded(&resource.kind)),
        resource_id: event.resource.as_ref().map(|resource| bounded(&resource.id)),
        total_paid: event.total_paid.as_deref().map(bounded),
        business_key: event.business_key().map(|key| bounded(&key).into_owned()),
        attempt,
        omitted: omitted.map(|omitted| OmittedMember {
            what: omitted.names(),
            bytes: event.body().len(),
            reason: omitted.reason.name(),
            fetch: "acuse events show KEY",
        }),
        payload: std::str::from_utf8(event.body()).ok().filter(|_| payload),
    };
    // Nothing in it can fail: no maps, and only texts.
    let own = serde_json::to_string(&own).unwrap_or_default();
    // Bounded, so that what is left without the payload fits any limit.
    let mut text = body::members(event, bounded);
    // Both are objects: the first is still open, and goes on with the members of the second.
    text.pop();
    text.push(',');
    text.push_str(own.strip_prefix('{').unwrap_or_default());
    if data {
        text.pop();
        text.push(',');
        text.push_str(&body::data(event));
        text.push('}');
    }
    text
}

/// What the detail has besides.
#[derive(Serialize)]
struct Own<'a> {
    resource_kind: Option<Cow<'a, str>>,
    resource_id: Option<Cow<'a, str>>,
    total_paid: Option<Cow<'a, str>>,
    business_key: Option<String>,
    /// It may differ when the event is published again.
    attempt: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    omitted: Option<OmittedMember>,
    /// The text that was signed.
    payload: Option<&'a str>,
}

#[derive(Serialize)]
struct OmittedMember {
    what: Vec<&'static str>,
    /// The payload's length.
    bytes: usize,
    reason: &'static str,
    /// The command that prints it; `KEY` is the member `key`.
    fetch: &'static str,
}

#[cfg(test)]
mod tests;
