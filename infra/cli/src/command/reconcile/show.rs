//! What a run found, for people and for programs.

use acuse_aws::system::SystemClock;
use acuse_core::clock::Clock;
use acuse_core::event::key::IdempotencyKey;
use serde_json::{Value, json};

use super::{Arguments, remembered};
use crate::command::events::list::money;
use crate::reconcile::Findings;
use crate::reconcile::compare::{Compared, Finding};
use crate::reconcile::ingest::{Refused, check};
use crate::stack::filter::account_option;
use crate::stack::target::Target;
use crate::terminal::shell_quoted;
use crate::webhooks::onepay::BASE;
use crate::{say, terminal};

impl Arguments {
    pub(super) fn print(&self, findings: &Findings, target: &Target) {
        if self.json {
            for compared in findings.iter() {
                terminal::json(self.line(compared, target));
            }
            return;
        }
        for kind in Finding::ALL {
            let own = findings.iter().filter(|one| one.finding == kind);
            for compared in own.filter(|one| one.finding.is_problem() || one.finding.is_unclear()) {
                say!("{}: {}", kind.name(), name(compared));
                say!("  {}", compared.detail);
                if let Some(command) = self.command(compared, target) {
                    say!("  {command}");
                }
            }
        }
        let counts = Finding::ALL.iter().rev().filter_map(|kind| {
            let count = findings.count(*kind);
            (count > 0).then(|| format!("{count} {}", kind.words()))
        });
        let counts: Vec<String> = counts.collect();
        match counts.is_empty() {
            true => say!("nothing to compare: neither the provider nor the ledger has anything of this time"),
            false => say!("{} compared: {}", findings.len(), counts.join(", ")),
        }
    }

    fn line(&self, compared: &Compared, target: &Target) -> Value {
        let resource = compared.resource.as_ref();
        let record = compared.record.as_deref();
        json!({
            "finding": compared.finding.name(),
            "asked": compared.asked,
            "kind": resource.map(|own| own.kind.to_owned()).or_else(|| record?.resource_kind.clone()),
            "id": resource.map(|own| own.id.clone()).or_else(|| record?.resource_id.clone()).or_else(|| compared.asked.clone()),
            "reference": resource.and_then(|own| own.reference.clone()).or_else(|| record?.reference.clone()),
            "provider_status": resource.map(|own| &own.status),
            "amount": resource.and_then(|own| own.amount.as_ref()),
            "currency": resource.and_then(|own| own.currency.as_ref()),
            "is_test": resource.and_then(|own| own.is_test),
            "at": resource.and_then(|own| own.at).map(|at| at.to_string()),
            "expected": compared.expected,
            "key": record.map(|own| &own.key),
            "ledger_type": record.map(|own| &own.type_name),
            "ledger_status": record.map(|own| own.status),
            "ledger_amount": record.and_then(|own| own.amount.as_ref()),
            "detail": compared.detail,
            "what_to_do": self.command(compared, target),
        })
    }

    /// The command that recovers it, or what else to do.
    fn command(&self, compared: &Compared, target: &Target) -> Option<String> {
        let stack = self.stack.named();
        // Otherwise the command would ask the real API.
        let api = match self.base_url.as_str() {
            BASE => String::new(),
            url => format!(" --base-url {}", shell_quoted(url)),
        };
        let provider = self.provider.name;
        let again = "ask the provider to send it again";
        match compared.finding {
            Finding::Missing | Finding::Behind => {
                let (Some(resource), Some(type_name)) = (&compared.resource, compared.expected.first()) else {
                    return Some(format!(
                        "look in quarantine (`acuse quarantine list{stack}`), and {again}"
                    ));
                };
                Some(
                    match check(resource, type_name, remembered(target, SystemClock.now())) {
                        Ok(_) => format!(
                            "echo {} | acuse reconcile {provider}{} --ids - --ingest --yes{api}{stack}",
                            shell_quoted(&resource.id),
                            account_option(&self.account)
                        ),
                        Err(why @ Refused::Type { .. }) => format!("{again}; {why}"),
                        Err(why) => format!("{again}; {type_name} can't be taken in: {why}"),
                    },
                )
            }
            Finding::Differs => {
                let id = &compared.resource.as_ref()?.id;
                Some(format!("acuse events show {}{stack}", shell_quoted(id)))
            }
            Finding::NotProcessed => {
                let key = &compared.record.as_ref()?.key;
                let is_conflict = IdempotencyKey::parse(key).is_some_and(|key| key.conflict_of().is_some());
                let verb = if is_conflict { "release" } else { "replay" };
                Some(format!("acuse events {verb} {}{stack}", shell_quoted(key)))
            }
            Finding::Forgotten | Finding::Unclear | Finding::Unknown => Some(format!("check it in {provider}'s panel")),
            _ => None,
        }
    }
}

/// `payment p1 (ORD-1), 150000 COP`
fn name(compared: &Compared) -> String {
    let Some(resource) = &compared.resource else {
        return compared.asked.clone().unwrap_or_default();
    };
    let reference = resource
        .reference
        .as_ref()
        .map(|own| format!(" ({own})"))
        .unwrap_or_default();
    let amount = match money(resource.amount.as_deref(), resource.currency.as_deref()) {
        none if none == "-" => String::new(),
        amount => format!(", {amount}"),
    };
    format!("{} {}{reference}{amount}", resource.kind, resource.id)
}
