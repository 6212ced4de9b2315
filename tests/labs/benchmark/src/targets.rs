//! Targets of the functions: ratios within one run, which mean the same on any machine.

use serde::Serialize;

use crate::summary::{ConsumerSummary, Summary};

const MB: f64 = 1_000_000.0;

/// One target, and what was measured.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Target {
    /// What is compared.
    pub(crate) what: String,
    /// What was measured.
    pub(crate) value: f64,
    /// At most this, or at least.
    pub(crate) limit: f64,
    /// Whether the limit is a least one.
    pub(crate) at_least: bool,
}

impl Target {
    pub(crate) fn is_met(&self) -> bool {
        match self.at_least {
            true => self.value >= self.limit,
            false => self.value <= self.limit,
        }
    }
}

/// All targets whose contenders took part. Medians of the rounds are compared, unless a target says otherwise.
pub(crate) fn all(summaries: &[Summary]) -> Vec<Target> {
    let of = |name: &str| summaries.iter().find(|summary| summary.name == name);
    let mut targets = Targets(Vec::new());
    if let Some(verify) = of("kuenta") {
        verifier(verify, &of, &mut targets);
    }
    for name in ["onepay-10", "onepay-300"] {
        if let Some((many, one)) = of(name).zip(of("onepay")) {
            let ratio = many.init_cpu.median / one.init_cpu.median;
            targets.at_most(format!("{name}: processor time of init, in onepay's"), ratio, 1.4);
        }
    }
    if let Some((consumer, own)) = of("consumer").and_then(|all| Some((all, all.consumer.as_ref()?))) {
        for (peer, limit) in [("python-consume", 10.0), ("node-consume", 5.0)] {
            if let Some(peer) = of(peer).and_then(|peer| peer.consumer.as_ref().map(|own| (peer.name, own))) {
                let rate = |of: &ConsumerSummary| of.events_per_cpu_second.median;
                let what = format!("consumer: events per CPU second, in {}'s", peer.0);
                targets.at_least(what, rate(own) / rate(peer.1), limit);
            }
        }
        let ratio = own.slow_ten.median / own.slow_one.median;
        targets.at_most("consumer: a batch of ten, in one of one, at 20 ms a call", ratio, 1.5);
        targets.at_most("consumer: peak MB, batches of 100", own.peak_long.median / MB, 24.0);
        targets.at_most(
            "consumer: connections to the Runtime API",
            f64::from(consumer.runtime_connections),
            1.0,
        );
    }
    targets.0
}

fn verifier<'a>(verify: &Summary, of: &impl Fn(&str) -> Option<&'a Summary>, targets: &mut Targets) {
    let cold = verify.cold.median;
    if let Some(hello) = of("hello") {
        targets.at_most("verify: init + first, in hello's", cold / hello.cold.median, 2.2);
        let best = verify.cold.min / hello.cold.min;
        targets.at_most("verify: init + first, in hello's, best rounds", best, 3.0);
    }
    if let Some(sender) = of("sender") {
        let ratio = verify.warm_p50.median / sender.warm_p50.median;
        targets.at_most("verify: warm p50, in sender's", ratio, 1.12);
    }
    for (peer, limit) in [("python-verify", 40.0), ("node-verify", 25.0)] {
        if let Some(peer) = of(peer) {
            let what = format!("{}: init + first, in verify's", peer.name);
            targets.at_least(what, peer.cold.median / cold, limit);
        }
    }
    if let Some(python) = of("python-verify") {
        let ratio = python.warm_p50.median / verify.warm_p50.median;
        targets.at_least("python-verify: warm p50, in verify's", ratio, 6.0);
    }
    let excess = verify.first.median - 1.5 * verify.warm_p50.median;
    targets.at_most("verify: first − 1.5 × warm p50, ms", excess * 1000.0, 0.3);
    targets.at_most("verify: peak MB", verify.peak.median / MB, 8.0);
    targets.at_most("verify: zip MB", verify.size.zip as f64 / MB, 2.6);
    let connections = f64::from(verify.runtime_connections);
    targets.at_most("verify: connections to the Runtime API", connections, 1.0);
    let connections = f64::from(verify.init_traffic.sqs + verify.traffic.sqs);
    targets.at_most("verify: connections to the queue", connections, 1.0);
}

struct Targets(Vec<Target>);

impl Targets {
    fn at_most(&mut self, what: impl Into<String>, value: f64, limit: f64) {
        self.push(what.into(), value, limit, false);
    }

    fn at_least(&mut self, what: impl Into<String>, value: f64, limit: f64) {
        self.push(what.into(), value, limit, true);
    }

    fn push(&mut self, what: String, value: f64, limit: f64, at_least: bool) {
        self.0.push(Target {
            what,
            value,
            limit,
            at_least,
        });
    }
}
