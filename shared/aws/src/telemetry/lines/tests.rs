use std::cell::RefCell;

use metrics::{counter, histogram};
use serde_json::{Value, json};
use tracing::{info, info_span, warn};
use tracing_subscriber::layer::SubscriberExt;

use super::super::recorder::Recorder;
use super::*;

const ID: &str = "01a21d02-f781-7de3-a479-7cdadf3fdc5f";

thread_local! {
    static WRITTEN: RefCell<String> = const { RefCell::new(String::new()) };
}

fn lines() -> Lines {
    Lines {
        namespace: r#""Acuse/shop""#.to_owned(),
        is_json: true,
        successes: 100.0,
        write: |lines| WRITTEN.with_borrow_mut(|written| written.push_str(lines)),
    }
}

/// What `work` has written, line by line, without times.
fn written(lines: Lines, work: impl FnOnce()) -> Vec<Value> {
    WRITTEN.take();
    let subscriber = tracing_subscriber::registry().with(lines);
    metrics::with_local_recorder(&Recorder, || tracing::subscriber::with_default(subscriber, work));
    let text = WRITTEN.take();
    let parsed = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    parsed
        .map(|mut line| {
            let timestamp = line.as_object_mut().unwrap().remove("timestamp").unwrap();
            assert!(timestamp.as_str().unwrap().ends_with('Z'), "{text}");
            line
        })
        .collect()
}

/// Whether nothing of the metric `name` waits for the end of the invocation. Other tests' metrics may.
fn is_counted(name: &str) -> bool {
    let (own, others) = recorder::take()
        .into_iter()
        .partition(|sample| sample.key.name() == name);
    recorder::keep(others);
    Vec::<Sample>::is_empty(&own)
}

fn delivery(name: &'static str, end: impl FnOnce()) {
    let invocation = info_span!("invocation", requestId = "8476a536", xrayTraceId = "Root=1-6;Sampled=1");
    invocation.in_scope(|| {
        info_span!(target: WORK, "delivery", delivery_id = ID).in_scope(|| {
            counter!(name, "Provider" => "kuenta", "Outcome" => "queued").increment(1);
            end();
        });
    });
}

fn metrics_of(name: &str) -> Value {
    json!({"Namespace": "Acuse/shop", "Dimensions": [["Provider", "Outcome"]], "Metrics": [{"Name": name}]})
}

#[test]
fn a_unit_of_work_leaves_one_line_with_its_fields_and_metrics() {
    let mut written = written(lines(), || {
        delivery("Together", || info!(target: WORK, form = "raw", "delivery \"queued\""));
    });
    let line = written.first_mut().unwrap();
    let aws = line.as_object_mut().unwrap().remove("_aws").unwrap();
    assert_eq!(aws["CloudWatchMetrics"], json!([metrics_of("Together")]));
    assert!(aws["Timestamp"].is_i64());
    let expected = json!({
        "Provider": "kuenta", "Outcome": "queued", "Together": 1, "level": "INFO", "message": "delivery \"queued\"",
        "form": "raw", "delivery_id": ID, "xrayTraceId": "1-6",
    });
    assert_eq!(written, [expected]);
    assert!(is_counted("Together"));
}

#[test]
fn other_lines_of_a_unit_are_written_at_once_with_the_fields_of_its_spans() {
    let mut written = written(lines(), || {
        delivery("Refused", || {
            warn!(
                delivery_id = "its own",
                count = 2_u64,
                is_late = true,
                "delivery refused"
            );
        });
    });
    let expected = json!({
        "level": "WARN", "message": "delivery refused", "delivery_id": "its own", "count": 2, "is_late": true,
        "requestId": "8476a536", "xrayTraceId": "1-6", "target": module_path!(),
    });
    assert_eq!(written.remove(0), expected);
    // The unit did not end well, so its own line has no message, and the id by which Lambda's lines are found.
    let own = written.remove(0);
    assert_eq!(
        (&own["Refused"], &own["delivery_id"], &own["message"], &own["requestId"]),
        (&json!(1), &json!(ID), &Value::Null, &json!("8476a536"))
    );
    assert!(written.is_empty());
}

