//! Kushki (Chile, Colombia, Ecuador, Mexico, Peru). Each product has a payload of its own, and none of them names an
//! event: the type is put together from what the transaction is and how it went, `SALE.APPROVAL`.

use acuse_core::event::Environment;
use acuse_core::event_types;
use acuse_core::json::Value;
use acuse_core::provider::id::Id;
use acuse_core::provider::scheme::{Part, Scheme, Signature};
use acuse_core::provider::{Occurs, Provider, Reading, Resource, Unreadable};

/// What Acuse knows about Kushki.
pub const PROVIDER: Provider = Provider {
    name: "kushki",
    scheme: Scheme {
        token: None,
        signatures: &[Signature {
            // The id is the time of sending. Whether a retry has a new one is not documented, so it has no tolerance.
            content: &[Part::Body, Part::Text("."), Part::Header("x-kushki-id")],
            // Never `x-kushki-simplesignature`, which signs the id and nothing of the body.
            ..Signature::hmac(&["x-kushki-signature"])
        }],
    },
    check_secret: |_| Ok(()),
    read,
    types: EventType::NAMES,
};

event_types! {
    /// Kushki's event types: of cards and payouts, the transaction's type and status; of transfers, cash and the payment
    /// button, the status; of subscriptions, the name. A subscription's `declinedCharge`, `failedRetry` and `lastRetry`
    /// are passed on as `Unknown`.
    pub enum EventType of "kushki" {
        SaleApproved = "SALE.APPROVAL" => PaymentSucceeded,
        SaleDeclined = "SALE.DECLINED" => PaymentFailed,
        VoidApproved = "VOID.APPROVAL" => PaymentRefunded,
        RefundApproved = "REFUND.APPROVAL" => PaymentRefunded,
        PayoutApproved = "PAYOUT.APPROVAL" => PayoutCompleted,
        PayoutDeclined = "PAYOUT.DECLINED" => PayoutFailed,
        InitializedTransaction = "initializedTransaction" => PaymentCreated,
        ApprovedTransaction = "approvedTransaction" => PaymentSucceeded,
        DeclinedTransaction = "declinedTransaction" => PaymentFailed,
        ExpiredTransaction = "expiredTransaction" => PaymentExpired,
        SuccessfulCharge = "succesfullCharge" => SubscriptionCharged,
        SubscriptionDelete = "subscriptionDelete" => SubscriptionCancelled,
    }
}

fn read(payload: &Value<'_>) -> Result<Reading, Unreadable> {
    // Card payments write `ticket_number`, all others `ticketNumber`, and payouts to cards put it into `details`. A
    // subscription's are in `event`.
    let places = [Some(payload), payload.get("details"), payload.get("event")];
    let find = |names: &[&str]| {
        let mut values = places
            .iter()
            .flatten()
            .flat_map(|place| names.iter().filter_map(|name| place.get(name)));
        values.find_map(Value::scalar_id)
    };
    let text = |names: &[&str]| find(names).map(|found| found.as_str().to_owned());

    let type_name = type_name(payload, &find)?;
    let kind = EventType::from_name(type_name.as_str()).kind();
    let is_subscription = payload.get("event").is_some();
    let resource = match is_subscription {
        true => find(&["subscriptionId"]).map(|id| Resource::new("subscription", id)),
        // A refund has its own ticket and names the one of its sale, which it happens to. What was declined has no ticket.
        false => find(&["saleTicketNumber", "ticket_number", "ticketNumber"])
            .or_else(|| find(&["transaction_id", "transactionId", "token", "id"]))
            .map(|id| Resource::new(if is_payout(&type_name) { "PAYOUT" } else { "SALE" }, id)),
    };
    let of_amount = |name| {
        places
            .iter()
            .flatten()
            .find_map(|place| place.path(&["amount", name])?.scalar_text())
    };
    Ok(Reading {
        // Production says nothing; it has a console and a secret of its own.
        environment: match payload.get("isSandboxTransaction") {
            Some(Value::Bool(true)) => Some(Environment::Test),
            _ => None,
        },
        resource,
        resource_member: is_subscription.then(|| "event".to_owned()),
        amount: text(&["approved_transaction_amount", "approvedTransactionAmount"])
            .or_else(|| text(&["request_amount", "requestAmount", "totalAmount"]))
            .or_else(|| of_amount("totalAmount")),
        currency: text(&["currency_code", "currencyCode"]).or_else(|| of_amount("currency")),
        // There is no event id, and `created` is the transaction's time.
        ..Reading::new(type_name, kind, Occurs::ByBytes(None))
    })
}

fn is_payout(type_name: &Id) -> bool {
    type_name.as_str().starts_with("PAYOUT.")
}

fn type_name(payload: &Value<'_>, find: &impl Fn(&[&str]) -> Option<Id>) -> Result<Id, Unreadable> {
    let of_subscription = payload.get("event").and_then(|_| payload.get("name")?.scalar_id());
    let transaction = find(&["transaction_type", "transactionType"]);
    let status = find(&["transaction_status", "transactionStatus"]);
    match (of_subscription, transaction, status) {
        (Some(name), _, _) => Ok(name),
        (None, Some(transaction), Some(status)) => Ok(format!("{}.{}", transaction.as_str(), status.as_str()).into()),
        _ => find(&["status"]).ok_or(Unreadable::NoType(
            "`transaction_type` and `transaction_status`, `status` or `name`",
        )),
    }
}
