//! What the hooks of this checkout call, the owner's included.

use std::collections::BTreeSet;

use acuse_aws::system::SystemClock;
use acuse_cli::sample;
use acuse_core::clock::Clock;
use acuse_core::providers;

use super::life::read;
use super::stack::Recorded as Stack;
use crate::eventually::eventually;
use crate::running;

/// What the consumer calls for a sample of every type, as actions on logical ids. The stack has its files in the folder
/// `state`.
///
/// # Panics
/// If the stack doesn't start, or an event does not come through.
pub async fn calls_of_all_hooks(state: &str) -> BTreeSet<(String, String)> {
    let stack = Stack::start(state, true).await;
    deliver_every_type(&stack).await;
    let calls = stack.proxy.interceptor().take().await;
    let calls = calls.iter().filter(|call| call.function == "ConsumerFunction");
    let asks = calls.flat_map(|call| &call.asks);
    asks.map(|(action, name)| (action.clone(), stack.logical(name)))
        .collect()
}

/// Delivers a sample of every type, so that each of the owner's hooks gets the events that it acts on. Whether it
/// completes, rejects or retries them is the owner's business.
async fn deliver_every_type(stack: &Stack) {
    for provider in providers::ALL {
        let mut pending = BTreeSet::new();
        for name in provider.types {
            let payload = sample::payload(provider, name).unwrap();
            let body = sample::renewed(provider, &payload, SystemClock.now());
            assert_eq!(stack.deliver(provider, body.as_bytes(), false).await, 200, "{name}");
            pending.insert(read(provider, body.as_bytes()).body_sha256().to_owned());
        }
        eventually(&format!("{} samples of {}", pending.len(), provider.name), async || {
            let records = running::records(&stack.running, provider).await;
            let called = records.iter().filter(|record| record.status != "IN_PROGRESS");
            let called: BTreeSet<_> = called.map(|record| record.body_sha256.clone()).collect();
            pending.is_subset(&called).then_some(())
        })
        .await;
    }
}
