//! The payments that are sent, and how each should end.

use std::time::Duration;

use acuse_aws::system::SystemClock;
use acuse_cli::sample;
use acuse_core::clock::Clock;
use acuse_core::event::{Environment, Resource};
use acuse_core::provider::{Provider, Reading};
use acuse_core::providers::{kuenta, onepay, unopago};

/// A course that payments take.
pub(super) struct Lifecycle {
    pub(super) provider: &'static Provider,
    /// Event types in the order in which they happen.
    types: &'static [&'static str],
    last_status: &'static str,
}

const fn lifecycle(
    provider: &'static Provider,
    types: &'static [&'static str],
    last_status: &'static str,
) -> Lifecycle {
    Lifecycle {
        provider,
        types,
        last_status,
    }
}

pub(super) const LIFECYCLES: [Lifecycle; 6] = [
    lifecycle(&onepay::PROVIDER, &["payment.created", "payment.approved"], "succeeded"),
    lifecycle(
        &onepay::PROVIDER,
        &["payment.created", "payment.rejected", "payment.approved"],
        "succeeded",
    ),
    lifecycle(
        &onepay::PROVIDER,
        &["cashout.created", "cashout.processing", "cashout.processed"],
        "completed",
    ),
    lifecycle(
        &kuenta::PROVIDER,
        &["payment.created", "payment.completed", "payment.refunded"],
        "refunded",
    ),
    lifecycle(&kuenta::PROVIDER, &["payment.created", "payment.failed"], "failed"),
    lifecycle(&unopago::PROVIDER, &["payment_received"], "succeeded"),
];

pub(super) struct Payment {
    pub(super) provider: &'static Provider,
    /// Its key in the payments table.
    pub(super) key: String,
    pub(super) bodies: Vec<String>,
    pub(super) last_status: &'static str,
}

/// A payment with all of its events, a minute apart.
pub(super) fn payment(number: usize) -> Payment {
    let Lifecycle {
        provider,
        types,
        last_status,
    } = LIFECYCLES[number % LIFECYCLES.len()];
    let end = SystemClock.now();
    let mut first: Option<(Resource, Option<Environment>)> = None;
    let mut bodies = Vec::new();
    for (place, name) in types.iter().enumerate() {
        let ago = u32::try_from(types.len() - place).unwrap() * Duration::from_secs(60);
        let sample = sample::payload(provider, name).unwrap();
        let body = sample::renewed(provider, &sample, end.minus(ago));
        let reading = read(provider, &body);
        let own = reading.resource.unwrap();
        // All of its events are about the resource of the first one.
        let (resource, _) = first.get_or_insert((own.clone(), reading.environment));
        bodies.push(body.replace(&format!("\"{}\"", own.id), &format!("\"{}\"", resource.id)));
    }
    let (resource, environment) = first.unwrap();
    let environment = environment.unwrap_or(Environment::Live).name();
    let key = format!("{}#{environment}#{}#{}", provider.name, resource.kind, resource.id);
    Payment {
        provider,
        key,
        bodies,
        last_status,
    }
}

fn read(provider: &Provider, payload: &str) -> Reading {
    let value = acuse_core::json::parse(payload.as_bytes()).unwrap();
    (provider.read)(&value).unwrap()
}
