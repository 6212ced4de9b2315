//! The endpoint at the provider: whether a webhook posts to the stack everything that the stack is to get.
//!
//! A provider that switches a webhook off says nothing to the receiver, and nor does a colleague who changes its URL in
//! the panel. What the provider's API lists is compared here, for the tool and for the function that watches.

mod place;
mod webhook;

use std::fmt;

use serde_json::Value;

use crate::account::Environment;
pub use place::{Place, shown};
pub use webhook::{Webhook, many, pages, single};

/// What an account's webhook should be.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The URLs that reach the account. The first is the one to register.
    pub urls: &'a [String],
    /// The event types to get.
    pub events: &'a [String],
    /// The environment that the account is bound to.
    pub environment: Option<Environment>,
}

/// The account's webhook, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checked {
    /// The webhook that posts to the account; with [`Finding::OtherUrl`], the only one with the account's path, which
    /// may be that of another stack.
    pub webhook: Option<Webhook>,
    /// The ids of further webhooks that post to the account and are on: their events count too.
    pub others: Vec<String>,
    /// Empty if all is well.
    pub findings: Vec<Finding>,
}

/// What is wrong with a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// No webhook posts to the account.
    Missing {
        /// The URL to register.
        url: String,
        /// How many webhooks there are.
        of: usize,
    },
    /// Webhooks with the account's path post to other hosts. They may be those of other stacks.
    OtherUrl {
        /// The URL to register.
        url: String,
        /// Ids and URLs of those webhooks, without user information and query, which may be secret.
        found: Vec<(String, String)>,
    },
    /// The provider says that it is switched off.
    Off {
        /// The member that says so.
        member: String,
        /// Its value.
        value: Value,
    },
    /// It lacks event types.
    LacksEvents(Vec<String>),
    /// It is of another environment than the account is bound to, so all that it posts is set aside.
    Environment {
        /// The webhook's.
        webhook: Environment,
        /// The account's.
        account: Environment,
    },
}

impl Finding {
    /// A name for programs and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "missing",
            Self::OtherUrl { .. } => "other_url",
            Self::Off { .. } => "off",
            Self::LacksEvents(_) => "lacks_events",
            Self::Environment { .. } => "environment",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { url, of: 0 } => write!(f, "{url} is not registered: there is no webhook at all"),
            Self::Missing { url, of } => write!(f, "{url} is not registered: none of {of} webhooks posts there"),
            Self::OtherUrl { url, found } => {
                let found: Vec<String> = found.iter().map(|(id, url)| format!("{id} posts to {url}")).collect();
                write!(f, "{}, and none to {url}", found.join(", "))
            }
            Self::Off { member, value } => {
                write!(f, "switched off: the provider lists it with `{member}`: {value}")
            }
            Self::LacksEvents(events) => write!(f, "registered without {}", events.join(", ")),
            Self::Environment { webhook, account } => write!(
                f,
                "it is of the environment `{}`, but the account is bound to `{}`: all that it posts is set aside",
                webhook.name(),
                account.name()
            ),
        }
    }
}

/// Compares what the provider lists with what the account needs. `None` if the list is that of the account's other
/// environment, whose webhooks another token lists.
///
/// Several webhooks may post to the account: those that are on have to have all events together.
pub fn check(webhooks: &[Webhook], expected: Expected<'_>) -> Option<Checked> {
    let places: Vec<Place> = expected.urls.iter().map(|url| Place::of(url)).collect();
    let posts_here = |webhook: &&Webhook| {
        let own = Place::of(&webhook.url);
        places.iter().any(|place| place.receives_as(&own))
    };
    let here: Vec<&Webhook> = webhooks.iter().filter(posts_here).collect();
    // An account that is bound to none is there for real money, if any webhook posts that.
    let some_live = || here.iter().any(|one| environment(one) == Some(Environment::Live));
    let wanted = expected
        .environment
        .or_else(|| some_live().then_some(Environment::Live));
    let own = here.iter().copied().filter(|one| !is_of_another(one, wanted));
    let mut own: Vec<&Webhook> = own.collect();
    if own.is_empty() {
        own = here;
    }
    own.sort_by_key(|webhook| webhook.switched_off().is_some());
    let Some((&webhook, others)) = own.split_first() else {
        return absent(webhooks, expected);
    };
    let on = others.iter().filter(|webhook| webhook.switched_off().is_none());
    let on: Vec<&Webhook> = on.copied().collect();
    Some(Checked {
        webhook: Some(webhook.clone()),
        findings: findings(webhook, &on, expected),
        others: on.iter().map(|one| one.id.clone()).collect(),
    })
}

/// What is wrong with a webhook, wherever it posts to. What `others` post there too, it does not lack.
fn findings(webhook: &Webhook, others: &[&Webhook], expected: Expected<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some((member, value)) = webhook.switched_off() {
        findings.push(Finding::Off {
            member: member.to_owned(),
            value: value.clone(),
        });
    }
    findings.extend(lacks(webhook, others, expected.events));
    if let (Some(environment), Some(account)) = (environment(webhook), expected.environment)
        && environment != account
    {
        findings.push(Finding::Environment {
            webhook: environment,
            account,
        });
    }
    findings
}

fn absent(webhooks: &[Webhook], expected: Expected<'_>) -> Option<Checked> {
    let of_another = |webhook: &Webhook| is_of_another(webhook, expected.environment);
    if !webhooks.is_empty() && webhooks.iter().all(of_another) {
        return None;
    }
    let url = expected.urls.first().cloned().unwrap_or_default();
    let place = Place::of(&url);
    let elsewhere = webhooks.iter().filter(|webhook| !of_another(webhook));
    let elsewhere: Vec<&Webhook> = elsewhere
        .filter(|webhook| Place::of(&webhook.url).has_path_of(&place))
        .collect();
    let webhook = match elsewhere.as_slice() {
        [one] => Some((*one).clone()),
        _ => None,
    };
    let mut found = vec![match elsewhere.is_empty() {
        true => Finding::Missing {
            url,
            of: webhooks.len(),
        },
        false => Finding::OtherUrl {
            url,
            found: elsewhere.iter().map(|one| (one.id.clone(), shown(&one.url))).collect(),
        },
    }];
    found.extend(webhook.iter().flat_map(|webhook| findings(webhook, &[], expected)));
    Some(Checked {
        webhook,
        findings: found,
        others: Vec::new(),
    })
}

fn lacks(webhook: &Webhook, others: &[&Webhook], events: &[String]) -> Option<Finding> {
    let posts = |event| webhook.events.contains(event) || others.iter().any(|other| other.events.contains(event));
    let lacking = events.iter().filter(|event| !posts(event));
    let lacking: Vec<String> = lacking.cloned().collect();
    (!lacking.is_empty()).then_some(Finding::LacksEvents(lacking))
}

/// Whether the webhook says that it is of another environment.
fn is_of_another(webhook: &Webhook, wanted: Option<Environment>) -> bool {
    environment(webhook)
        .zip(wanted)
        .is_some_and(|(own, wanted)| own != wanted)
}

fn environment(webhook: &Webhook) -> Option<Environment> {
    webhook.is_test.map(|is_test| match is_test {
        true => Environment::Test,
        false => Environment::Live,
    })
}

#[cfg(test)]
mod tests;
