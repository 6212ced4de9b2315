//! Whether providers post to the stack: what their APIs list of its webhooks, and how long each account has been silent.

use std::env;

use acuse_aws::system::SystemClock;
use acuse_core::account::AccountName;
use acuse_core::clock::{Clock, Timestamp};
use acuse_core::endpoint::{Finding, Webhook};
use acuse_core::provider::Provider;
use acuse_core::providers::{kuenta, onepay};
use clap::Args;
use futures_util::{StreamExt, stream};

use super::{Checked, Problem};
use crate::command::Failure;
use crate::command::onepay::Api as OnepayApi;
use crate::command::webhooks::ManagementApi;
use crate::command::webhooks::advice::{advice, well};
use crate::command::webhooks::check::{environment, wanted_events};
use crate::registry::providers;
use crate::stack::endpoint::{Wanted, urls};
use crate::stack::filter::{account_option, account_parser};
use crate::stack::secret::StackSecret;
use crate::stack::silence::Silence;
use crate::stack::target::Target;
use crate::webhooks::kuenta::{Api as KuentaApi, BASE as KUENTA};
use crate::webhooks::onepay::BASE as ONEPAY;

/// How many accounts are looked up in the ledger at once.
const AT_ONCE: usize = 4;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Kuenta's organization: check its webhook there
    #[arg(long, env = "KUENTA_ORGANIZATION_ID", value_name = "ID")]
    organization_id: Option<String>,
    /// The account that this organization posts to
    #[arg(long, value_parser = account_parser(), value_name = "NAME", default_value_t, requires = "organization_id")]
    account: AccountName,
    /// URL of Kuenta's API
    #[arg(long, env = "KUENTA_API_URL", value_name = "URL", default_value = KUENTA)]
    base_url: String,
    /// URL of OnePay's API, whose token is read from ONEPAY_API_TOKEN
    #[arg(long, env = "ONEPAY_API_URL", value_name = "URL", default_value = ONEPAY)]
    onepay_url: String,
}

/// Reports the webhooks of each provider, then each account's last delivery.
pub(super) async fn check(target: &Target, options: &Options, mut report: impl FnMut(&str, Checked)) {
    let used = providers().iter().filter(|provider| target.is_used(provider).is_ok());
    for provider in used {
        let accounts = match accounts(target, provider).await {
            Ok(accounts) => accounts,
            // What is wrong with the secret is reported above.
            Err(_) => vec![AccountName::DEFAULT],
        };
        if provider.name == onepay::PROVIDER.name {
            onepay(target, options, &accounts, &mut report).await;
        } else if provider.name == kuenta::PROVIDER.name {
            kuenta(target, options, &mut report).await;
        } else {
            report(&format!("{}: webhook", provider.name), Ok(by_hand(target, provider)));
        }
        let silences = accounts.iter().map(|account| silence(target, provider, account));
        let mut silences = stream::iter(silences).buffered(AT_ONCE);
        for account in &accounts {
            if let Some(found) = silences.next().await {
                report(&format!("{}: last delivery", account.scope(provider.name)), found);
            }
        }
    }
}

/// The accounts that are stored, the default one first.
async fn accounts(target: &Target, provider: &'static Provider) -> Result<Vec<AccountName>, Failure> {
    let stored = StackSecret::of(target, provider)?.get_replaceable().await?;
    let mut accounts: Vec<AccountName> = stored.version.accounts.into_keys().collect();
    accounts.sort_by_key(|account| !account.is_default());
    Ok(accounts)
}

/// What to look at in the panel of a provider without an API.
fn by_hand(target: &Target, provider: &'static Provider) -> String {
    let url = target.webhook_url(provider, &AccountName::DEFAULT);
    let url = url.unwrap_or_else(|_| "the stack's URL".to_owned());
    format!(
        "not checked: no API that lists webhooks is known. In the provider's panel, check that the webhook is on, posts to {url}, and has the events {}",
        provider.types.join(", ")
    )
}

async fn onepay(target: &Target, options: &Options, accounts: &[AccountName], report: &mut impl FnMut(&str, Checked)) {
    // The list of ONEPAY_API_TOKEN, once it is read.
    let mut shared: Option<Result<Vec<Webhook>, Problem>> = None;
    for account in accounts {
        let own = OnepayApi::token_of(account);
        let is_own = own.as_deref().is_some_and(|name| env::var_os(name).is_some());
        let name = own.filter(|_| is_own).unwrap_or_else(|| OnepayApi::TOKEN.to_owned());
        let check = format!("{}: webhook", account.scope(onepay::PROVIDER.name));
        if env::var_os(&name).is_none() {
            // One line is enough for all accounts.
            if accounts.first() == Some(account) {
                let skipped =
                    format!("not checked: set {name} to OnePay's API token (`read -rs {name} && export {name}`)");
                report(&check, Ok(skipped));
            }
            continue;
        }
        let api = OnepayApi::with_token(&options.onepay_url, &name);
        let listed = match (is_own, &shared) {
            (false, Some(listed)) => listed.clone(),
            _ => list(&api).await,
        };
        if !is_own {
            shared = Some(listed.clone());
        }
        let checked = match listed {
            Ok(webhooks) => compare(&api, target, account, &webhooks, is_own).await,
            Err(problem) => Err(problem),
        };
        report(&check, checked);
    }
}

