//! A line that a function logged.

use std::fmt;

use acuse_core::clock::Timestamp;
use acuse_core::wire::delivery::DeliveryId;
use serde_json::{Map, Value, json};

/// What Lambda prints around each invocation.
const PLATFORM: [&str; 6] = [
    "START RequestId:",
    "END RequestId:",
    "REPORT RequestId:",
    "INIT_START ",
    "INIT_REPORT ",
    "XRAY TraceId:",
];

/// Crates whose lines at `INFO` and below come with every delivery.
const ROUTINE: [&str; 3] = ["acuse_core", "acuse_aws", "lambda_runtime"];

/// What a line has besides its own fields.
const GENERAL: [&str; 8] = [
    "timestamp",
    "level",
    "message",
    "target",
    "requestId",
    "xrayTraceId",
    // Of earlier versions.
    "span",
    METRICS,
];

/// In a line with metrics, what CloudWatch reads: which of the line's members are metrics.
const METRICS: &str = "_aws";

/// A line that is worth reading: not metrics alone, and nothing of Lambda's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When it was logged.
    pub at: Timestamp,
    /// The function's binary.
    function: String,
    /// Plain text counts as `INFO`.
    level: String,
    /// The module that logged it; empty for plain text.
    target: String,
    message: String,
    fields: Map<String, Value>,
}

impl Line {
    /// Reads what `function` printed, `at` a moment. If the function is not known, the line's content may tell.
    pub fn parse(function: Option<&str>, at: Timestamp, text: &str) -> Option<Self> {
        let text = text.trim_end();
        let fields = match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => fields,
            _ => return Self::plain(function?, at, text),
        };
        let word = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
        let is_platform = word("type").starts_with("platform.") && fields.contains_key("record");
        // Metrics without a message; and what the runtime says in the emulator whatever one does.
        if fields.contains_key(METRICS) && !fields.contains_key("message")
            || is_platform
            || word("message").starts_with("AWS_LAMBDA_MAX_CONCURRENCY is set")
        {
            return None;
        }
        Some(Self {
            at: Timestamp::from_rfc3339(word("timestamp")).unwrap_or(at),
            function: function.map_or_else(|| guessed(word("target"), word("provider")), str::to_owned),
            level: word("level").to_owned(),
            target: match fields.contains_key(METRICS) {
                true => "acuse_core".to_owned(),
                false => word("target").to_owned(),
            },
            message: word("message").to_owned(),
            fields: without_counts(fields)
                .into_iter()
                .filter(|(name, _)| !GENERAL.contains(&name.as_str()))
                .collect(),
        })
    }

    fn plain(function: &str, at: Timestamp, text: &str) -> Option<Self> {
        // A report that names a status is about an invocation that failed.
        let is_platform = PLATFORM.iter().any(|start| text.starts_with(start)) && !text.contains("Status: ");
        (!text.is_empty() && !is_platform).then(|| Self {
            at,
            function: function.to_owned(),
            level: "INFO".to_owned(),
            target: String::new(),
            message: text.to_owned(),
            fields: Map::new(),
        })
    }

    /// Whether every delivery leaves such a line: Acuse's own, if nothing is wrong.
    pub fn is_routine(&self) -> bool {
        let krate = self.target.split("::").next().unwrap_or_default();
        ROUTINE.contains(&krate) && !matches!(self.level.as_str(), "WARN" | "ERROR")
    }

    /// Its message, if it is Acuse's own about a delivery, with the delivery's id.
    pub fn delivery(&self) -> Option<(&str, DeliveryId)> {
        let id = self.field("delivery_id").and_then(DeliveryId::parse)?;
        self.target.starts_with("acuse_").then_some((&self.message, id))
    }

    /// The text of one of its fields.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).and_then(Value::as_str)
    }

    /// The line as JSON, with `time` and `function`.
    pub fn json(&self) -> Value {
        let mut line = json!({
            "time": self.at.to_string(),
            "function": self.function,
            "level": self.level,
            "message": self.message,
        });
        if let Value::Object(line) = &mut line {
            if !self.target.is_empty() {
                line.insert("target".to_owned(), self.target.clone().into());
            }
            for (name, value) in &self.fields {
                line.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        line
    }
}

/// `2026-11-26T22:26:45.411Z INFO  consumer order paid  order=ORD-1`, with the fields by name. Not escaped.
impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:<5} {:<8} {}", self.at, self.level, self.function, self.message)?;
        for (count, (name, value)) in self.fields.iter().enumerate() {
            let gap = if count == 0 { "  " } else { " " };
            match value {
                Value::String(text) if !text.contains([' ', '"', '=']) => write!(f, "{gap}{name}={text}")?,
                value => write!(f, "{gap}{name}={value}")?,
            }
        }
        Ok(())
    }
}

