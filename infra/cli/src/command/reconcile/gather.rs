//! Reading both sides: the provider's API and the ledger.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use acuse_aws::ledger::reader::LedgerReader;
use acuse_core::clock::Timestamp;
use acuse_core::ledger::Status;

use super::{Arguments, failure, remembered};
use crate::command::progress::Bar;
use crate::command::webhooks::required_token;
use crate::command::{Failure, Unreadable};
use crate::note;
use crate::reconcile::compare::{Compared, Finding, Terms, compare};
use crate::reconcile::in_ledger::InLedger;
use crate::reconcile::onepay::{CHARGE, PAYMENT, Progress};
use crate::reconcile::{Findings, Resource, ids};
use crate::stack::target::Target;
use crate::webhooks::client::Pace;
use crate::webhooks::onepay::Onepay;
use crate::webhooks::posts_to;

/// The one provider whose API reads payments.
const ONEPAY: &str = "onepay";

impl Arguments {
    pub(super) async fn gather(
        &self,
        target: &Target,
        ledger: &LedgerReader,
        asked: &[String],
        now: Timestamp,
    ) -> Result<Findings, Failure> {
        let ledger = InLedger {
            ledger,
            provider: self.provider,
            account: &self.account,
        };
        if self.no_api {
            return of_ledger_alone(&ledger, asked).await;
        }
        if self.provider.name != ONEPAY {
            return Err(Failure::with_advice(
                format!("no documented API of `{}` reads its payments", self.provider.name),
                format!(
                    "export the ids or order numbers from its panel, one a line, and ask the ledger which of them never arrived: `acuse reconcile {} --ids FILE --no-api`",
                    self.provider.name
                ),
            ));
        }
        let token = required_token("ONEPAY_API_TOKEN")?;
        let api = Onepay::new(&self.base_url, token, Pace::default())?;
        let terms = Terms {
            posted: self.posted(target, &api).await?,
            young: now.minus(self.in_flight),
            remembered: remembered(target, now),
        };
        let mut findings = Findings::default();
        let resources = self.resources(&api, &ledger, asked, now, &mut findings).await?;
        let bar = Bar::new(u64::try_from(resources.len()).unwrap_or(u64::MAX));
        for (asked, resource) in resources {
            let mut records = ledger.of_id(Some(resource.kind), &resource.id).await?;
            // Test and live are two resources, even with one id.
            let environment = resource.is_test.map(|is_test| if is_test { "test" } else { "live" });
            records.retain(|record| environment.is_none_or(|own| own == record.environment));
            let compared = compare(resource, &records, &terms);
            findings.add(Compared { asked, ..compared });
            bar.advance(1);
        }
        bar.clear();
        Ok(findings)
    }

    /// The lines of the file.
    pub(super) fn asked(&self) -> Result<Vec<String>, Failure> {
        let Some(path) = &self.ids else {
            return Ok(Vec::new());
        };
        let mut text = String::new();
        if path == Path::new("-") {
            let read = std::io::stdin().read_to_string(&mut text);
            read.map_err(Unreadable::of("standard input"))?;
        } else {
            text = std::fs::read_to_string(path).map_err(Unreadable::of(&path.display().to_string()))?;
        }
        let asked = ids::read(&text)?;
        match asked.is_empty() {
            true => Err(Failure::with_advice(
                "there is no id in what `--ids` names",
                "write one id or order number a line",
            )),
            false => Ok(asked),
        }
    }

    /// The types that the webhooks of this stack's URL post: what no webhook posts is not missing.
    async fn posted(&self, target: &Target, api: &Onepay) -> Result<Option<BTreeSet<String>>, Failure> {
        let mut webhooks = api.list().await?;
        let url = target.webhook_url(self.provider, &self.account)?;
        if webhooks.iter().any(|webhook| posts_to(webhook, &url)) {
            webhooks.retain(|webhook| posts_to(webhook, &url));
        } else {
            note!("note: no webhook at the provider posts to {url}, so the events of all its webhooks are expected");
        }
        let types: BTreeSet<String> = webhooks.into_iter().flat_map(|webhook| webhook.events).collect();
        Ok((!types.is_empty()).then_some(types))
    }