async fn kuenta(target: &Target, options: &Options, report: &mut impl FnMut(&str, Checked)) {
    let account = &options.account;
    let check = format!("{}: webhook", account.scope(kuenta::PROVIDER.name));
    let organization_id = options.organization_id.clone();
    if organization_id.is_none() {
        let skipped = "not checked: set KUENTA_ORGANIZATION_ID, and KUENTA_API_TOKEN if your organization has one; for another account, add `--organization-id ID --account NAME`";
        return report(&check, Ok(skipped.to_owned()));
    }
    let api = KuentaApi {
        base_url: options.base_url.clone(),
        organization_id,
        config_organization_id: None,
    };
    let checked = match list(&api).await {
        Ok(webhooks) => compare(&api, target, account, &webhooks, true).await,
        Err(problem) => Err(problem),
    };
    report(&check, checked);
}

async fn list<A: ManagementApi>(api: &A) -> Result<Vec<Webhook>, Problem> {
    let client = api.client().map_err(of_failure)?;
    client.list().await.map_err(|error| {
        let advice = error.advice();
        let Problem(text) = error.into();
        Problem(format!("{text}. What to do: {advice}"))
    })
}

fn of_failure(failure: Failure) -> Problem {
    Problem(failure.lines().join("\n"))
}

/// Compares an account's webhook. If the list is not certainly the account's, a webhook that is not in it proves
/// nothing.
async fn compare<A: ManagementApi>(
    api: &A,
    target: &Target,
    account: &AccountName,
    webhooks: &[Webhook],
    is_own: bool,
) -> Checked {
    let provider = A::provider();
    let wanted = Wanted {
        urls: urls(target, provider, account)?,
        events: wanted_events::<A>().map_err(of_failure)?,
        environment: environment(target, provider, account).await.map_err(of_failure)?,
    };
    let other_token = || match A::token_of(account) {
        Some(name) => format!("set {name} to the token of this account"),
        None => format!("set {} to the token of this account's environment", A::TOKEN),
    };
    let Some(checked) = wanted.check(webhooks) else {
        return Ok(format!(
            "not checked: {} lists the webhooks of the other environment; {}",
            A::TOKEN,
            other_token()
        ));
    };
    let absent = checked
        .findings
        .iter()
        .any(|finding| matches!(finding, Finding::Missing { .. } | Finding::OtherUrl { .. }));
    let named = account_option(account) + &api.named();
    let texts: Vec<String> = checked.findings.iter().map(ToString::to_string).collect();
    match texts.as_slice() {
        [] => Ok(well(&checked, wanted.events.len())),
        texts if absent && target.is_local() => Ok(format!(
            "{}. Only this machine can reach that URL: `acuse {} webhooks check --url https://…{named}` checks a tunnel's",
            texts.join("; "),
            provider.name
        )),
        _ if absent && !is_own && !account.is_default() => Ok(format!(
            "not checked: {} lists no webhook that posts here; if it is of another merchant or environment, {}",
            A::TOKEN,
            other_token()
        )),
        texts => Err(Problem(format!(
            "{}: {}{}",
            texts.join("; "),
            advice::<A>(target, account, &named, &checked),
            is_own
                .then(|| under_its_name::<A>(account))
                .flatten()
                .unwrap_or_default()
        ))),
    }
}

/// How the commands that are advised get the token of an account, which they read under one name only.
fn under_its_name<A: ManagementApi>(account: &AccountName) -> Option<String> {
    let own = A::token_of(account)?;
    let name = A::TOKEN;
    Some(format!(" (with this account's token: `export {name}=\"${own}\"`)"))
}

/// Whether an account is silent for longer than it usually is.
async fn silence(target: &Target, provider: &'static Provider, account: &AccountName) -> Checked {
    let now = SystemClock.now();
    let silence = Silence::of(&target.ledger()?, provider.name, account, now).await?;
    let last = match silence.last {
        Some(last) => format!("{} ago, at {last}", length(last, now)),
        None => "none in the last 14 days".to_owned(),
    };
    match silence.is_unusual() {
        false => Ok(last),
        true => Err(Problem(format!(
            "{last}, which is unusual: in the same hours of four weeks before there were {} events. Check in the provider's panel that the webhook is on and posts to {}",
            silence.compared(),
            target.webhook_url(provider, account)?
        ))),
    }
}

/// A length of time in its two largest units.
fn length(from: Timestamp, to: Timestamp) -> String {
    let minutes = to.since(from).as_secs() / 60;
    match (minutes / 1440, minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_advised_command_gets_the_token_of_the_account() {
        let of = |name: &str| under_its_name::<OnepayApi>(&AccountName::parse(name).unwrap()).unwrap_or_default();
        let expected = r#" (with this account's token: `export ONEPAY_API_TOKEN="$ONEPAY_API_TOKEN_MY_SHOP"`)"#;
        assert_eq!([of("my-shop"), of("default")], [expected, ""]);
        assert_eq!(
            under_its_name::<KuentaApi>(&AccountName::parse("my-shop").unwrap()),
            None
        );
    }
}
