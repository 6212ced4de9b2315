//! Where the crate `metrics` counts: in the unit of work that is current, or for the end of the invocation.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::{Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, SharedString, Unit};
use tracing::{Span, warn};
use tracing_subscriber::Registry;
use tracing_subscriber::registry::LookupSpan;

use super::emf::{self, Sample, Value};
use super::lines::Work;

/// Samples outside of a unit of work, until they are [taken](take).
static PENDING: Mutex<Vec<Sample>> = Mutex::new(Vec::new());

static UNITS: Mutex<Option<HashMap<String, Unit>>> = Mutex::new(None);

/// The samples that wait for the end of the invocation.
pub(super) fn take() -> Vec<Sample> {
    std::mem::take(&mut *lock(&PENDING))
}

/// Keeps samples for the end of the invocation.
pub(super) fn keep(samples: Vec<Sample>) {
    lock(&PENDING).extend(samples);
}

/// The unit of the metric `name`, if it was described.
pub(super) fn unit(name: &str) -> Option<Unit> {
    lock(&UNITS).as_ref()?.get(name).copied()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes each sample by itself: there are few in an invocation.
#[derive(Debug)]
pub(super) struct Recorder;

impl metrics::Recorder for Recorder {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        describe(name, unit);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        describe(name, unit);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        describe(name, unit);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(Arc::new(Series(key.clone())))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(Arc::new(Series(key.clone())))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::new(Series(key.clone())))
    }
}

fn describe(name: KeyName, unit: Option<Unit>) {
    let mut units = lock(&UNITS);
    units
        .get_or_insert_default()
        .extend(unit.map(|unit| (name.as_str().to_owned(), unit)));
}

struct Series(Key);

impl Series {
    fn note(&self, value: Value) {
        if let Some(misfit) = emf::misfit(&self.0) {
            let metric = self.0.name();
            return warn!(
                metric,
                misfit,
                "metric not counted: the name in `misfit` is reserved, or CloudWatch does not accept it or its value"
            );
        }
        let key = self.0.clone();
        let mut sample = Some(Sample { key, value });
        Span::current().with_subscriber(|(id, dispatch)| {
            let span = dispatch.downcast_ref::<Registry>()?.span(id)?;
            let work = span.scope().find(|span| span.extensions().get::<Work>().is_some())?;
            work.extensions_mut().get_mut::<Work>()?.samples.extend(sample.take());
            Some(())
        });
        lock(&PENDING).extend(sample);
    }

    fn measured(&self, value: f64) {
        // The format has no infinity.
        if value.is_finite() {
            self.note(Value::Measured(value));
        }
    }
}

impl CounterFn for Series {
    fn increment(&self, value: u64) {
        self.note(Value::Count(value));
    }

    fn absolute(&self, value: u64) {
        self.note(Value::Count(value));
    }
}

/// A gauge is what it is set to; nobody remembers what it was.
impl GaugeFn for Series {
    fn increment(&self, _: f64) {}

    fn decrement(&self, _: f64) {}

    fn set(&self, value: f64) {
        self.measured(value);
    }
}

impl HistogramFn for Series {
    fn record(&self, value: f64) {
        self.measured(value);
    }
}
