//! What to say of a webhook, and what to do about what `webhooks check` finds.

use acuse_core::account::AccountName;
use acuse_core::endpoint::{Checked, Finding, Webhook, shown};
use serde_json::Value;

use super::ManagementApi;
use crate::stack::filter::account_option;
use crate::stack::target::Target;
use crate::terminal::shell_quoted;
use crate::webhooks::is_local;

/// How to correct what was found. `named` are the options with which this command checks the same webhook, with its
/// account.
pub(crate) fn advice<A: ManagementApi>(
    target: &Target,
    account: &AccountName,
    named: &str,
    checked: &Checked,
) -> String {
    let (name, mut options) = (A::provider().name, named.to_owned());
    let elsewhere = checked.findings.iter().find_map(|finding| match finding {
        Finding::OtherUrl { url, found } => Some((url, found)),
        _ => None,
    });
    if let Some((url, found)) = elsewhere {
        if is_local(url) {
            return format!(
                "the other host may be another stack of yours: leave its webhook as it is. To receive on this machine, register a tunnel's address: `acuse {name} webhooks create --url https://…{options}`"
            );
        }
        let is_stacks = target.webhook_url(A::provider(), account).ok().as_ref() == Some(url);
        if !is_stacks && !options.contains(" --url ") {
            options = format!(" --url {}{options}", shell_quoted(url));
        }
        let id = match found.as_slice() {
            [(id, _)] => shell_quoted(id),
            _ => "ID".to_owned(),
        };
        return format!(
            "the other host may be another stack of yours. If it is, create one for this stack: `acuse {name} webhooks create{options}`. If that webhook is to post here instead, and there no more: `acuse {name} webhooks check --fix --move-from {id}{options}`"
        );
    }
    let fix = format!("`acuse {name} webhooks check --fix{options}`");
    let advice = checked.findings.iter().map(|finding| match finding {
        Finding::Missing { .. } => format!("`acuse {name} webhooks create{options}`"),
        Finding::Off {
            value: Value::String(_),
            ..
        } => format!("switch it on in {}'s panel", A::PROVIDER),
        Finding::Environment { .. } => format!(
            "correct the binding (`acuse secrets bind {name}{}`), or register the URL of another account",
            account_option(account)
        ),
        _ => fix.clone(),
    });
    let mut advice: Vec<String> = advice.collect();
    advice.dedup();
    if checked
        .findings
        .iter()
        .any(|finding| matches!(finding, Finding::LacksEvents(_)))
    {
        advice.push(format!(
            "or, if you don't want all events, name those that you want in {}",
            A::EVENTS
        ));
    }
    advice.join("; ")
}

/// What to do about what the provider did not change.
pub(super) fn not_taken<A: ManagementApi>(named: &str, after: &Checked) -> String {
    let advice = after.findings.iter().map(|finding| match finding {
        Finding::Off { .. } => format!(
            "switch it on in {}'s panel: its reference does not document how the API does that",
            A::PROVIDER
        ),
        Finding::LacksEvents(events) => format!(
            "{} does not post {}: name those that you want in {}",
            A::PROVIDER,
            events.join(", "),
            A::EVENTS
        ),
        _ => format!("change it in {}'s panel", A::PROVIDER),
    });
    let mut advice: Vec<String> = advice.collect();
    advice.push(format!(
        "then check again: `acuse {} webhooks check{named}`",
        A::provider().name
    ));
    advice.join("; ")
}

/// The webhook with its URL as people may see it.
pub(super) fn without_secrets(webhook: &Webhook) -> Webhook {
    let mut webhook = webhook.clone();
    webhook.url = shown(&webhook.url);
    webhook
}

/// What to say of a webhook that is as it should be.
pub(crate) fn well(checked: &Checked, events: usize) -> String {
    let Some(webhook) = &checked.webhook else {
        return "registered".to_owned();
    };
    let mut text = format!(
        "{} posts to {}, with all {events} events",
        webhook.id,
        shown(&webhook.url)
    );
    if !checked.others.is_empty() {
        text += &format!(" together with {}", checked.others.join(", "));
    }
    if !webhook.undocumented.is_empty() {
        let members = webhook
            .undocumented
            .iter()
            .map(|(name, value)| format!("{name}: {value}"));
        text += &format!(" (not documented: {})", members.collect::<Vec<_>>().join(", "));
    }
    text
}
