//! Our alarms in the template, as CloudWatch evaluates them.

use acuse_core::providers;
use acuse_tests::template;
use serde_json::Value;

/// UnoPago disables a webhook after this many failures.
const FAILURES: usize = 20;

/// Seconds from a delivery until an alarm evaluates its metric: the function writes a line, CloudWatch extracts the
/// metric, and the minute ends.
const DELAY: u64 = 120;

/// How many seconds a sender waits after a number of failures.
type Wait = fn(u32) -> u64;

/// The time of each failure.
fn failures(wait: Wait) -> Vec<u64> {
    let mut at = 0;
    let waits = (0..FAILURES as u32 - 1).map(|n| {
        at += wait(n);
        at
    });
    std::iter::once(0).chain(waits).collect()
}

/// The number of failures when the alarm goes off; `None` if it never does.
fn failures_until_alarm(failures: &[u64], least: usize, period: u64) -> Option<usize> {
    // CloudWatch evaluates the last period every minute.
    let last = failures.last()? + period;
    (0..=last / 60).map(|minute| minute * 60).find_map(|now| {
        let within = failures.iter().filter(|at| **at <= now && now - **at < period).count();
        (within >= least).then(|| failures.iter().filter(|at| **at <= now + DELAY).count())
    })
}

#[test]
fn the_alarm_goes_off_before_the_webhook_is_disabled() {
    let template = template::ours();
    let resources = template["Resources"].as_object().unwrap();
    let of_providers = providers::ALL
        .iter()
        .map(|own| format!("{}UnauthenticatedAlarm", own.logical_id()));
    for wanted in of_providers.chain(["ServerErrorAlarm".to_owned()]) {
        let alarm = resources.get(&wanted).unwrap_or_else(|| panic!("no {wanted}"));
        let alarm = &alarm["Properties"];
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
            let seen = failures_until_alarm(&failures(wait), least, period);
            assert!(
                seen.is_some_and(|failures| failures < FAILURES),
                "{wanted} goes off after {seen:?} failures of a sender that retries {sender}"
            );
        }
    }
}

#[test]
fn every_alarm_goes_to_the_topic_and_names_its_command_and_its_runbook() {
    let template = template::ours();
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
        // What it means, what to run, and where to read on: three lines, as a mail and a chat show them.
        let lines: Vec<&str> = description.lines().collect();
        let [meaning, command, runbook] = lines.as_slice() else {
            panic!("{name}: {description}");
        };
        assert!(
            meaning.ends_with('.') && !meaning.contains("acuse "),
            "{name}: {meaning}"
        );
        assert!(command.starts_with("Run: acuse "), "{name}: {command}");
        assert!(command.ends_with(" --stack ${AWS::StackName}"), "{name}: {command}");
        let anchor = runbook.strip_prefix("Runbook: ${RunbookUrl}#");
        let anchor = anchor.unwrap_or_else(|| panic!("{name}: {runbook}"));
        assert!(anchors.iter().any(|own| own == anchor), "{name}: no section {anchor}");
    }
    assert_eq!(count, 26);
}

/// A string, or the argument of `Fn::Sub`.
fn text(value: &Value) -> String {
    let text = value.as_str().or_else(|| value["Fn::Sub"].as_str());
    text.unwrap_or_default().to_owned()
}
