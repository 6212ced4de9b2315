//! All rounds of a contender in a few figures.

use serde::Serialize;

use crate::backend::Traffic;
use crate::contender::{Contender, Job};
use crate::life::{BATCH, Life};
use crate::prepare::Size;

/// One quantity over all rounds.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Figure {
    /// What half of the rounds were below.
    pub(crate) median: f64,
    /// What the machine can do when it is left alone.
    pub(crate) min: f64,
    /// What it did when it was not.
    pub(crate) max: f64,
}

impl Figure {
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        Self {
            median: quantile(&values, 0.5),
            min: values.first().copied().unwrap_or_default(),
            max: values.last().copied().unwrap_or_default(),
        }
    }
}

/// The value that `part` of the `sorted` ones are not above.
pub(crate) fn quantile(sorted: &[f64], part: f64) -> f64 {
    let last = sorted.len().saturating_sub(1) as f64;
    let place = (last * part).round() as usize;
    sorted.get(place).copied().unwrap_or_default()
}

/// A contender's figures, in seconds and bytes.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Summary {
    pub(crate) name: &'static str,
    pub(crate) size: Size,
    /// From exec to the first request for an event.
    pub(crate) init: Figure,
    /// The first invocation.
    pub(crate) first: Figure,
    /// Both: what the first sender after a cold start waits for.
    pub(crate) cold: Figure,
    pub(crate) warm_p50: Figure,
    pub(crate) warm_p99: Figure,
    /// Processor time of a warm invocation.
    pub(crate) cpu: Figure,
    /// Processor time of init.
    pub(crate) init_cpu: Figure,
    pub(crate) peak: Figure,
    /// The most connections to the Runtime API in one life.
    pub(crate) runtime_connections: u32,
    /// What a process did in init; of the last round.
    pub(crate) init_traffic: Traffic,
    /// And after it.
    pub(crate) traffic: Traffic,
    pub(crate) consumer: Option<ConsumerSummary>,
    /// What all of it was computed from.
    pub(crate) rounds: Vec<Life>,
}

/// What a consumer alone is measured by.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ConsumerSummary {
    /// Events that a second of processor time is enough for.
    pub(crate) events_per_cpu_second: Figure,
    /// The most memory with batches of a hundred.
    pub(crate) peak_long: Figure,
    /// A batch of one, where every call to a service takes 20 ms.
    pub(crate) slow_one: Figure,
    /// A batch of ten there.
    pub(crate) slow_ten: Figure,
}

impl Summary {
    pub(crate) fn of(contender: &Contender, rounds: Vec<Life>) -> Self {
        let figure = |of: fn(&Life) -> f64| Figure::of(rounds.iter().map(of));
        let consumer = matches!(contender.job, Job::Consume).then(|| {
            let figure = |of: fn(&crate::life::ConsumerLife) -> f64| {
                Figure::of(rounds.iter().filter_map(|life| life.consumer.as_ref()).map(of))
            };
            ConsumerSummary {
                events_per_cpu_second: Figure::of(rounds.iter().map(|life| BATCH as f64 / life.cpu)),
                peak_long: figure(|life| life.peak_long as f64),
                slow_one: figure(|life| life.slow_one),
                slow_ten: figure(|life| life.slow_ten),
            }
        });
        Self {
            name: contender.name,
            size: contender.size,
            init: figure(|life| life.init),
            first: figure(|life| life.first),
            cold: figure(|life| life.init + life.first),
            warm_p50: figure(|life| quantile(&life.warm, 0.5)),
            warm_p99: figure(|life| quantile(&life.warm, 0.99)),
            cpu: figure(|life| life.cpu),
            init_cpu: figure(|life| life.init_cpu),
            peak: figure(|life| life.peak as f64),
            runtime_connections: rounds
                .iter()
                .map(|life| life.runtime_connections)
                .max()
                .unwrap_or_default(),
            init_traffic: rounds.last().map(|life| life.init_traffic.clone()).unwrap_or_default(),
            traffic: rounds.last().map(|life| life.traffic.clone()).unwrap_or_default(),
            consumer,
            rounds,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_the_middle_and_the_ends() {
        let figure = Figure::of([3.0, 1.0, 9.0]);
        assert_eq!((figure.min, figure.median, figure.max), (1.0, 3.0, 9.0));
        assert_eq!(quantile(&[], 0.5), 0.0);
    }
}
