//! CloudWatch's embedded metric format: metrics as members of a log line.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::fmt::Write;

use metrics::{Key, Label, Unit};

use super::fields::push_quoted;

/// Most values of one metric in a document.
const MOST_VALUES: usize = 100;

/// Most metrics of one directive.
const MOST_METRICS: usize = 100;

/// Most dimensions of a metric.
const MOST_DIMENSIONS: usize = 30;

/// Most characters of the name of a metric or dimension, and of a dimension's value.
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html>
const LONGEST_NAME: usize = 255;
const LONGEST_VALUE: usize = 1024;

/// What a line has for itself, and what others look for in it.
const RESERVED: [&str; 6] = ["_aws", "level", "timestamp", "message", "key", "delivery_id"];

/// The name of the metric, or of one of its dimensions, that the format has no place for, if any. Hooks count as they
/// like, and CloudWatch would ignore the line's other metrics as well.
pub(super) fn misfit(key: &Key) -> Option<&str> {
    let is_text = |text: &str, longest: usize| {
        let is_printed = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
        is_printed && !text.trim().is_empty() && text.len() <= longest
    };
    let is_name = |name: &str| is_text(name, LONGEST_NAME) && !name.starts_with(':') && !RESERVED.contains(&name);
    if !is_name(key.name()) {
        return Some(key.name());
    }
    key.labels()
        .enumerate()
        .find(|(place, label)| {
            let mut before = key.labels().take(*place).map(Label::key);
            let is_new = label.key() != key.name() && before.all(|own| own != label.key());
            let is_fit = is_name(label.key()) && is_text(label.value(), LONGEST_VALUE);
            !is_new || !is_fit || *place >= MOST_DIMENSIONS
        })
        .map(|(_, label)| label.key())
}

/// What was counted or measured once.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) key: Key,
    pub(super) value: Value,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Value {
    Count(u64),
    Measured(f64),
}

/// A line's metrics. A line has one value for each dimension, so that metrics of two hooks need two lines.
#[derive(Debug, Default)]
pub(super) struct Document<'s> {
    dimensions: Vec<(&'s str, &'s str)>,
    metrics: Vec<Metric<'s>>,
}

/// One series, with all that a line says of it.
#[derive(Debug)]
struct Metric<'s> {
    key: &'s Key,
    unit: Option<Unit>,
    values: Values,
}

#[derive(Debug, Clone, PartialEq)]
enum Values {
    Count(u64),
    /// At most [`MOST_VALUES`].
    Measured(Vec<f64>),
}

/// As few documents as hold `samples`, in their order. Counts are added up, and values of one series listed.
pub(super) fn documents(samples: &[Sample], unit: impl Fn(&str) -> Option<Unit>) -> Vec<Document<'_>> {
    let mut documents: Vec<Document<'_>> = Vec::with_capacity(1);
    for (key, values) in series(samples) {
        let unit = unit(key.name());
        let metric = Metric { key, unit, values };
        match documents.iter_mut().find(|document| document.fits(&metric)) {
            Some(document) => document.add(metric),
            None => {
                let mut document = Document::default();
                document.add(metric);
                documents.push(document);
            }
        }
    }
    documents
}

fn series(samples: &[Sample]) -> Vec<(&Key, Values)> {
    let mut all: Vec<(&Key, Values)> = Vec::with_capacity(samples.len());
    for Sample { key, value } in samples {
        let found = all.iter_mut().rev().find(|(own, _)| *own == key);
        match (found, *value) {
            (Some((_, Values::Count(count))), Value::Count(more)) => *count = count.saturating_add(more),
            (Some((_, Values::Measured(values))), Value::Measured(value)) if values.len() < MOST_VALUES => {
                values.push(value);
            }
            (_, Value::Count(count)) => all.push((key, Values::Count(count))),
            (_, Value::Measured(value)) => all.push((key, Values::Measured(vec![value]))),
        }
    }
    all
}

