//! What the SDK sends, counted; and answers that get lost.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeDeserializationInterceptorContextMut,
    BeforeTransmitInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::query::QueryOutput;

/// Each call to DynamoDB by its operation, in order; those of the SDK's own retries too.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calls {
    made: Arc<Mutex<Vec<String>>>,
    /// The next answer is a 503, though the work was done.
    lose: Arc<AtomicBool>,
    /// Items that queries have read.
    read: Arc<AtomicUsize>,
}

impl Calls {
    /// The calls since this was asked last.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.made.lock().unwrap())
    }

    /// The items that queries have read since this was asked last.
    pub(crate) fn take_read(&self) -> usize {
        self.read.swap(0, Ordering::SeqCst)
    }

    pub(crate) fn lose_an_answer(&self) {
        self.lose.store(true, Ordering::SeqCst);
    }
}

impl Intercept for Calls {
    fn name(&self) -> &'static str {
        "Calls"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let target = context.request().headers().get("x-amz-target").unwrap();
        let operation = target.rsplit('.').next().unwrap().to_owned();
        self.made.lock().unwrap().push(operation);
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Ok(Some(query)) = context
            .output_or_error()
            .map(|output| output.downcast_ref::<QueryOutput>())
        {
            self.read.fetch_add(query.items().len(), Ordering::SeqCst);
        }
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.lose.swap(false, Ordering::SeqCst) {
            *context.response_mut().status_mut() = 503.try_into()?;
        }
        Ok(())
    }
}
