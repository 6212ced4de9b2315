//! `webhooks check`: whether the webhook at the provider posts to a stack's account what it should, and changing it so
//! that it does.

use std::env;
use std::process::ExitCode;

use acuse_aws::system::SystemClock;
use acuse_core::account::AccountName;
use acuse_core::clock::{Clock, Timestamp};
use acuse_core::endpoint::{Checked, Finding, Place, Webhook, shown};
use acuse_core::provider::Provider;
use acuse_core::providers::onepay;
use clap::Args;
use serde_json::{Value, json};

use super::advice::{advice, not_taken, well, without_secrets};
use super::repair::Repair;
use super::{Events, ManagementApi};
use crate::command::Failure;
use crate::command::acting::acting;
use crate::command::confirm::confirm;
use crate::command::options::StackOptions;
use crate::stack::audit::Action;
use crate::stack::endpoint::{Wanted, urls};
use crate::stack::filter::{account_option, account_parser};
use crate::stack::secret::StackSecret;
use crate::stack::silence::Silence;
use crate::stack::target::Target;
use crate::terminal::shell_quoted;
use crate::webhooks::{is_local, webhook_url};
use crate::{note, say, terminal};

#[derive(Debug, Args)]
pub(crate) struct Check<A: Args> {
    /// The account whose webhook to check
    #[arg(long, value_parser = account_parser(), value_name = "NAME", default_value_t)]
    account: AccountName,
    /// URL that the webhook should post to, such as a tunnel's [default: the stack's]
    #[arg(long, value_parser = webhook_url)]
    url: Option<String>,
    #[command(flatten)]
    events: Events,
    /// Change the webhook so that it is on and has the events that it lacks
    #[arg(long)]
    fix: bool,
    /// With `--fix`, let this webhook post to the stack instead of another host, which gets nothing from it any more
    #[arg(long, requires = "fix", value_name = "URL|ID")]
    move_from: Option<String>,
    /// Print what `--fix` would change, and change nothing
    #[arg(long, requires = "fix")]
    dry_run: bool,
    /// Don't ask for confirmation
    #[arg(long, requires = "fix")]
    yes: bool,
    /// Why it is changed, for the audit trail
    #[arg(long, requires = "fix", value_name = "TEXT")]
    reason: Option<String>,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    stack: StackOptions,
    #[command(flatten)]
    api: A,
}

impl<A: ManagementApi> Check<A> {
    pub(crate) async fn run(&self) -> Result<ExitCode, Failure> {
        let target = self.stack.target().await?;
        let provider = A::provider();
        let wanted = Wanted {
            urls: match &self.url {
                Some(url) => vec![url.clone()],
                None => urls(&target, provider, &self.account)?,
            },
            events: match self.events.chosen(provider)? {
                Some(events) => events,
                None => wanted_events::<A>()?,
            },
            environment: environment(&target, provider, &self.account).await?,
        };
        let api = self.api.client()?;
        let listed = api.list().await?;
        let mut checked = self.check(&wanted, &listed)?;
        if checked.findings.is_empty() || !self.fix {
            self.print(&checked, wanted.events.len(), false);
            if !checked.findings.is_empty() && !self.json {
                note!("  what to do: {}", self.advice(&target, &checked));
            }
            return Ok(exit(&checked));
        }
        self.print(&checked, wanted.events.len(), false);
        if let Some(moved) = self.moved(&target, &checked, &listed)? {
            checked = self.check(&wanted, std::slice::from_ref(moved))?;
        }
        let none = || {
            Failure::with_advice(
                "there is nothing that `--fix` can change",
                self.advice(&target, &checked),
            )
        };
        let webhook = checked.webhook.as_ref().ok_or_else(none)?;
        let repair = Repair::of(webhook, &checked.findings).ok_or_else(none)?;
        for line in repair.lines() {
            let verb = if self.dry_run { "would set" } else { "sets" };
            note!("{verb} {line} of {}", webhook.id);
        }
        if self.dry_run {
            return Ok(ExitCode::SUCCESS);
        }
        let from = repair.url.as_ref().map(|_| shown(&webhook.url));
        let from = from.map_or_else(String::new, |from| format!(", which posts to {from} now"));
        confirm(
            &format!("change {}'s webhook {}{from}", A::PROVIDER, webhook.id),
            self.yes,
        )?;
        let scope = self.account.scope(provider.name);
        let mut action = Action::new(A::CHECK).on(&scope);
        if let Some(reason) = &self.reason {
            action = action.because(reason);
        }
        acting(&target, action, false, A::repair(&api, webhook, &repair)).await?;
        // What counts is what the provider lists then, not what its answer says.
        let after = self.check(&wanted, &api.list().await?)?;
        self.print(&after, wanted.events.len(), true);
        if !after.findings.is_empty() {
            return Err(Failure::with_advice(
                format!("{} did not take all changes", A::PROVIDER),
                not_taken::<A>(&self.named(), &after),
            ));
        }
        self.note_lost(&target, &checked.findings, webhook).await?;
        Ok(ExitCode::SUCCESS)
    }

    /// The options with which another command is about the same webhook.
    fn named(&self) -> String {
        let url = self.url.as_ref().map(|url| format!(" --url {}", shell_quoted(url)));
        let account = account_option(&self.account);
        [url.unwrap_or_default(), account, self.events.named(), self.api.named()].concat()
    }

    fn advice(&self, target: &Target, checked: &Checked) -> String {
        advice::<A>(target, &self.account, &self.named(), checked)
    }