impl<'s> Document<'s> {
    fn fits(&self, metric: &Metric<'s>) -> bool {
        let is_free = |label: &Label| {
            let mut dimensions = self.dimensions.iter();
            dimensions.all(|(name, value)| *name != label.key() || *value == label.value())
        };
        // Series of the same name may share a number, with dimensions of their own.
        let shares = |own: &Metric<'_>| {
            own.key.name() != metric.key.name() || own.values == metric.values && !own.has_dimensions_of(metric)
        };
        let is_dimension = |name: &str| self.dimensions.iter().any(|(own, _)| *own == name);
        let is_metric = |label: &Label| self.metrics.iter().any(|own| own.key.name() == label.key());
        self.metrics.len() < MOST_METRICS
            && metric.key.labels().all(is_free)
            && self.metrics.iter().all(shares)
            && !is_dimension(metric.key.name())
            && !metric.key.labels().any(is_metric)
    }

    fn add(&mut self, metric: Metric<'s>) {
        for label in metric.key.labels() {
            if self.dimensions.iter().all(|(name, _)| *name != label.key()) {
                self.dimensions.push((label.key(), label.value()));
            }
        }
        // Those of one directive follow each other.
        let place = self.metrics.iter().rposition(|own| own.has_dimensions_of(&metric));
        let place = place.map_or(self.metrics.len(), |place| place + 1);
        self.metrics.insert(place, metric);
    }

    /// Whether the line has a member of this name for its metrics.
    pub(super) fn has(&self, name: &str) -> bool {
        let is_metric = |metric: &Metric<'_>| metric.key.name() == name;
        self.dimensions.iter().any(|(own, _)| *own == name) || self.metrics.iter().any(is_metric)
    }

    /// Appends the members of the document, without braces. `namespace` is a JSON string.
    pub(super) fn write(&self, line: &mut String, namespace: &str, millis: i64) {
        let _ = write!(line, r#""_aws":{{"Timestamp":{millis},"CloudWatchMetrics":["#);
        for (place, metrics) in self.metrics.chunk_by(Metric::has_dimensions_of).enumerate() {
            line.push_str(comma(place));
            line.extend([r#"{"Namespace":"#, namespace, r#","Dimensions":[["#]);
            let labels = metrics.first().into_iter().flat_map(|metric| metric.key.labels());
            for (place, label) in labels.enumerate() {
                line.push_str(comma(place));
                push_quoted(line, label.key());
            }
            line.push_str(r#"]],"Metrics":["#);
            for (place, Metric { key, unit, .. }) in metrics.iter().enumerate() {
                line.extend([comma(place), r#"{"Name":"#]);
                push_quoted(line, key.name());
                if let Some(unit) = unit.as_ref().and_then(unit_name) {
                    line.extend([r#","Unit":""#, unit, "\""]);
                }
                line.push('}');
            }
            line.push_str("]}");
        }
        line.push_str("]}");
        for (name, value) in &self.dimensions {
            member(line, name);
            push_quoted(line, value);
        }
        for (place, Metric { key, values, .. }) in self.metrics.iter().enumerate() {
            let mut before = self.metrics.iter().take(place);
            if before.all(|other| other.key.name() != key.name()) {
                member(line, key.name());
                values.write(line);
            }
        }
    }
}

impl Metric<'_> {
    fn has_dimensions_of(&self, other: &Self) -> bool {
        self.key.labels().map(Label::key).eq(other.key.labels().map(Label::key))
    }
}

impl Values {
    fn write(&self, line: &mut String) {
        let _ = match self {
            Self::Count(count) => write!(line, "{count}"),
            Self::Measured(values) => match values.as_slice() {
                [value] => write!(line, "{value}"),
                // As JSON writes a list.
                _ => write!(line, "{values:?}"),
            },
        };
    }
}

fn member(line: &mut String, name: &str) {
    line.push(',');
    push_quoted(line, name);
    line.push(':');
}

fn comma(place: usize) -> &'static str {
    if place == 0 { "" } else { "," }
}

fn unit_name(unit: &Unit) -> Option<&'static str> {
    match unit {
        Unit::Count => Some("Count"),
        Unit::Percent => Some("Percent"),
        Unit::Seconds => Some("Seconds"),
        Unit::Milliseconds => Some("Milliseconds"),
        Unit::Microseconds => Some("Microseconds"),
        Unit::Bytes => Some("Bytes"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn sample(name: &'static str, labels: &[(&'static str, &'static str)], value: Value) -> Sample {
        let labels: Vec<Label> = labels.iter().map(|(key, value)| Label::new(*key, *value)).collect();
        let key = Key::from_parts(name, labels);
        Sample { key, value }
    }

    fn written(samples: &[Sample]) -> Vec<Json> {
        let unit = |name: &str| name.ends_with("Latency").then_some(Unit::Milliseconds);
        let documents = documents(samples, unit).into_iter();
        documents
            .map(|document| {
                let mut line = "{".to_owned();
                document.write(&mut line, r#""Acuse/shop""#, 1_795_783_063_492);
                serde_json::from_str(&(line + "}")).unwrap()
            })
            .collect()
    }

    #[test]
    fn the_metrics_of_one_event_are_one_document() {
        let provider = ("Provider", "kuenta");
        let documents = written(&[
            sample("QueueLatency", &[provider], Value::Measured(31.0)),
            sample("HookDuration", &[("Hook", "payments")], Value::Measured(0.25)),
            sample("Events", &[provider, ("Outcome", "completed")], Value::Count(1)),
            sample("EndToEndLatency", &[provider], Value::Measured(45.0)),
        ]);
        let directive = |dimensions: &[&str], metrics: Json| json!({"Namespace": "Acuse/shop", "Dimensions": [dimensions], "Metrics": metrics});
        let ms = |name: &str| json!({"Name": name, "Unit": "Milliseconds"});
        let expected = json!({
            "_aws": {
                "Timestamp": 1_795_783_063_492_i64,
                "CloudWatchMetrics": [
                    directive(&["Provider"], json!([ms("QueueLatency"), ms("EndToEndLatency")])),
                    directive(&["Hook"], json!([{"Name": "HookDuration"}])),
                    directive(&["Provider", "Outcome"], json!([{"Name": "Events"}])),
                ],
            },
            "Provider": "kuenta", "QueueLatency": 31, "Hook": "payments", "HookDuration": 0.25,
            "Outcome": "completed", "Events": 1, "EndToEndLatency": 45,
        });
        assert_eq!(documents, [expected]);
    }

    #[test]
    fn a_second_value_of_a_dimension_is_a_second_document() {
        let hooks = [("Hook", "payments"), ("Hook", "mail")];
        let samples = hooks.map(|hook| sample("HookDuration", &[hook], Value::Measured(1.0)));
        let hooks: Vec<Json> = written(&samples).iter().map(|line| line["Hook"].clone()).collect();
        assert_eq!(hooks, ["payments", "mail"]);
    }

    #[test]
    fn an_account_is_counted_beside_its_provider_in_the_same_document() {
        let (provider, outcome) = (("Provider", "kuenta"), ("Outcome", "queued"));
        let all = sample("Deliveries", &[provider, outcome], Value::Count(1));
        let own = sample(
            "Deliveries",
            &[provider, ("Account", "second"), outcome],
            Value::Count(1),
        );
        assert_eq!(written(&[all.clone(), own.clone()]).len(), 1);
        // A line has one number of that name.
        assert_eq!(written(&[all.clone(), all, own]).len(), 2);
    }

    #[test]
    fn what_the_format_has_no_place_for_is_named() {
        let series = |name: &'static str, label: &'static str, value: String| {
            let key = Key::from_parts(name, vec![Label::new(label, value)]);
            misfit(&key).map(str::to_owned)
        };
        assert_eq!(series("Sent", "To \"whom\"", "a \\ b".to_owned()), None);
        assert_eq!(series("Sent", "To", "x".repeat(1024)), None);
        assert_eq!(series("_aws", "To", "mail".to_owned()).as_deref(), Some("_aws"));
        for (name, label, value) in [
            ("Sent", "To", String::new()),
            ("Sent", "To", " ".to_owned()),
            ("Sent", "To", "x".repeat(1025)),
            ("Sent", "To", "Ñandú".to_owned()),
            ("Sent", "To", "a\nb".to_owned()),
            ("Sent", "", "mail".to_owned()),
            ("Sent", ":To", "mail".to_owned()),
            ("Sent", "level", "high".to_owned()),
            ("Sent", "Sent", "mail".to_owned()),
        ] {
            assert_eq!(series(name, label, value.clone()).as_deref(), Some(label), "{value}");
        }
        let twice = Key::from_parts("Sent", vec![Label::new("To", "a"), Label::new("To", "b")]);
        assert_eq!(misfit(&twice), Some("To"));
        let many = |count: usize| (0..count).map(|place| Label::new(place.to_string(), "x")).collect();
        let [most, more]: [Vec<Label>; 2] = [many(30), many(31)];
        assert_eq!(misfit(&Key::from_parts("Sent", most)), None);
        assert_eq!(misfit(&Key::from_parts("Sent", more)), Some("30"));
    }

    #[test]
    fn a_name_is_a_metric_or_a_dimension_of_a_document_and_written_as_json() {
        let sent = sample("Sent", &[("To \"whom\"", "mail")], Value::Count(1));
        let other = sample("Mails", &[("Sent", "yes")], Value::Count(1));
        let lines = written(&[sent, other]);
        assert_eq!(
            (&lines[0]["Sent"], &lines[0]["To \"whom\""]),
            (&json!(1), &json!("mail"))
        );
        assert_eq!((&lines[1]["Mails"], &lines[1]["Sent"]), (&json!(1), &json!("yes")));
    }

    #[test]
    fn counts_are_added_up_and_values_listed_at_most_a_hundred_at_a_time() {
        let count = sample("Quarantined", &[("Provider", "kuenta")], Value::Count(2));
        assert_eq!(written(&[count.clone(), count])[0]["Quarantined"], 4);
        let age = sample("OpenEventAge", &[], Value::Measured(7.0));
        let lines = written(&vec![age; 230]);
        let lengths: Vec<_> = lines
            .iter()
            .map(|line| line["OpenEventAge"].as_array().unwrap().len())
            .collect();
        assert_eq!(lengths, [100, 100, 30]);
        assert_eq!(lines[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([[]]));
    }
}
