//! When a service answered, by its own clock.

use std::sync::{Arc, OnceLock};

use acuse_core::clock::Timestamp;
use aws_sdk_sqs::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_sqs::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_sqs::error::BoxError;

/// Keeps the header `Date` of a call's first answer. The operator's clock may be wrong, so times from SQS are compared
/// with SQS's own clock.
#[derive(Debug, Clone, Default)]
pub(super) struct ServerTime(Arc<OnceLock<Timestamp>>);

impl ServerTime {
    /// To the second; `None` before the answer, or if it has no date.
    pub(super) fn get(&self) -> Option<Timestamp> {
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
        if let Some(date) = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()) {
            let _ = self.0.set(Timestamp::from_seconds(date.timestamp().as_second()));
        }
        Ok(())
    }
}
