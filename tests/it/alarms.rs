//! The template's alarms, as CloudWatch evaluates them.

use acuse_cli::local::Checkout;
use acuse_core::providers;
use serde_json::Value;

/// UnoPago switches a webhook off after this many failures.
const FAILURES: usize = 20;

/// From a delivery to its metric in an alarm's evaluation, in seconds: the function's line, its
/// extraction, and the minute that is evaluated.
const DELAY: u64 = 120;

/// How long a sender waits, in seconds, after so many failures.
type Wait = fn(u32) -> u64;

/// When each of the failures happens, by how long the sender waits before the next one.
fn failures(wait: Wait) -> Vec<u64> {
    let mut at = 0;
    let waits = (0..FAILURES as u32 - 1).map(|n| {
        at += wait(n);
        at
    });
    std::iter::once(0).chain(waits).collect()
}

/// How many failures there were when the alarm is first seen; `None` where it is never.
fn seen_after(failures: &[u64], least: usize, period: u64) -> Option<usize> {
    // Every minute, over the last period.
    let last = failures.last()? + period;
    (0..=last / 60).map(|minute| minute * 60).find_map(|now| {
        let within = failures.iter().filter(|at| **at <= now && now - **at < period).count();
        (within >= least).then(|| failures.iter().filter(|at| **at <= now + DELAY).count())
    })
}

#[test]
fn failures_are_seen_before_the_webhook_is_switched_off() {
    let template = Checkout::find().unwrap().read_template().unwrap();
    let resources = template["Resources"].as_object().unwrap();
    let of_providers = providers::ALL
        .iter()
        .map(|own| format!("{}UnauthenticatedAlarm", own.name));
    for wanted in of_providers.chain(["ServerErrorAlarm".to_owned()]) {
        let alarm = resources.iter().find(|(name, _)| name.eq_ignore_ascii_case(&wanted));
        let alarm = &alarm.unwrap_or_else(|| panic!("no {wanted}")).1["Properties"];
        let metrics = alarm["Metrics"].as_array().unwrap();
        let expression = metrics[0]["Expression"].as_str().unwrap();
        let least = expression.split(">= ").nth(1).unwrap().split(',').next().unwrap();
        let least: usize = least.parse().unwrap();
        let period = metrics[1]["MetricStat"]["Period"].as_u64().unwrap();
        assert_eq!(alarm["DatapointsToAlarm"], 1);

        let senders: [(&str, Wait); 4] = [
            ("every 10 s", |_| 10),
            ("every minute", |_| 60),
            ("2ⁿ s", |n| 2_u64.pow(n)),
            ("10ⁿ s, at most 100,000 s", |n| 10_u64.saturating_pow(n).min(100_000)),
        ];
        for (sender, wait) in senders {
            let seen = seen_after(&failures(wait), least, period);
            assert!(
                seen.is_some_and(|failures| failures < FAILURES),
                "{wanted}, a sender that tries again {sender}: seen after {seen:?} failures"
            );
        }
    }
}

#[test]
fn every_alarm_goes_to_the_topic_and_names_its_runbook() {
    let template = Checkout::find().unwrap().read_template().unwrap();
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations.md")).unwrap();
    let anchors: Vec<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .map(|title| title.to_lowercase().replace(' ', "-"))
        .collect();
    let resources = template["Resources"].as_object().unwrap();
    let alarms = resources
        .iter()
        .filter(|(_, resource)| resource["Type"] == "AWS::CloudWatch::Alarm");
    let mut count = 0;
    for (name, alarm) in alarms {
        count += 1;
        let properties = &alarm["Properties"];
        for actions in ["AlarmActions", "OKActions"] {
            assert_eq!(properties[actions][0]["Ref"], "AlarmTopic", "{name}");
        }
        let description = text(&properties["AlarmDescription"]);
        let anchor = description
            .split("operations.md#")
            .nth(1)
            .unwrap_or_else(|| panic!("{name}: {description}"));
        let anchor = anchor.split([':', ',']).next().unwrap();
        assert!(anchors.iter().any(|own| own == anchor), "{name}: no section {anchor}");
        assert!(description.contains("acuse "), "{name} names a command");
    }
    assert_eq!(count, 15);
}

/// A text, or what is substituted into.
fn text(value: &Value) -> String {
    let text = value.as_str().or_else(|| value["Fn::Sub"].as_str());
    text.unwrap_or_default().to_owned()
}
