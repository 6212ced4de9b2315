//! `acuse events show`: one event in full, or all events of a resource.

use acuse_aws::ledger::reader::LedgerReader;
use acuse_aws::ledger::record::Record;
use acuse_aws::system::SystemClock;
use acuse_core::account::AccountName;
use acuse_core::clock::Clock;
use acuse_core::error::chain;
use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::conflict;
use crate::command::Failure;
use crate::command::options::StackOptions;
use crate::stack::destinations::progress::{self, DeliveriesOf};
use crate::stack::events::status;
use crate::stack::filter::account_parser;
use crate::stack::lookup;
use crate::stack::target::Target;
use crate::terminal::{self, quoted};
use crate::{note, say};

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// An event's key, a resource's key (the part before `|`), a delivery id, a resource's id, or your order number,
    /// as sent or as a list prints it
    #[arg(value_parser = NonEmptyStringValueParser::new(), value_name = "KEY|ID")]
    which: String,
    /// Only this account's, and look up an id in it first
    #[arg(long, value_name = "NAME", value_parser = account_parser())]
    account: Option<AccountName>,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    /// How many days (UTC) to search, newest first, for an order number, or an id that is not part of a key; the
    /// search ends with the day that has it
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=400))]
    days: u32,
    #[command(flatten)]
    pub(super) stack: StackOptions,
}

impl Show {
    pub(super) async fn run(&self, target: &Target) -> Result<(), Failure> {
        let ledger = &target.ledger()?;
        let records = self.find(target, ledger).await?;
        if records.is_empty() {
            return Err(Failure::with_advice(
                format!(
                    "no event of `{}` in the ledger (searched {} days)",
                    self.which, self.days
                ),
                "it may not have got this far: see `acuse dlq list` and `acuse quarantine list`. The delivery ids of duplicates are not found here",
            ));
        }
        let deliveries = DeliveriesOf::records(target, &records).await?;
        if self.json {
            records
                .iter()
                .for_each(|record| terminal::json(deliveries.json(record)));
            return Ok(());
        }
        for record in &records {
            let status = deliveries.status(record).map_or_else(|| status(record), str::to_owned);
            say!("{status}: {}", record.key);
            terminal::json(serde_json::to_string_pretty(record)?);
            for (destination, delivery) in deliveries.of(record) {
                quoted(&format!("destination `{destination}`: "), &progress::line(delivery))
                    .iter()
                    .for_each(|line| terminal::line(line));
                let body = delivery
                    .answer
                    .as_ref()
                    .map(|answer| answer.body.trim())
                    .unwrap_or_default();
                if !body.is_empty() {
                    quoted("  its answer: ", body)
                        .iter()
                        .for_each(|line| terminal::line(line));
                }
            }
            if let Some(payload) = ledger.payload(record).await? {
                say!("payload:");
                // Indented, so that no line of it looks like one of ours.
                let payload = String::from_utf8_lossy(&payload);
                payload.split('\n').for_each(|line| say!("  {line}"));
                say!("");
            }
            conflict::explain(ledger, record).await?;
        }
        Ok(())
    }

    async fn find(&self, target: &Target, ledger: &LedgerReader) -> Result<Vec<Record>, Failure> {
        let account = self.account.as_ref();
        let mut records = found(target, account, &self.which).await?;
        let passes = |record: &Record| account.is_none_or(|own| *own == record.account);
        records.retain(passes);
        if !records.is_empty() {
            return Ok(records);
        }
        note!(
            "not a key, a resource's id or a known delivery's; searching everything received in the last {} days (`--days`), order numbers too",
            self.days
        );
        let mut records = lookup::in_daily_lists(ledger, &self.which, self.days, SystemClock.now()).await?;
        records.retain(passes);
        Ok(records)
    }
}

/// What can be found without listing days; without `account`, in any account.
pub(super) async fn found(target: &Target, account: Option<&AccountName>, which: &str) -> Result<Vec<Record>, Failure> {
    let default = AccountName::DEFAULT;
    let records = lookup::by_key_or_id(&target.ledger()?, account.unwrap_or(&default), which).await?;
    if !records.is_empty() || account.is_some() {
        return Ok(records);
    }
    let others = lookup::in_other_accounts(target, which).await;
    Ok(others.unwrap_or_else(|error| {
        note!(
            "only the default account was searched by key; `--account` names another one: {}",
            chain(&error)
        );
        Vec::new()
    }))
}
