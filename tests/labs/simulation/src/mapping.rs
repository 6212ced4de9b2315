//! The event source mapping: how many batches of a standard queue Lambda processes at once.
//!
//! By default it begins with five, adds up to 300 a minute while messages are left, up to 1,250 or
//! `MaximumConcurrency`, and goes back to five. In provisioned mode, which excludes `MaximumConcurrency`, each
//! poller carries 10 invocations at once, 10 receives a second and 1 MB a second, and pollers for up to 1,000
//! invocations a minute are added: <https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html>

use crate::bucket::Bucket;
use crate::limit::{Limit, Limits};
use crate::settings::{Template, Work};
use crate::time::{Tick, seconds};

const FIRST: f64 = 5.0;
const ADDED_A_MINUTE: f64 = 300.0;
const MOST: u32 = 1250;

const POLLER_INVOCATIONS: f64 = 10.0;
const POLLER_RECEIVES: f64 = 10.0;
const POLLER_BYTES: f64 = 1e6;
const PROVISIONED_ADDED_A_MINUTE: f64 = 1000.0;
/// One receive of SQS gives at most ten messages, whatever the batch size.
const RECEIVED_AT_ONCE: f64 = 10.0;

/// The mapping of the event queue to the consumer.
pub struct Mapping {
    least: f64,
    most: f64,
    added_a_second: f64,
    concurrency: f64,
    at: Tick,
    /// Messages a second, where pollers are provisioned.
    throughput: Option<Bucket>,
    messages_a_poller: f64,
}

impl Mapping {
    /// As the template's parameters say.
    pub fn new(template: &Template, work: &Work) -> Self {
        let messages_a_poller = (POLLER_RECEIVES * RECEIVED_AT_ONCE).min(POLLER_BYTES / work.message_bytes);
        let provisioned = template.consumer_provisioned_pollers > 0;
        let (least, most, added) = match provisioned {
            false => {
                let most = f64::from(template.consumer_max_concurrency.min(MOST));
                (FIRST.min(most), most, ADDED_A_MINUTE)
            }
            true => {
                let pollers = f64::from(template.consumer_provisioned_pollers);
                let most = f64::from(template.consumer_provisioned_pollers_max).max(pollers);
                (
                    pollers * POLLER_INVOCATIONS,
                    most * POLLER_INVOCATIONS,
                    PROVISIONED_ADDED_A_MINUTE,
                )
            }
        };
        let rate = least / POLLER_INVOCATIONS * messages_a_poller;
        Self {
            least,
            most,
            added_a_second: added / 60.0,
            concurrency: least,
            at: 0,
            throughput: provisioned.then(|| Bucket::new(rate, rate)),
            messages_a_poller,
        }
    }

    /// Time goes by: more batches at once where messages are left; fewer where none are and not half of it is
    /// used. AWS does not say when it goes back.
    pub fn scale(&mut self, left: bool, busy: u32, now: Tick) {
        let change = self.added_a_second * seconds(self.at, now);
        if left {
            self.concurrency = (self.concurrency + change).min(self.most);
        } else if 2.0 * f64::from(busy) < self.concurrency {
            self.concurrency = (self.concurrency - change).max(self.least);
        }
        self.at = now;
        // Pollers are whole.
        let pollers = (f64::from(self.concurrency()) / POLLER_INVOCATIONS).floor();
        if let Some(throughput) = &mut self.throughput {
            let rate = pollers * self.messages_a_poller;
            throughput.resize(rate, rate, now);
        }
    }

    /// Batches that may be processed at once.
    pub fn concurrency(&self) -> u32 {
        // It is added up in small parts: 9.999… is ten.
        (self.concurrency + 1e-6) as u32
    }

    /// How many more batches may begin beside the `busy` ones; `wanted` are ready.
    pub fn begin(&mut self, wanted: u32, busy: u32, now: Tick, limits: &mut Limits) -> u32 {
        let free = self.concurrency().saturating_sub(busy);
        if wanted > free {
            let limit = match (self.concurrency < self.most, self.throughput.is_some()) {
                (true, _) => Limit::MappingScaling,
                (false, true) => Limit::Pollers,
                (false, false) => Limit::MaxConcurrency,
            };
            limits.met(limit, wanted - free, now);
        }
        wanted.min(free)
    }

    /// How many of `wanted` messages the pollers get through in this step.
    pub fn poll(&mut self, wanted: u32, now: Tick, limits: &mut Limits) -> u32 {
        let Some(throughput) = &mut self.throughput else {
            return wanted;
        };
        let polled = throughput.take(wanted, now);
        if polled < wanted {
            let scaling = self.concurrency < self.most;
            let limit = if scaling { Limit::MappingScaling } else { Limit::Pollers };
            limits.met(limit, wanted - polled, now);
        }
        polled
    }
}
