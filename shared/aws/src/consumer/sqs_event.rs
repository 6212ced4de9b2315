//! Lambda's SQS event.

use acuse_core::clock::Timestamp;
use acuse_core::consume::Received;
use aws_lambda_events::event::sqs::SqsEvent;
use thiserror::Error;

/// A record without an id can't be reported as failed, so the whole batch fails.
#[derive(Debug, Error)]
#[error("record {0} of the batch has no messageId or no receiptHandle; the batch goes back to the queue")]
pub(crate) struct NoId(usize);

/// The batch's messages, with their string attributes; Acuse's own messages have no others.
pub(crate) fn read(event: SqsEvent) -> Result<Vec<Received>, NoId> {
    event
        .records
        .into_iter()
        .enumerate()
        .map(|(place, record)| {
            Ok(Received {
                message_id: record.message_id.filter(|id| !id.is_empty()).ok_or(NoId(place))?,
                receipt: record.receipt_handle.ok_or(NoId(place))?,
                text: record.body.unwrap_or_default().into(),
                receives: record
                    .attributes
                    .get("ApproximateReceiveCount")
                    .and_then(|count| count.parse().ok())
                    .unwrap_or_default(),
                sent_at: record
                    .attributes
                    .get("SentTimestamp")
                    .and_then(|millis| millis.parse().ok())
                    .map(Timestamp::from_millis),
                attributes: record
                    .message_attributes
                    .into_iter()
                    .filter_map(|(name, value)| Some((name, value.string_value?)))
                    .collect(),
                trace: record.attributes.get("AWSTraceHeader").cloned(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use aws_lambda_events::event::sqs::SqsMessage;

    use super::*;

    #[test]
    fn receives_and_time_sent_come_from_the_queue() {
        let mut message = SqsMessage::default();
        message.message_id = Some("m".to_owned());
        message.receipt_handle = Some("r".to_owned());
        for (name, value) in [("ApproximateReceiveCount", "17"), ("SentTimestamp", "1700000000000")] {
            message.attributes.insert(name.to_owned(), value.to_owned());
        }
        let mut event = SqsEvent::default();
        event.records = vec![message, SqsMessage::default()];
        assert!(read(event.clone()).is_err(), "a record without an id");
        event.records.truncate(1);
        let read = read(event).unwrap().remove(0);
        let sent_at = Timestamp::from_seconds(1_700_000_000);
        assert_eq!((read.receives, read.sent_at), (17, Some(sent_at)));
    }
}
