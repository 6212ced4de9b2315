//! What a resource's status says, as data.

use super::{Id, Kind, Occurs};

/// What happened, and whether it can happen again, by the status of a resource: for a provider that sends every change
/// under one type. `table` has the kind of each status; any other status is [`Kind::Unknown`].
///
/// The status becomes part of what tells one update from another, beside the bytes and the `time`. So an approved
/// payment that was pending before is a new event, and the same delivery sent again is not. Where the provider's
/// documentation says that a status comes once in a resource's life, `Occurs::Each(status)` is stricter: the same status
/// with other bytes is then kept as a conflict, and reaches no hook.
///
/// Wompi sends `transaction.updated`, with the transaction's status:
///
/// ```
/// use acuse_core::json;
/// use acuse_core::provider::{Kind, Occurs, by_status};
///
/// let body = br#"{"event": "transaction.updated", "data": {"transaction": {"status": "APPROVED"}}, "timestamp": 1530291411}"#;
/// let payload = json::parse(body)?;
/// let status = payload.path(&["data", "transaction", "status"]).and_then(json::Value::scalar_id);
/// let time = payload.path(&["timestamp"]).and_then(json::Value::scalar_text);
///
/// let (kind, occurs) = by_status(status.clone(), time.clone(), &[
///     ("PENDING", Kind::PaymentProcessing),
///     ("APPROVED", Kind::PaymentSucceeded),
///     ("DECLINED", Kind::PaymentFailed),
///     ("VOIDED", Kind::PaymentCancelled),
///     ("ERROR", Kind::PaymentFailed),
/// ]);
/// assert_eq!(kind, Kind::PaymentSucceeded);
/// assert_eq!(occurs, Occurs::InStatus { status: status.unwrap(), time });
/// # Ok::<(), json::Error>(())
/// ```
pub fn by_status(status: Option<Id>, time: Option<String>, table: &[(&str, Kind)]) -> (Kind, Occurs) {
    let Some(status) = status else {
        return (Kind::Unknown, Occurs::ByBytes(time));
    };
    let mut rows = table.iter();
    let row = rows.find(|(name, _)| *name == status.as_str());
    let kind = row.map_or(Kind::Unknown, |(_, kind)| *kind);
    (kind, Occurs::InStatus { status, time })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[(&str, Kind)] = &[("4", Kind::PaymentSucceeded), ("DECLINED", Kind::PaymentFailed)];

    #[test]
    fn the_table_gives_the_kind() {
        let kind = |status: Option<Id>| by_status(status, None, TABLE).0;
        assert_eq!(kind(Some("DECLINED".into())), Kind::PaymentFailed);
        // A number and its text say the same.
        assert_eq!(kind(Some("4".into())), Kind::PaymentSucceeded);
        assert_eq!(kind(Some(Id::number("4"))), Kind::PaymentSucceeded);
        for other in ["declined", "", "DECLINED "] {
            assert_eq!(kind(Some(other.into())), Kind::Unknown, "{other}");
        }
        assert_eq!(kind(None), Kind::Unknown);
    }

    #[test]
    fn without_a_status_the_bytes_decide() {
        let time = Some("2026-01-01".to_owned());
        assert_eq!(by_status(None, time.clone(), TABLE).1, Occurs::ByBytes(time));
    }
}
