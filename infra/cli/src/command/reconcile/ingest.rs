//! `--ingest`: queueing the events that never came.

use std::process::ExitCode;

use acuse_aws::ledger::reader::LedgerReader;
use acuse_aws::system::SystemRandom;
use acuse_core::account::Account;
use acuse_core::clock::{Random, Timestamp};
use acuse_core::receive::{Outbox, SecretStore};
use serde_json::json;

use super::{Arguments, code, remembered, unclear_code};
use crate::command::Failure;
use crate::command::confirm::confirm;
use crate::command::interrupt::Interrupt;
use crate::reconcile::Findings;
use crate::reconcile::compare::Compared;
use crate::reconcile::in_ledger::InLedger;
use crate::reconcile::ingest::{self, Ingest, Place, check_account};
use crate::stack::audit::{Action, Audit, Begun};
use crate::stack::error::StackError;
use crate::stack::target::Target;
use crate::terminal::{self, counted, summed_up};
use crate::{note, say};

impl Arguments {
    /// Queues what can be taken in, after everything was read. Exits 0 if that leaves nothing to do.
    pub(super) async fn take_in(
        &self,
        target: &Target,
        ledger: &LedgerReader,
        findings: &Findings,
        now: Timestamp,
    ) -> Result<ExitCode, Failure> {
        let account = self.bound(target).await?;
        let random = SystemRandom;
        let place = || Place {
            provider: self.provider,
            account: account.clone(),
            own: target.environment(),
            now,
            remembered: remembered(target, now),
            random: random.bits().to_le_bytes().first_chunk().copied().unwrap_or_default(),
        };
        let (mut wanted, mut refused) = (Vec::new(), 0usize);
        for compared in findings.iter() {
            match ingest::of(compared, place()) {
                None => {}
                Some(Err(why)) => {
                    refused += 1;
                    self.not_taken_in(compared, &why.to_string());
                }
                Some(Ok(own)) => match target.set_aside_reason(&own.event, now) {
                    Some(why) => {
                        refused += 1;
                        self.not_taken_in(compared, &format!("the stack would set it aside: {why}"));
                    }
                    None => wanted.push(own),
                },
            }
        }
        if wanted.is_empty() {
            if !self.json {
                say!("nothing to take in");
            }
            return Ok(code(findings));
        }
        let in_ledger = InLedger {
            ledger,
            provider: self.provider,
            account: &self.account,
        };
        check_account(in_ledger.event_ids(now).await?).map_err(|why| {
            Failure::with_advice(
                why,
                "ask the provider to send the webhooks again; hooks that guard with `event.business_key()` would see through it, and Acuse can't know that yours do",
            )
        })?;
        let dry_run = self.caution.dry_run;
        if !dry_run {
            let what = format!(
                "take in {} that no signature vouches for",
                counted(wanted.len(), "event")
            );
            confirm(&what, self.caution.yes)?;
        }
        let (queued, interrupt) = self.queue(target, &wanted).await?;
        if !self.json {
            let done = if dry_run {
                "would be queued"
            } else {
                "queued, marked as reconciled"
            };
            let not = wanted.len() - queued + refused;
            say!("{}", summed_up("event", [(queued, done), (not, "not taken in")]));
        }
        let others = findings.iter().filter(|one| one.finding.is_problem()).count() - wanted.len();
        Ok(match (interrupt.received(), dry_run || others > 0) {
            (true, _) => interrupt.code(),
            (false, true) => code(findings),
            (false, false) => unclear_code(findings),
        })
    }

    /// The account as its secret binds it.
    async fn bound(&self, target: &Target) -> Result<Account, Failure> {
        let stored = target.secrets(self.provider)?.load().await?;
        match stored.get(self.account.as_str()) {
            Some(Ok(secrets)) if !secrets.is_empty() => Ok(secrets.account().clone()),
            _ => Err(Failure::with_advice(
                format!(
                    "the stack has no usable secret of {}",
                    self.account.scope(self.provider.name)
                ),
                "whose events these are must be known: check `--account`, and `acuse secrets list`",
            )),
        }
    }

    async fn queue(&self, target: &Target, wanted: &[Ingest]) -> Result<(usize, Interrupt), Failure> {
        let interrupt = Interrupt::listen();
        let audit = Audit::of(target)?;
        let keys: Vec<String> = wanted.iter().map(|own| own.event.key.to_string()).collect();
        let mut action = Action::new("reconcile --ingest");
        if let [key] = keys.as_slice() {
            action = action.on(key);
        }
        if let Some(reason) = &self.reason {
            action = action.because(reason);
        }
        let begun = audit.begin(target, action, self.caution.dry_run).await?;
        let (mut queued, mut result) = (0, Ok(()));
        for own in wanted {
            if interrupt.received() {
                break;
            }
            if let Err(error) = self.queue_one(target, &begun, own).await {
                result = Err(Failure::from(error));
                break;
            }
            queued += 1;
            let (key, dry_run) = (own.event.key.to_string(), self.caution.dry_run);
            match (self.json, dry_run) {
                (true, _) => terminal::json(json!({"key": key, "type": own.event.type_name, "queued": !dry_run})),
                (false, true) => say!("would be queued: {key}"),
                (false, false) => say!("queued: {key}"),
            }
        }
        begun.end(queued, result).await?;
        Ok((queued, interrupt))
    }

    async fn queue_one(&self, target: &Target, begun: &Begun<'_>, own: &Ingest) -> Result<(), StackError> {
        if self.caution.dry_run {
            return Ok(());
        }
        begun.to_events([own.event.key.clone()]).await?;
        let group = own.envelope.account.name.scope(self.provider.name);
        target.outbox()?.queue(&group, own.envelope.to_message()?).await?;
        Ok(())
    }

    fn not_taken_in(&self, compared: &Compared, why: &str) {
        let id = compared.resource.as_ref().map_or("?", |own| own.id.as_str());
        note!("not taken in: {id}: {why}");
    }
}
