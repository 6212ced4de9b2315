//! What functions print: one JSON object a line.
//!
//! ```text
//! span `delivery` or `event` ─┬─ what is counted and measured ─┬─▶ one line, when the span closes
//!                             ├─ INFO  "event completed" ──────┘
//!                             └─ WARN, ERROR, hooks' own ────────▶ a line each, at once
//! ```

use std::fmt::Write;

use acuse_core::clock::Clock;
use acuse_core::metric::WORK;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::emf::{self, Document, Sample};
use super::fields::Fields;
use super::recorder;
use crate::system::SystemClock;

/// The invocation's id, which joins a line with Lambda's own. Those are about failures: the template leaves others out.
const INVOCATION: &str = "requestId";

/// Writes lines of JSON.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    /// The metrics' namespace, as a JSON string.
    pub(super) namespace: String,
    /// False if another layer writes the log lines as text, and this one only metrics.
    pub(super) is_json: bool,
    /// How many of a hundred units that end well have a line with more than their metrics.
    pub(super) successes: f64,
    /// Takes whole lines.
    pub(super) write: fn(&str),
}

/// What a unit of work has counted and said so far.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub(super) samples: Vec<Sample>,
    /// The line that says that it ended well.
    end: Option<Fields>,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let mut extensions = span.extensions_mut();
        extensions.insert(fields);
        if attributes.metadata().target() == WORK {
            extensions.insert(Work::default());
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let (span, metadata) = (context.event_span(event), event.metadata());
        if metadata.target() == WORK
            && let Some(span) = &span
            && let Some(work) = span.extensions_mut().get_mut::<Work>()
        {
            event.record(work.end.insert(Fields::default()));
            return;
        }
        if self.is_json {
            let mut fields = Fields::default();
            event.record(&mut fields);
            let line = line(*metadata.level(), None, |line| {
                members(line, &fields, span.as_ref(), |_| true);
                line.extend([r#","target":""#, metadata.target(), "\""]);
            });
            (self.write)(&line);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(work) = span.extensions_mut().remove::<Work>() else {
            return;
        };
        if !self.is_json || work.end.is_some() && !self.is_shown(&span) {
            return recorder::keep(work.samples);
        }
        let documents = emf::documents(&work.samples, recorder::unit);
        if documents.is_empty() && work.end.is_none() {
            return;
        }
        // The other documents have nothing but metrics, of which the first one has no more room.
        let mut documents = documents.iter();
        let (first, is_well) = (documents.next(), work.end.is_some());
        let is_kept = |name: &str| {
            let is_taken = first.is_some_and(|document| document.has(name));
            let leads_nowhere = is_well && name == INVOCATION;
            !(is_taken || leads_nowhere)
        };
        let mut lines = line(Level::INFO, self.metrics(first), |line| {
            members(line, &work.end.unwrap_or_default(), Some(&span), is_kept);
        });
        documents.for_each(|document| lines += &line(Level::INFO, self.metrics(Some(document)), |_| {}));
        (self.write)(&lines);
    }
}

impl Lines {
    /// Writes metrics alone, as lines that claim to be of `level`.
    pub(super) fn write_metrics(&self, samples: &[Sample], level: Level) {
        let documents = emf::documents(samples, recorder::unit);
        let lines: String = documents
            .iter()
            .map(|document| line(level, self.metrics(Some(document)), |_| {}))
            .collect();
        // In one call: standard output searches each write for the end of a line.
        if !lines.is_empty() {
            (self.write)(&lines);
        }
    }

    fn metrics<'a>(&'a self, document: Option<&'a Document<'a>>) -> Option<(&'a Document<'a>, &'a str)> {
        document.map(|document| (document, self.namespace.as_str()))
    }

    /// Whether a unit that ends well has a line: the same for all units of one delivery.
    fn is_shown<'a>(&self, span: &SpanRef<'a, impl LookupSpan<'a>>) -> bool {
        if self.successes >= 100.0 {
            return true;
        }
        let extensions = span.extensions();
        let id = extensions.get::<Fields>().and_then(|fields| fields.get("delivery_id"));
        let random = id.and_then(|id| id.trim_matches('"').rsplit('-').next()?.get(4..));
        let random = random.and_then(|random| u32::from_str_radix(random, 16).ok());
        random.is_none_or(|random| f64::from(random % 10_000) < self.successes * 100.0)
    }
}

/// A line of `level`: the document's members, then the line's own.
fn line(level: Level, metrics: Option<(&Document<'_>, &str)>, own: impl FnOnce(&mut String)) -> String {
    let now = SystemClock.now();
    let mut line = String::with_capacity(1024);
    line.push('{');
    if let Some((document, namespace)) = metrics {
        document.write(&mut line, namespace, now.as_millis());
        line.push(',');
    }
    let _ = write!(line, r#""level":"{level}","timestamp":"{now}""#);
    own(&mut line);
    line.push_str("}\n");
    line
}

/// A line's own fields, then those of its spans from the inside out, as far as they are kept. The first of a name counts.
fn members<'a>(
    line: &mut String,
    own: &Fields,
    span: Option<&SpanRef<'a, impl LookupSpan<'a>>>,
    is_kept: impl Fn(&str) -> bool,
) {
    own.write(line, &[], &is_kept);
    let spans: Vec<_> = span.into_iter().flat_map(SpanRef::scope).collect();
    let extensions: Vec<_> = spans.iter().map(SpanRef::extensions).collect();
    let mut before = vec![own];
    for fields in extensions.iter().filter_map(|extensions| extensions.get::<Fields>()) {
        fields.write(line, &before, &is_kept);
        before.push(fields);
    }
}

#[cfg(test)]
mod tests;
