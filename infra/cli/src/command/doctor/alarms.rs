//! The stack's alarms, and who gets their mail.

use acuse_core::error::chain;
use aws_sdk_cloudwatch::types::{MetricAlarm, StateValue};
use aws_sdk_sns::types::Subscription;

use super::{Checked, Problem, Resources, of_type};
use crate::stack::target::Target;

/// What SNS returns instead of an ARN.
/// <https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html>
const PENDING: &str = "PendingConfirmation";

/// The most names that DescribeAlarms accepts.
const NAMES: usize = 100;

/// Whether all alarms exist, are enabled and are not firing.
pub(super) async fn state(target: &Target, resources: &Resources) -> Checked {
    let named = of_type(resources, "AWS::CloudWatch::Alarm")?;
    match named.len() {
        _ if target.is_local() => return Ok("not checked: the local stack needs none".to_owned()),
        0 => return Err(Problem("the stack has none: deploy the current template".to_owned())),
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

/// Compares the template's alarms (logical and physical id) with CloudWatch's.
fn judged(named: &[(&str, &str)], alarms: &[MetricAlarm]) -> Checked {
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
                .then(|| format!("{logical} notifies nobody: its actions are disabled"))
        })
        .collect();
    match wrong.is_empty() {
        true => Ok(format!("{}, none firing", named.len())),
        false => Err(Problem(wrong.join("; "))),
    }
}

/// Whether somebody is subscribed to the alarms, and has confirmed it.
pub(super) async fn subscriptions(target: &Target) -> Checked {
    if target.is_local() {
        return Ok("not checked: the local stack mails nobody".to_owned());
    }
    let topic = target.output("AlarmTopicArn")?;
    let client = aws_sdk_sns::Client::new(&target.sdk);
    let list = client.list_subscriptions_by_topic().topic_arn(topic);
    let listed: Result<Vec<_>, _> = list.into_paginator().items().send().collect().await;
    match listed {
        Ok(subscriptions) => notified(topic, &subscriptions),
        Err(error) => Ok(format!("not checked: {}", chain(&error))),
    }
}

fn notified(topic: &str, subscriptions: &[Subscription]) -> Checked {
    let (pending, confirmed): (Vec<_>, Vec<_>) = subscriptions
        .iter()
        .partition(|subscription| subscription.subscription_arn() == Some(PENDING));
    let endpoints = |subscriptions: &[&Subscription]| {
        let endpoints = subscriptions.iter().filter_map(|subscription| subscription.endpoint());
        endpoints.collect::<Vec<_>>().join(", ")
    };
    match (confirmed.as_slice(), pending.as_slice()) {
        // AWS removes a subscription that is not confirmed within 48 hours, and CloudFormation does not notice.
        // https://aws.amazon.com/about-aws/whats-new/2023/05/amazon-sns-automatic-deletion-unconfirmed-subscriptions/
        ([], []) => Err(Problem(format!(
            "nobody is notified of alarms: `aws sns subscribe --topic-arn {topic} --protocol email --notification-endpoint ADDRESS`, and confirm within 48 hours"
        ))),
        (confirmed, []) => Ok(format!("confirmed: {}", endpoints(confirmed))),
        (_, pending) => Err(Problem(format!(
            "not confirmed: {}. Open the link in AWS's mail \"Subscription Confirmation\", which works for 48 hours",
            endpoints(pending)
        ))),
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
    fn deleted_firing_and_disabled_alarms_are_reported() {
        let named = [("Dead", "s-Dead-1"), ("Old", "s-Old-2")];
        let silent = alarm("s-Old-2", StateValue::InsufficientData);
        let judged = |alarms: &[MetricAlarm]| judged(&named, alarms);
        assert_eq!(
            judged(&[alarm("s-Dead-1", StateValue::Ok), silent.clone()]),
            Ok("2, none firing".to_owned())
        );
        assert_eq!(
            judged(&[alarm("s-Dead-1", StateValue::Alarm), silent.clone()]),
            Err(Problem("Dead is firing: 3 datapoints".to_owned()))
        );
        assert_eq!(
            judged(&[silent]),
            Err(Problem("Dead was deleted: deploy the template again".to_owned()))
        );
        let mut disabled = alarm("s-Old-2", StateValue::Ok);
        disabled.actions_enabled = Some(false);
        assert_eq!(
            judged(&[alarm("s-Dead-1", StateValue::Ok), disabled]),
            Err(Problem("Old notifies nobody: its actions are disabled".to_owned()))
        );
    }

    #[test]
    fn missing_and_unconfirmed_subscriptions_are_reported() {
        let subscription = |arn: &str, endpoint: &str| {
            let subscription = Subscription::builder().subscription_arn(arn);
            subscription.endpoint(endpoint).build()
        };
        let (on_call, boss) = (
            subscription("arn:1", "on-call@shop.co"),
            subscription(PENDING, "boss@shop.co"),
        );
        assert_eq!(
            notified("t", std::slice::from_ref(&on_call)),
            Ok("confirmed: on-call@shop.co".to_owned())
        );
        let Problem(wrong) = notified("t", &[on_call, boss]).unwrap_err();
        assert!(wrong.starts_with("not confirmed: boss@shop.co. "), "{wrong}");
        let Problem(wrong) = notified("arn:topic", &[]).unwrap_err();
        assert!(
            wrong.contains("nobody is notified of alarms") && wrong.contains("arn:topic"),
            "{wrong}"
        );
    }
}