    /// What the provider has: of its lists, of what the ledger knows to be open, and of the ids. What neither side
    /// knows is a finding.
    async fn resources(
        &self,
        api: &Onepay,
        ledger: &InLedger<'_>,
        asked: &[String],
        now: Timestamp,
        findings: &mut Findings,
    ) -> Result<Vec<(Option<String>, Resource)>, Failure> {
        let mut found: Vec<(Option<String>, Resource)> = Vec::new();
        let mut wanted: BTreeSet<(&'static str, String)> = BTreeSet::new();
        if let Some(since) = self.since(now) {
            let mut bar: Option<Bar> = None;
            let mut on_page = |progress: Progress| {
                // Each list has a length of its own.
                if progress.page == 1
                    && let Some(done) = bar.take()
                {
                    done.clear();
                }
                bar.get_or_insert_with(|| Bar::new(progress.of)).advance(1);
            };
            let charges = api.charges_since(since, &mut on_page).await;
            if let Some(bar) = bar {
                bar.clear();
            }
            let charges = charges.map_err(failure)?;
            let paid = charges.iter().filter(|charge| charge.status == "paid");
            wanted.extend(paid.filter_map(|charge| Some((PAYMENT, charge.payment.clone()?))));
            found.extend(charges.into_iter().map(|charge| (None, charge)));
            for (kind, id) in ledger.open_since(since, now).await? {
                let kind = [PAYMENT, CHARGE].into_iter().find(|own| *own == kind);
                wanted.extend(kind.map(|kind| (kind, id)));
            }
        }
        let bar = Bar::new(u64::try_from(wanted.len() + asked.len()).unwrap_or(u64::MAX));
        for (kind, id) in wanted {
            if !found.iter().any(|(_, own)| (own.kind, &own.id) == (kind, &id)) {
                match api.resource(kind, &id).await.map_err(failure)? {
                    Some(resource) => found.push((None, resource)),
                    None => findings.add(unknown(ledger, &id).await?),
                }
            }
            bar.advance(1);
        }
        for text in asked {
            let resources = asked_for(api, ledger, text).await?;
            if resources.is_empty() {
                findings.add(unknown(ledger, text).await?);
            }
            for resource in resources {
                found.retain(|(_, own)| (own.kind, &own.id) != (resource.kind, &resource.id));
                found.push((Some(text.clone()), resource));
            }
            bar.advance(1);
        }
        bar.clear();
        Ok(found)
    }
}

/// The resources that a line of the file stands for: by what the ledger knows, else as an id or an order number.
async fn asked_for(api: &Onepay, ledger: &InLedger<'_>, text: &str) -> Result<Vec<Resource>, Failure> {
    let mut known: BTreeSet<(&'static str, String)> = BTreeSet::new();
    for record in ledger.of_text(text).await? {
        let kind = [PAYMENT, CHARGE]
            .into_iter()
            .find(|own| Some(*own) == record.resource_kind.as_deref());
        known.extend(kind.zip(record.resource_id));
    }
    if known.is_empty() {
        known = BTreeSet::from([PAYMENT, CHARGE].map(|kind| (kind, text.to_owned())));
    }
    let mut found = Vec::new();
    for (kind, id) in known {
        found.extend(api.resource(kind, &id).await.map_err(failure)?);
    }
    if found.is_empty() {
        found = api.charges_of(text).await.map_err(failure)?;
        // The payment is what hooks are told of.
        let payments: BTreeSet<String> = found.iter().filter_map(|charge| charge.payment.clone()).collect();
        for id in payments {
            found.extend(api.resource(PAYMENT, &id).await.map_err(failure)?);
        }
    }
    Ok(found)
}

/// An id that the API does not know.
async fn unknown(ledger: &InLedger<'_>, text: &str) -> Result<Compared, Failure> {
    let compared = in_ledger(ledger, text).await?;
    let detail = match compared.finding {
        Finding::There => "the ledger has it, and the provider's API has no payment or charge of this id".to_owned(),
        Finding::Missing => "neither the provider's API nor the ledger has it".to_owned(),
        _ => compared.detail,
    };
    Ok(Compared {
        finding: Finding::Unknown,
        detail,
        ..compared
    })
}

async fn of_ledger_alone(ledger: &InLedger<'_>, asked: &[String]) -> Result<Findings, Failure> {
    let mut findings = Findings::default();
    let bar = Bar::new(u64::try_from(asked.len()).unwrap_or(u64::MAX));
    for text in asked {
        findings.add(in_ledger(ledger, text).await?);
        bar.advance(1);
    }
    bar.clear();
    Ok(findings)
}

/// Whether anything of this id or order number has arrived.
async fn in_ledger(ledger: &InLedger<'_>, text: &str) -> Result<Compared, Failure> {
    let mut records = ledger.of_text(text).await?;
    records.retain(|record| !record.confirmation);
    records.sort_by(|a, b| a.received_at.cmp(&b.received_at));
    let failed = |status: &str| [Status::Rejected.name(), Status::Conflict.name()].contains(&status);
    let (finding, detail) = match records.last() {
        None => (Finding::Missing, "the ledger has no event of it".to_owned()),
        // One that went well says more than a retry that was set aside.
        Some(last) if records.iter().all(|record| failed(record.status)) => {
            let why = last.error.as_deref().unwrap_or("no reason is recorded");
            (
                Finding::NotProcessed,
                format!("its last event is {}: {why}", last.status),
            )
        }
        Some(_) => (Finding::There, String::new()),
    };
    Ok(Compared {
        asked: Some(text.to_owned()),
        resource: None,
        finding,
        expected: Vec::new(),
        record: records.pop().map(Box::new),
        detail,
    })
}
