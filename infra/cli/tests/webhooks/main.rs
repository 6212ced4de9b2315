//! `acuse` against a server that simulates Kuenta, OnePay and AWS: registering webhooks, and lists.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod accounts;
mod calls;
mod check;
mod lists;
mod onepay;
mod programs;
mod reconcile;
mod retries;
mod send;
mod server;

use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acuse_cli::webhooks::client::Pace;
use acuse_cli::webhooks::kuenta::{Api, Kuenta};
use acuse_core::clock::{Clock, Random, Timestamp};

/// A clock that records sleeps instead of sleeping.
#[derive(Debug, Clone)]
struct NotedClock {
    now: Timestamp,
    slept: Arc<Mutex<Vec<Duration>>>,
}

impl NotedClock {
    fn new() -> Self {
        Self {
            now: Timestamp::from_rfc3339("2026-11-20T08:00:00Z").unwrap(),
            slept: Arc::default(),
        }
    }

    fn slept(&self) -> Vec<Duration> {
        self.slept.lock().unwrap().clone()
    }

    fn pace(&self) -> Pace {
        Pace {
            clock: Box::new(self.clone()),
            random: Box::new(Most),
            ..Pace::default()
        }
    }
}

impl Clock for NotedClock {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.slept.lock().unwrap().push(duration);
        Box::pin(ready(()))
    }
}

/// Always picks the longest delay.
struct Most;

impl Random for Most {
    fn bits(&self) -> u128 {
        u128::MAX
    }
}

const TOKEN: &str = "kuenta-api-token";

fn kuenta(base: &str, pace: Pace) -> Kuenta {
    let api = Api {
        base_url: base.to_owned(),
        organization_id: Some("org-1".to_owned()),
        config_organization_id: Some("org-2".to_owned()),
    };
    Kuenta::new(&api, Some(TOKEN.to_owned().into()), pace).unwrap()
}

fn names(events: &[&str]) -> Vec<String> {
    events.iter().map(|&event| event.to_owned()).collect()
}

/// An error as a person or a log may see it.
fn shown(error: &(dyn std::error::Error + 'static)) -> String {
    format!("{error} {error:?}")
}
