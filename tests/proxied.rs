//! A local stack whose functions call AWS through a proxy that can fail their calls.

use std::path::Path;

use acuse_cli::local::{Options, Running, Stack};

use crate::proxy::{Interceptor, Proxy};
use crate::running;

/// A stack behind a proxy. Nothing is intercepted while it is being deployed.
#[derive(Debug)]
pub struct ProxiedStack<I> {
    /// The running stack.
    pub running: Running,
    proxy: Proxy<I>,
    stack: Stack,
}

impl<I: Interceptor> ProxiedStack<I> {
    /// Starts a stack in the state folder `state`, with `parameters` of the template.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start(state: &Path, interceptor: I, parameters: &[(&str, &str)]) -> Self {
        let proxy = Proxy::start(interceptor).await;
        let mut options = Options::isolated(state);
        options.functions_endpoint = Some(proxy.url.clone());
        let parameters = parameters.iter();
        options.parameters = parameters
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let stack = Stack::start(options).await.unwrap();
        proxy.forward_to(&stack.running().endpoint);
        let running = Running::find(state).unwrap();
        Self { running, proxy, stack }
    }

    /// What decides about the functions' calls.
    pub fn interceptor(&self) -> &I {
        self.proxy.interceptor()
    }

    /// Makes messages of the event queue visible again after this many seconds instead of three minutes: those of
    /// a killed consumer, and those whose wait could not be set.
    ///
    /// # Panics
    /// If SQS refuses.
    pub async fn set_visibility_timeout(&self, seconds: u32) {
        running::set_visibility_timeout(&self.running, "EventQueueUrl", seconds).await;
    }

    /// Asserts that no delivery is quarantined and no event dead-lettered, and stops the stack.
    ///
    /// # Panics
    /// If one is.
    pub async fn stop_with_empty_queues(self) {
        for queue in ["DeadLetterQueueUrl", "QuarantineQueueUrl"] {
            assert_eq!(running::queue_length(&self.running, queue).await, 0, "{queue}");
        }
        self.stack.stop().await;
    }
}