    /// The webhook that is to post here instead of another host, as `--move-from` names it. None if one posts here or
    /// none has the account's path.
    fn moved<'a>(
        &self,
        target: &Target,
        checked: &Checked,
        listed: &'a [Webhook],
    ) -> Result<Option<&'a Webhook>, Failure> {
        let mut findings = checked.findings.iter();
        let elsewhere = findings.find_map(|finding| match finding {
            Finding::OtherUrl { url, found } => Some((url, found)),
            _ => None,
        });
        let Some((url, found)) = elsewhere else {
            return match &self.move_from {
                Some(_) => Err(Failure::with_advice(
                    "`--move-from` names no webhook that could be moved, so nothing was changed",
                    "leave it out: no webhook with this account's path posts to another host only",
                )),
                None => Ok(None),
            };
        };
        let refused = |why: String| {
            let advice = self.advice(target, checked);
            Failure::with_advice(format!("{why}, so nothing was changed"), advice)
        };
        if (target.is_local() && self.url.is_none()) || is_local(url) {
            let provider = A::PROVIDER;
            return Err(refused(format!(
                "only this machine can reach {url}, and {provider} can't post there"
            )));
        }
        let Some(from) = &self.move_from else {
            return Err(refused(
                "`--fix` moves no webhook from another host unless `--move-from` names it".to_owned(),
            ));
        };
        let place = Place::of(from);
        let is_one = |one: &&Webhook| {
            let is_found = found.iter().any(|(id, url)| *id == one.id && *url == shown(&one.url));
            is_found && (one.id == *from || Place::of(&one.url).receives_as(&place))
        };
        let named: Vec<&Webhook> = listed.iter().filter(is_one).collect();
        match named.as_slice() {
            [one] => Ok(Some(one)),
            [] => Err(refused(format!(
                "`--move-from {}` is none of these webhooks",
                shown(from)
            ))),
            _ => Err(refused(format!(
                "several webhooks post to {}, and only an id names one of them",
                shown(from)
            ))),
        }
    }

    fn check(&self, wanted: &Wanted, webhooks: &[Webhook]) -> Result<Checked, Failure> {
        wanted.check(webhooks).ok_or_else(|| {
            let account = &self.account;
            Failure::with_advice(
                format!(
                    "the account `{account}` is bound to an environment, and all webhooks listed are of the other one"
                ),
                format!("set {} to that environment's token", A::TOKEN),
            )
        })
    }

    fn print(&self, checked: &Checked, events: usize, fixed: bool) {
        let scope = self.account.scope(A::provider().name);
        if self.json {
            let findings = checked.findings.iter();
            let findings = findings.map(|finding| json!({"finding": finding.code(), "text": finding.to_string()}));
            return terminal::json(json!({
                "provider": A::provider().name, "account": self.account.as_str(), "ok": checked.findings.is_empty(),
                "webhook": checked.webhook.as_ref().map(without_secrets), "others": checked.others, "findings": findings.collect::<Vec<Value>>(), "fixed": fixed,
            }));
        }
        for finding in &checked.findings {
            say!("✗ {scope}: {finding}");
        }
        if checked.findings.is_empty() {
            say!("✓ {scope}: {}", well(checked, events));
        }
    }

    /// Says what may have been lost while the webhook was wrong, and how to find it.
    async fn note_lost(&self, target: &Target, findings: &[Finding], webhook: &Webhook) -> Result<(), Failure> {
        let provider = A::provider().name;
        let lost_all = findings
            .iter()
            .any(|finding| !matches!(finding, Finding::LacksEvents(_)));
        let since = match lost_all {
            true => {
                Silence::of(&target.ledger()?, provider, &self.account, SystemClock.now())
                    .await?
                    .last
            }
            false => webhook.updated_at.as_deref().and_then(Timestamp::from_rfc3339),
        };
        let what = match (lost_all, since) {
            (true, Some(last)) => format!("the last delivery was accepted at {last}"),
            (true, None) => "no delivery was accepted in the last 14 days".to_owned(),
            (false, Some(at)) => format!("the webhook was last changed at {at}"),
            (false, None) => format!("{} does not say when the webhook was changed", A::PROVIDER),
        };
        let since = since.map_or_else(|| "14d".to_owned(), |since| since.to_string());
        // Without an API that tells, `reconcile` has no option that names it.
        let api = match onepay::PROVIDER.name == provider {
            true => self.api.named(),
            false => String::new(),
        };
        note!(
            "what {} had to post meanwhile may be lost: {what}. To find it: `acuse reconcile {provider} --since {since}{}{api}`",
            A::PROVIDER,
            account_option(&self.account)
        );
        Ok(())
    }
}

/// The event types that a webhook should have: those in the environment, or all that Acuse knows.
pub(crate) fn wanted_events<A: ManagementApi>() -> Result<Vec<String>, Failure> {
    let chosen = env::var(A::EVENTS).unwrap_or_default();
    let chosen: Vec<String> = chosen
        .split(',')
        .filter(|name| !name.trim().is_empty())
        .map(str::to_owned)
        .collect();
    // What is chosen here is only compared, and may be a type that Acuse does not know.
    Ok(crate::webhooks::events(A::provider(), &chosen, true)?)
}

/// The environment that the account is bound to.
pub(crate) async fn environment(
    target: &Target,
    provider: &'static Provider,
    account: &AccountName,
) -> Result<Option<acuse_core::account::Environment>, Failure> {
    let stored = StackSecret::of(target, provider)?.get_replaceable().await?;
    Ok(stored.account(account).and_then(|stored| stored.environment))
}

fn exit(checked: &Checked) -> ExitCode {
    match checked.findings.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
