//! Shopify. A payload is the object itself; what happened to it, the topic, is only in the header `X-Shopify-Topic`, which
//! is not signed. So a type is made of the signed object: what it is, and its status.
//!
//! Take money from `transaction.…`: each transaction is one movement. An order is sent again with every change of it, so
//! `order.paid` says that it is paid, and not that it has just been paid.

use acuse_core::event::Amount;
use acuse_core::json::Value;
use acuse_core::provider::scheme::{Encoding, Scheme, Signature};
use acuse_core::provider::{Occurs, Provider, Reading, Resource, Unreadable, environment};
use acuse_core::{event_types, object};

/// What Acuse knows about Shopify.
pub const PROVIDER: Provider = Provider {
    name: "shopify",
    scheme: Scheme {
        token: None,
        signatures: &[Signature {
            encodings: &[Encoding::Base64],
            // The second one is that of Shopify's newer Events.
            ..Signature::hmac(&["x-shopify-hmac-sha256", "shopify-hmac-sha256"])
        }],
    },
    check_secret: |secret| match secret.starts_with("shpat_") {
        true => Err("it is an access token; copy the client secret of the app that has the webhooks"),
        false => Ok(()),
    },
    read,
    types: EventType::NAMES,
};

event_types! {
    /// What happened, by the signed object: `transaction.{kind}.{status}`, `order.{financial_status}`, `refund` and
    /// `dispute.{status}`. Others are passed on as `Unknown`.
    pub enum EventType of "shopify" {
        TransactionAuthorizationSuccess = "transaction.authorization.success" => PaymentProcessing,
        TransactionSaleSuccess = "transaction.sale.success" => PaymentSucceeded,
        TransactionCaptureSuccess = "transaction.capture.success" => PaymentSucceeded,
        TransactionSalePending = "transaction.sale.pending" => PaymentProcessing,
        TransactionSaleFailure = "transaction.sale.failure" => PaymentFailed,
        TransactionAuthorizationFailure = "transaction.authorization.failure" => PaymentFailed,
        TransactionVoidSuccess = "transaction.void.success" => PaymentCancelled,
        TransactionRefundSuccess = "transaction.refund.success" => PaymentRefunded,
        OrderPending = "order.pending" => PaymentCreated,
        OrderAuthorized = "order.authorized" => PaymentProcessing,
        OrderPartiallyPaid = "order.partially_paid" => PaymentPartiallyPaid,
        OrderPaid = "order.paid" => PaymentSucceeded,
        OrderPartiallyRefunded = "order.partially_refunded" => PaymentRefunded,
        OrderRefunded = "order.refunded" => PaymentRefunded,
        OrderVoided = "order.voided" => PaymentCancelled,
        OrderExpired = "order.expired" => PaymentExpired,
        DisputeNeedsResponse = "dispute.needs_response" => PaymentDisputed,
    }
}

object! {
    /// One movement of money, or an attempt at it.
    pub struct Transaction of "shopify", "transaction" {
        amount: Amount = "amount",
        currency: String = "currency",
        /// `authorization`, `capture`, `sale`, `void` or `refund`.
        kind: String = "kind",
        /// `pending`, `success`, `failure` or `error`.
        status: String = "status",
        order_id: String = "order_id",
        /// The transaction that this one captures, voids or refunds.
        parent_id: String = "parent_id",
        gateway: String = "gateway",
    }
}

object! {
    /// An order as it is now.
    pub struct Order of "shopify", "order" {
        total_price: Amount = "total_price",
        currency: String = "currency",
        financial_status: String = "financial_status",
        /// What the customer sees, such as `#1042`.
        name: String = "name",
        email: String = "email",
    }
}

fn read(payload: &Value<'_>) -> Result<Reading, Unreadable> {
    let text = |name: &str| payload.get(name).and_then(Value::scalar_text);
    let (object, type_name) = match (text("kind"), text("financial_status"), text("status")) {
        (Some(kind), _, Some(status)) if payload.get("gateway").is_some() => {
            ("transaction", format!("transaction.{kind}.{status}"))
        }
        (_, Some(status), _) => ("order", format!("order.{status}")),
        (_, _, Some(status)) if payload.get("evidence_due_by").is_some() => ("dispute", format!("dispute.{status}")),
        _ if payload.get("refund_line_items").is_some() => ("refund", "refund".to_owned()),
        _ => {
            return Err(Unreadable::NoType(
                "the members of a transaction, an order, a refund or a dispute",
            ));
        }
    };
    let known = EventType::from_name(&type_name);
    let time = text("updated_at").or_else(|| text("created_at"));

    let occurs = match known {
        // One movement has one outcome, so a second one with other bytes is a conflict for an operator.
        EventType::TransactionSaleSuccess | EventType::TransactionCaptureSuccess => Occurs::Once,
        EventType::TransactionVoidSuccess | EventType::TransactionRefundSuccess => Occurs::Once,
        // The event's id is in a header that is not signed.
        _ => Occurs::ByBytes(time.clone()),
    };
    Ok(Reading {
        environment: environment(&[], &[Some(payload)])?,
        resource: payload
            .get("id")
            .and_then(Value::scalar_id)
            .map(|id| Resource::new(object, id)),
        time,
        // An order's total.
        amount: text("amount").or_else(|| text("total_price")),
        currency: text("currency"),
        reference: text("name").or_else(|| text("order_id")),
        ..Reading::new(type_name, known.kind(), occurs)
    })
}
