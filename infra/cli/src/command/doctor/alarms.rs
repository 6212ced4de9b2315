//! Which alarms there are and firing, and who hears of them.

use acuse_cli::stack::target::Target;
use acuse_core::error::chain;
use aws_sdk_cloudwatch::types::{MetricAlarm, StateValue};
use aws_sdk_sns::types::Subscription;

use super::Resources;

/// SNS gives this instead of an ARN.
/// <https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html>
const PENDING: &str = "PendingConfirmation";

/// DescribeAlarms takes so many names.
const NAMES: usize = 100;

/// Whether the stack's alarms are there, act, and are silent. The local stack needs none.
pub(super) async fn state(target: &Target, resources: &Resources) -> Result<String, String> {
    let named = resources.of_type("AWS::CloudWatch::Alarm")?;
    match named.len() {
        _ if target.is_local() => return Ok("not checked: the local stack needs none".to_owned()),
        0 => return Err("the stack has none: deploy the current template".to_owned()),
        _ => {}
    }
    let client = aws_sdk_cloudwatch::Client::new(&target.sdk);
    let mut alarms: Vec<MetricAlarm> = Vec::new();
    for part in named.chunks(NAMES) {
        let names = part.iter().map(|(_, name)| (*name).to_owned()).collect();
        let described = client.describe_alarms().set_alarm_names(Some(names)).send().await;
        let described = match described {
            Ok(described) => described,
            Err(error) => return Ok(format!("{} in the stack; not checked: {}", named.len(), chain(&error))),
        };
        alarms.extend(described.metric_alarms.unwrap_or_default());
    }
    judged(&named, &alarms)
}

/// `named`: logical and physical id of what the template has. `alarms`: what CloudWatch has.
fn judged(named: &[(&str, &str)], alarms: &[MetricAlarm]) -> Result<String, String> {
    let wrong: Vec<String> = named
        .iter()
        .filter_map(|(logical, name)| {
            let Some(alarm) = alarms.iter().find(|alarm| alarm.alarm_name() == Some(name)) else {
                return Some(format!("{logical} was deleted: deploy the template again"));
            };
            if alarm.state_value() == Some(&StateValue::Alarm) {
                let reason = alarm.state_reason().unwrap_or_default();
                return Some(format!("{logical} is firing: {reason}"));
            }
            (alarm.actions_enabled() == Some(false))
                .then(|| format!("{logical} tells nobody: its actions are disabled"))
        })
        .collect();
    match wrong.is_empty() {
        true => Ok(format!("{}, none firing", named.len())),
        false => Err(wrong.join("; ")),
    }
}

/// Whether somebody hears of alarms, and has confirmed that.
pub(super) async fn subscriptions(target: &Target) -> Result<String, String> {
    if target.is_local() {
        return Ok("not checked: the local stack mails nobody".to_owned());
    }
    let topic = target.output("AlarmTopicArn").map_err(|error| chain(&error))?;
    let client = aws_sdk_sns::Client::new(&target.sdk);
    let list = client.list_subscriptions_by_topic().topic_arn(topic);
    let mut pages = list.into_paginator().items().send();
    let mut subscriptions = Vec::new();
    while let Some(subscription) = pages.next().await {
        match subscription {
            Ok(subscription) => subscriptions.push(subscription),
            Err(error) => return Ok(format!("not checked: {}", chain(&error))),
        }
    }
    heard(topic, &subscriptions)
}

fn heard(topic: &str, subscriptions: &[Subscription]) -> Result<String, String> {
    let (pending, confirmed): (Vec<_>, Vec<_>) = subscriptions
        .iter()
        .partition(|subscription| subscription.subscription_arn() == Some(PENDING));
    let endpoints = |subscriptions: &[&Subscription]| {
        let endpoints = subscriptions.iter().filter_map(|subscription| subscription.endpoint());
        endpoints.collect::<Vec<_>>().join(", ")
    };
    match (confirmed.as_slice(), pending.as_slice()) {
        // AWS removes what is not confirmed within 48 hours, and CloudFormation does not notice.
        // https://aws.amazon.com/about-aws/whats-new/2023/05/amazon-sns-automatic-deletion-unconfirmed-subscriptions/
        ([], []) => Err(format!(
            "nobody hears of alarms: `aws sns subscribe --topic-arn {topic} --protocol email --notification-endpoint ADDRESS`, and confirm within 48 hours"
        )),
        (confirmed, []) => Ok(format!("confirmed: {}", endpoints(confirmed))),
        (_, pending) => Err(format!(
            "not confirmed: {}. The mail is AWS's, \"Subscription Confirmation\", and its link works for 48 hours",
            endpoints(pending)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm(name: &str, state: StateValue) -> MetricAlarm {
        let alarm = MetricAlarm::builder().alarm_name(name).actions_enabled(true);
        alarm.state_value(state).state_reason("3 datapoints").build()
    }

    #[test]
    fn an_alarm_that_is_gone_or_firing_or_silenced_is_told() {
        let named = [("Dead", "s-Dead-1"), ("Old", "s-Old-2")];
        let silent = alarm("s-Old-2", StateValue::InsufficientData);
        let judged = |alarms: &[MetricAlarm]| judged(&named, alarms);
        assert_eq!(
            judged(&[alarm("s-Dead-1", StateValue::Ok), silent.clone()]),
            Ok("2, none firing".to_owned())
        );
        assert_eq!(
            judged(&[alarm("s-Dead-1", StateValue::Alarm), silent.clone()]),
            Err("Dead is firing: 3 datapoints".to_owned())
        );
        assert_eq!(
            judged(&[silent]),
            Err("Dead was deleted: deploy the template again".to_owned())
        );
        let mut disabled = alarm("s-Old-2", StateValue::Ok);
        disabled.actions_enabled = Some(false);
        assert_eq!(
            judged(&[alarm("s-Dead-1", StateValue::Ok), disabled]),
            Err("Old tells nobody: its actions are disabled".to_owned())
        );
    }

    #[test]
    fn an_address_that_has_not_confirmed_is_told() {
        let subscription = |arn: &str, endpoint: &str| {
            let subscription = Subscription::builder().subscription_arn(arn);
            subscription.endpoint(endpoint).build()
        };
        let (on_call, boss) = (
            subscription("arn:1", "on-call@shop.co"),
            subscription(PENDING, "boss@shop.co"),
        );
        assert_eq!(
            heard("t", std::slice::from_ref(&on_call)),
            Ok("confirmed: on-call@shop.co".to_owned())
        );
        let wrong = heard("t", &[on_call, boss]).unwrap_err();
        assert!(wrong.starts_with("not confirmed: boss@shop.co. "), "{wrong}");
        let wrong = heard("arn:topic", &[]).unwrap_err();
        assert!(
            wrong.contains("nobody hears of alarms") && wrong.contains("arn:topic"),
            "{wrong}"
        );
    }
}
