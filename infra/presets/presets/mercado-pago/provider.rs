//! Mercado Pago. A notification names what changed, and not how: a hook has to ask its API.
//!
//! Only the id of the resource, the id of the request and the time are signed. Everything else in the body is a hint.

use acuse_core::event_types;
use acuse_core::json::Value;
use acuse_core::provider::scheme::{Layout, Part, Place, Scheme, Signature, Time};
use acuse_core::provider::{Occurs, Provider, Reading, Resource, Unreadable, environment};

/// What Acuse knows about Mercado Pago.
pub const PROVIDER: Provider = Provider {
    name: "mercado-pago",
    scheme: Scheme {
        token: None,
        signatures: &[
            // The documentation takes the id from the URL. The body has the same one, and that is what is read: so it
            // comes first, and the URL's is for notifications without it.
            manifest(&[
                Part::Optional(&[
                    Part::Text("id:"),
                    Part::Lower(&[Part::Value(&["data", "id"])]),
                    Part::Text(";"),
                ]),
                REQUEST_ID,
                Part::Text("ts:"),
                Part::Time,
                Part::Text(";"),
            ]),
            manifest(&[
                Part::Optional(&[
                    Part::Text("id:"),
                    Part::Lower(&[Part::Query("data.id")]),
                    Part::Text(";"),
                ]),
                REQUEST_ID,
                Part::Text("ts:"),
                Part::Time,
                Part::Text(";"),
            ]),
        ],
    },
    check_secret: |secret| match secret.starts_with("APP_USR-") || secret.starts_with("TEST-") {
        true => Err("it is an access token or a public key; copy the secret key under Webhooks in Tus integraciones"),
        false => Ok(()),
    },
    read,
    types: EventType::NAMES,
};

const REQUEST_ID: Part = Part::Optional(&[Part::Text("request-id:"), Part::Header("x-request-id"), Part::Text(";")]);

/// `x-signature: ts=…,v1=…` over a text of `name:value;` items.
const fn manifest(content: &'static [Part]) -> Signature {
    Signature {
        layout: Layout::Fields("v1"),
        content,
        time: Some(Time {
            place: Place::Field("ts"),
            // Whether a retry is signed again is not documented, and Mercado Pago retries for hours.
            tolerance: None,
        }),
        ..Signature::hmac(&["x-signature"])
    }
}

event_types! {
    /// Mercado Pago's event types of payments. Those of orders, claims, plans and cards are passed on as `Unknown`.
    pub enum EventType of "mercado-pago" {
        PaymentCreated = "payment.created" => PaymentCreated,
        PaymentUpdated = "payment.updated" => PaymentUpdated,
    }
}

fn read(payload: &Value<'_>) -> Result<Reading, Unreadable> {
    let text = |path: &[&str]| payload.path(path).and_then(Value::scalar_text);
    let id = |path: &[&str]| payload.path(path).and_then(Value::scalar_id);
    let topic = id(&["type"]).or_else(|| id(&["topic"]));
    // `payment.created` says more than `payment`; some topics have an action of one word, such as `update`.
    let action = id(&["action"]).filter(|action| action.as_str().contains('.'));
    let type_name = action
        .or_else(|| topic.clone())
        .ok_or(Unreadable::NoType("`action` or `type`"))?;
    let kind = EventType::from_name(type_name.as_str()).kind();
    let resource_kind = topic.unwrap_or_else(|| type_name.clone());

    Ok(Reading {
        environment: environment(&[Some(payload)], &[])?,
        // A commercial order's id is the notification's.
        resource: id(&["data", "id"])
            .or_else(|| id(&["id"]))
            .map(|id| Resource::new(resource_kind, id)),
        resource_member: Some("data".to_owned()),
        // `date_created` is the time of the resource in some topics, and the notification's `id` is not unique in all of
        // them: neither may decide what counts as a duplicate.
        ..Reading::new(type_name, kind, Occurs::ByBytes(text(&["date_created"])))
    })
}
