//! When a service answered, by its own clock.

use std::sync::{Arc, OnceLock};

use acuse_core::clock::Timestamp;
use aws_sdk_sqs::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_sqs::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_sqs::error::BoxError;

/// Notes the header `Date` of a call's answer. The operator's own clock may be wrong; what SQS says of
/// its messages is compared with what SQS says of itself.
#[derive(Debug, Clone, Default)]
pub(super) struct ServerTime(Arc<OnceLock<Timestamp>>);

impl ServerTime {
    /// The second in which the call was answered; `None` before that, and where the answer has no date.
    pub(super) fn at(&self) -> Option<Timestamp> {
        self.0.get().copied()
    }
}

impl Intercept for ServerTime {
    fn name(&self) -> &'static str {
        "ServerTime"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
        if let Some(date) = date {
            // Only the first answer counts.
            let _ = self.0.set(Timestamp::from_seconds(date.timestamp().as_second()));
        }
        Ok(())
    }
}