#[test]
fn an_event_without_a_recorded_trace_does_not_name_that_of_its_batch() {
    let line = written(lines(), || {
        let batch = info_span!("invocation", xrayTraceId = "Root=1-6;Sampled=1");
        let event = info_span!(target: WORK, parent: &batch, "event", xrayTraceId = "");
        event.in_scope(|| info!(target: WORK, "event completed"));
    });
    let members: Vec<&String> = line[0].as_object().unwrap().keys().collect();
    assert_eq!(members, ["level", "message"]);
}

#[test]
fn a_hooks_own_dimension_takes_the_place_of_a_field() {
    let line = written(lines(), || {
        info_span!(target: WORK, "event", account = "second").in_scope(|| {
            counter!("Mails", "account" => "ours").increment(1);
            info!(target: WORK, "event completed");
        });
    });
    assert_eq!((line.len(), &line[0]["account"]), (1, &json!("ours")));
    assert!(is_counted("Mails"));
}

#[test]
fn what_cloudwatch_would_not_take_is_told_of_instead_of_counted() {
    let lines = written(lines(), || {
        delivery("Beside the others", || {
            counter!("Mails", "To" => "").increment(1);
            info!(target: WORK, "delivery queued");
        });
    });
    let expected =
        "metric not counted: the name in `misfit` is reserved, or CloudWatch does not accept it or its value";
    assert_eq!(
        (&lines[0]["level"], &lines[0]["message"]),
        (&json!("WARN"), &json!(expected))
    );
    assert_eq!(
        (&lines[0]["misfit"], &lines[1]["Beside the others"]),
        (&json!("To"), &json!(1))
    );
}

#[test]
fn units_that_take_turns_do_not_mix() {
    let written = written(lines(), || {
        let spans = ["a", "b"].map(|delivery_id| info_span!(target: WORK, "event", delivery_id));
        for _ in 0..2 {
            for (span, value) in spans.iter().zip([1.0, 2.0]) {
                span.in_scope(|| histogram!("Turns").record(value));
            }
        }
    });
    let lines: Vec<_> = written
        .iter()
        .map(|line| (&line["delivery_id"], &line["Turns"]))
        .collect();
    assert_eq!(
        lines,
        [(&json!("a"), &json!([1.0, 1.0])), (&json!("b"), &json!([2.0, 2.0]))]
    );
}

#[test]
fn a_sample_of_successes_has_lines_and_all_of_them_metrics() {
    // The id's random end is 0xdf3fdc5f, whose last four decimals are 4351.
    for (successes, is_shown) in [(0.0, false), (43.5, false), (43.52, true), (100.0, true)] {
        let sampled = Lines { successes, ..lines() };
        let written = written(sampled, || {
            delivery("Sampled", || info!(target: WORK, "delivery queued"))
        });
        assert_eq!(
            (written.len(), is_counted("Sampled")),
            (usize::from(is_shown), is_shown),
            "{successes}"
        );
    }
    let none = Lines {
        successes: 0.0,
        ..lines()
    };
    assert_eq!(
        written(none, || delivery("Failures", || {})).len(),
        1,
        "no end, so no success"
    );
}

#[test]
fn beside_text_only_metrics_are_written() {
    let beside = Lines {
        is_json: false,
        ..lines()
    };
    let written = written(beside, || delivery("Beside", || info!(target: WORK, "delivery queued")));
    assert_eq!((written.len(), is_counted("Beside")), (0, false));
}

#[test]
fn metrics_alone_claim_the_level_that_is_let_through() {
    let key = metrics::Key::from_name("Alone");
    let sample = Sample {
        key,
        value: emf::Value::Count(1),
    };
    lines().write_metrics(&[sample], Level::ERROR);
    let line: Value = serde_json::from_str(&WRITTEN.take()).unwrap();
    assert_eq!((&line["level"], &line["Alone"]), (&json!("ERROR"), &json!(1)));
}
