//! GitHub. Its events about money: sponsorships and purchases in the Marketplace.
//!
//! The event's name is only in the header `X-GitHub-Event`, which is not signed. So it is taken from the member that the
//! event is about: see [`MEMBERS`]. Add the members of the events that your webhook sends.

use acuse_core::event_types;
use acuse_core::json::Value;
use acuse_core::provider::scheme::{Scheme, Signature};
use acuse_core::provider::{Occurs, Provider, Reading, Resource, Unreadable};

/// What Acuse knows about GitHub.
pub const PROVIDER: Provider = Provider {
    name: "github",
    scheme: Scheme {
        token: None,
        signatures: &[Signature::hmac(&["x-hub-signature-256"])],
    },
    check_secret: |_| Ok(()),
    read,
    types: EventType::NAMES,
};

event_types! {
    /// GitHub's event types: the event's name and its `action`. Others are passed on as `Unknown`.
    pub enum EventType of "github" {
        SponsorshipCreated = "sponsorship.created" => SubscriptionCreated,
        SponsorshipCancelled = "sponsorship.cancelled" => SubscriptionCancelled,
        MarketplacePurchasePurchased = "marketplace_purchase.purchased" => SubscriptionCreated,
        MarketplacePurchaseCancelled = "marketplace_purchase.cancelled" => SubscriptionCancelled,
    }
}

/// The members that name an event, in the order in which they are looked for, and the path of the id in them.
const MEMBERS: &[(&str, &[&str])] = &[
    ("sponsorship", &["node_id"]),
    ("marketplace_purchase", &["account", "id"]),
];

fn read(payload: &Value<'_>) -> Result<Reading, Unreadable> {
    // Sent once, when the webhook is added.
    if payload.get("zen").is_some() {
        return Ok(Reading::new(
            "ping",
            EventType::from_name("ping").kind(),
            Occurs::ByBytes(None),
        ));
    }
    let found = MEMBERS
        .iter()
        .find_map(|(name, id)| Some((*name, *id, payload.get(name)?)));
    let (name, id, object) = found.ok_or(Unreadable::NoType("`sponsorship` or `marketplace_purchase`"))?;
    let action = payload.get("action").and_then(Value::scalar_text);
    let type_name = action.map_or_else(|| name.to_owned(), |action| format!("{name}.{action}"));

    Ok(Reading {
        resource: object
            .path(id)
            .and_then(Value::scalar_id)
            .map(|id| Resource::new(name, id)),
        resource_member: Some(name.to_owned()),
        // What a sponsor pays; a purchase has a price a unit, and no total.
        amount: object
            .path(&["tier", "monthly_price_in_cents"])
            .and_then(Value::scalar_text),
        // The id of the delivery is not signed, and the body has no time: the same bytes are the same event.
        ..Reading::new(
            type_name.as_str(),
            EventType::from_name(&type_name).kind(),
            Occurs::ByBytes(None),
        )
    })
}
