//! `acuse doctor`: the health check of a deployment, end to end.

mod accounts;
mod alarms;
mod dead_letters;
mod delivery;
mod destinations;
mod drift;
mod endpoints;
mod queues;

use std::error::Error;
use std::process::ExitCode;

use acuse_core::error::chain;
use aws_sdk_cloudformation::types::StackResource;
use clap::Args;
use serde_json::json;

use super::Failure;
use super::options::StackOptions;
use crate::registry::providers;
use crate::stack::target::Target;
use crate::terminal::{self, quoted};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  acuse doctor
  acuse doctor --stack acuse --profile prod
  ONEPAY_API_TOKEN=… acuse doctor --stack acuse          checks the webhooks at OnePay as well
  acuse doctor --stack acuse --organization-id org_1     checks Kuenta's webhook as well
  acuse doctor --stack acuse --organization-id org_2 --account org_2
  acuse doctor --json --stack acuse | jq 'select(.ok | not)'

Sends a signed test delivery to the public URL of each account. The ledger records it as REJECTED, a test
delivery, and it reaches no hook. Asks the providers' APIs, where it has a token, whether the webhooks are on,
post to this stack and have all events, and the ledger whether an account is silent for unusually long
(`acuse onepay webhooks check --fix` corrects what it finds, and moves no webhook from another host unless
`--move-from` names it). Compares the functions with the deployed template (CloudFormation's
drift detection), and checks the queues, the conflicts, the destinations, the alarms and who gets their mail.
Exits 1 if anything needs fixing.")]
pub(crate) struct Arguments {
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    /// Send no test deliveries
    #[arg(long)]
    no_delivery: bool,
    #[command(flatten)]
    endpoints: endpoints::Options,
    #[command(flatten)]
    stack: StackOptions,
}

/// How wide the names of the checks are.
const COLUMN: usize = 24;

type Checked = Result<String, Problem>;

/// What is wrong, and how to fix it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Problem(String);

impl<E: Error> From<E> for Problem {
    fn from(error: E) -> Self {
        Self(chain(&error))
    }
}

pub(crate) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let target = arguments.stack.target().await?;
    let mut healthy = true;
    let mut report = |check: &str, found: Checked| {
        healthy &= found.is_ok();
        print(arguments.json, check, &found);
    };
    for provider in providers() {
        if let Err(switched_off) = target.is_used(provider) {
            report(provider.name, Ok(switched_off.to_string()));
            continue;
        }
        accounts::check(&target, provider, !arguments.no_delivery, &mut report).await;
    }
    endpoints::check(&target, &arguments.endpoints, &mut report).await;
    report("event queue", queues::events(&target).await);
    report("dead-letter queue", dead_letters::check(&target).await);
    let advice = "`acuse quarantine diagnose`, fix, `acuse quarantine release`";
    let quarantine = queues::is_empty(&target, "QuarantineQueueUrl", advice).await;
    report("quarantine", quarantine);
    report("conflicts", queues::conflicts(&target).await);
    destinations::check(&target, &mut report).await;
    let resources = resources(&target).await;
    report("functions", drift::functions(&target, &resources).await);
    report("alarms", alarms::state(&target, &resources).await);
    report("alarm mail", alarms::subscriptions(&target).await);
    Ok(match healthy {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// What begins so was left out, and is no good news.
const NOT_CHECKED: &str = "not checked: ";

fn print(json: bool, check: &str, found: &Checked) {
    let (ok, text) = match found {
        Ok(text) => (true, text),
        Err(Problem(text)) => (false, text),
    };
    let text = terminal::on_stack(text);
    if json {
        let checked = !text.starts_with(NOT_CHECKED);
        return terminal::json(json!({"check": check, "ok": ok, "checked": checked, "found": text}));
    }
    lines(check, ok, &text).iter().for_each(|line| terminal::line(line));
}

/// A name that is too long for its column has a line of its own.
fn lines(check: &str, ok: bool, text: &str) -> Vec<String> {
    let mark = match ok {
        true if text.starts_with(NOT_CHECKED) => "–",
        true => "✓",
        false => "✗",
    };
    if check.chars().count() <= COLUMN {
        return quoted(&format!("{mark} {check:<COLUMN$} "), text);
    }
    let indent = " ".repeat(COLUMN + 3);
    [vec![format!("{mark} {check}")], quoted(&indent, text)].concat()
}

/// The stack's resources, or why they can't be listed.
type Resources = Result<Vec<StackResource>, Problem>;

async fn resources(target: &Target) -> Resources {
    let client = aws_sdk_cloudformation::Client::new(&target.sdk);
    let described = client
        .describe_stack_resources()
        .stack_name(target.name())
        .send()
        .await?;
    Ok(described.stack_resources.unwrap_or_default())
}

/// The logical and physical ids of all resources of a type.
fn of_type<'a>(resources: &'a Resources, kind: &str) -> Result<Vec<(&'a str, &'a str)>, Problem> {
    let all = resources.as_ref().map_err(Clone::clone)?.iter();
    let own = all.filter(|resource| resource.resource_type() == Some(kind));
    let ids = own.filter_map(|resource| Some((resource.logical_resource_id()?, resource.physical_resource_id()?)));
    Ok(ids.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_checked_is_marked_as_neither_good_nor_bad() {
        let mark = |ok, text: &str| lines("alarms", ok, text)[0].chars().next();
        assert_eq!(mark(true, "12 alarms, none rings"), Some('✓'));
        assert_eq!(mark(false, "1 rings"), Some('✗'));
        assert_eq!(mark(true, "not checked: the local stack needs none"), Some('–'));
        assert_eq!(mark(false, "not checked: no access"), Some('✗'));
    }

    #[test]
    fn all_texts_begin_in_one_column() {
        let name = "destination a-shop-with-a-long-name";
        assert_eq!(
            [lines("quarantine", true, "empty"), lines(name, true, "open")].concat(),
            [
                "✓ quarantine               empty",
                "✓ destination a-shop-with-a-long-name",
                "                           open",
            ]
        );
    }
}