/// The fields without metrics that have no unit: that one event is counted once says nothing.
fn without_counts(mut fields: Map<String, Value>) -> Map<String, Value> {
    let directives = fields.get(METRICS).map(|metrics| &metrics["CloudWatchMetrics"]);
    let directives = directives.and_then(Value::as_array).into_iter().flatten();
    let metrics = directives
        .filter_map(|directive| directive["Metrics"].as_array())
        .flatten();
    let counts = metrics.filter(|metric| metric.get("Unit").is_none());
    let counts: Vec<String> = counts
        .filter_map(|metric| metric["Name"].as_str().map(str::to_owned))
        .collect();
    counts.iter().for_each(|name| drop(fields.remove(name)));
    fields
}

/// The function that logs in this module: a hook's module is in the consumer.
fn guessed(target: &str, provider: &str) -> String {
    match target.split("::").next().unwrap_or_default() {
        "acuse_core" | "acuse_aws" if !provider.is_empty() && !target.contains("::consume") => provider.to_owned(),
        "acuse_core" | "acuse_aws" | "acuse_hooks" => "consumer".to_owned(),
        krate => krate.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_seconds(1_795_732_005);

    fn line(text: &str) -> Option<Line> {
        Line::parse(Some("consumer"), AT, text)
    }

    #[test]
    fn a_hooks_line_is_readable() {
        let text = r#"{"timestamp":"2026-11-26T22:26:45.411268Z","level":"INFO","message":"order paid","order":"ORD-1","note":"a b","count":2,"target":"consumer::hooks::orders","span":{"requestId":"x","name":"Lambda runtime invoke"}}"#;
        let line = line(text).unwrap();
        assert_eq!(
            line.to_string(),
            r#"2026-11-26T22:26:45.411Z INFO  consumer order paid  count=2 note="a b" order=ORD-1"#
        );
        assert!(!line.is_routine());
        assert_eq!(line.json()["function"], "consumer");
        assert_eq!(Line::parse(None, AT, text).unwrap().function, "consumer");
    }

    #[test]
    fn the_line_of_an_event_has_its_latencies_and_no_counts() {
        let text = r#"{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"Acuse","Dimensions":[["Provider"]],"Metrics":[{"Name":"EndToEndLatency","Unit":"Milliseconds"}]},{"Namespace":"Acuse","Dimensions":[["Provider","Outcome"]],"Metrics":[{"Name":"Events"}]}]},"Provider":"kuenta","EndToEndLatency":45,"Outcome":"completed","Events":1,"level":"INFO","timestamp":"2026-11-26T22:26:45.411Z","message":"event completed","attempt":1,"delivery_id":"01a21d02-f781-7de3-a479-7cdadf3fdc5f","requestId":"8476a536"}"#;
        let line = line(text).unwrap();
        assert_eq!(
            line.to_string(),
            "2026-11-26T22:26:45.411Z INFO  consumer event completed  EndToEndLatency=45 Outcome=completed Provider=kuenta \
             attempt=1 delivery_id=01a21d02-f781-7de3-a479-7cdadf3fdc5f"
        );
        assert!(line.is_routine());
        assert_eq!(line.delivery().map(|(message, _)| message), Some("event completed"));
    }

    #[test]
    fn metrics_and_lambdas_own_lines_are_left_out() {
        for text in [
            r#"{"_aws":{"Timestamp":1},"Hook":"payments","HookDuration":[42.0]}"#,
            "START RequestId: 1 Version: $LATEST",
            "END RequestId: 1",
            "REPORT RequestId: 1\tDuration: 3 ms",
            r#"{"time":"2026-11-26T22:26:45Z","type":"platform.start","record":{"requestId":"1"}}"#,
            r#"{"level":"WARN","message":"AWS_LAMBDA_MAX_CONCURRENCY is set to '1', but …","target":"lambda_runtime::runtime"}"#,
            "",
        ] {
            assert_eq!(line(text), None, "{text}");
        }
    }

    #[test]
    fn what_a_hook_prints_and_how_it_ends_is_kept() {
        for text in [
            "paid {",
            "[1, 2]",
            "thread 'main' panicked at functions/consumer/src/hooks/mail.rs:12:9:",
            "REPORT RequestId: 1\tDuration: 30000.00 ms\tStatus: timeout",
        ] {
            let line = line(text).unwrap();
            assert_eq!((line.message.as_str(), line.is_routine()), (text, false));
        }
    }

    #[test]
    fn only_acuses_own_lines_without_a_problem_are_routine() {
        let routine = |level: &str, target: &str| {
            line(&format!(r#"{{"level":"{level}","message":"m","target":"{target}"}}"#))
                .unwrap()
                .is_routine()
        };
        assert!(routine("INFO", "acuse_core::consume::event"));
        assert!(routine("DEBUG", "acuse_aws::verifier::outbox"));
        assert!(!routine("WARN", "acuse_core::consume::failure"));
        assert!(!routine("DEBUG", "consumer::hooks::orders"));
    }
}
