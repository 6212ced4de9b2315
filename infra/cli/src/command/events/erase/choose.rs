//! Which events a request names.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use acuse_aws::ledger::record::Record;
use acuse_core::event::key::IdempotencyKey;

use super::Erase;
use crate::command::{Failure, Unreadable};
use crate::note;
use crate::stack::conflicts;
use crate::stack::find::{self, By, Find};
use crate::stack::lookup;
use crate::stack::target::Target;
use crate::terminal::unescape;

/// Most events of one reference. One with more names no person.
const MOST: usize = 1000;

/// The events that were named, each once, and each event before its conflicts.
pub(super) struct Chosen {
    pub(super) records: Vec<Record>,
    /// How many names the ledger has nothing of.
    pub(super) missing: usize,
}

impl Erase {
    pub(super) async fn choose(&self, target: &Target) -> Result<Chosen, Failure> {
        let keys = match &self.from_file {
            Some(path) => keys(path)?,
            None => Vec::new(),
        };
        let (mut found, mut missing) = (Vec::new(), 0);
        for which in &self.which {
            let own = self.find(target, which).await?;
            if own.is_empty() {
                missing += 1;
                note!("the ledger has no event of `{which}`");
            }
            found.extend(own);
        }
        let ledger = target.ledger()?;
        for key in &keys {
            let own = lookup::by_key(&ledger, key).await?;
            if own.is_none() {
                missing += 1;
                note!("the ledger has no event with the key {key}");
            }
            found.extend(own);
        }
        let records = self.with_conflicts(target, found).await?;
        Ok(Chosen { records, missing })
    }

    /// What the ledger has under this text in full. What only begins with it, or has it somewhere in its payload, may be
    /// somebody else's.
    async fn find(&self, target: &Target, which: &str) -> Result<Vec<Record>, Failure> {
        let find = Find {
            text: which,
            account: self.account.as_ref(),
            limit: MOST,
        };
        let found = find::in_ledger(target, &find).await?;
        if found.more {
            return Err(Failure::with_advice(
                format!("more than {MOST} events have the reference `{which}`, so nothing was erased"),
                "name them by key: `acuse events list --reference … --json` prints the keys for `--from-file`",
            ));
        }
        let partly = [By::ReferencePrefix, By::AmountOnDay, By::Payload];
        let is_partly = found.by.iter().any(|by| partly.contains(by));
        if !found.records.is_empty() && !is_partly {
            return Ok(found.records);
        }
        let erased = self.erased(target, which).await?;
        if !erased.is_empty() {
            return Ok(erased);
        }
        if is_partly {
            return Err(Failure::with_advice(
                format!("`{which}` is no event's own name, so nothing was erased"),
                format!(
                    "look at what it finds with `acuse events show '{which}'`, and name that by key, id or whole reference"
                ),
            ));
        }
        if self.account.is_some() {
            return Ok(Vec::new());
        }
        Ok(lookup::in_other_accounts(target, which).await?)
    }

    /// What had this reference until it was erased.
    async fn erased(&self, target: &Target, which: &str) -> Result<Vec<Record>, Failure> {
        let (ledger, text) = (target.ledger()?, which.trim());
        let mut found = ledger.erased(text, MOST).await?;
        let as_sent = unescape(text);
        if found.is_empty() && as_sent != text {
            found = ledger.erased(&as_sent, MOST).await?;
        }
        found.retain(|record| self.account.as_ref().is_none_or(|own| *own == record.account));
        Ok(found)
    }

    async fn with_conflicts(&self, target: &Target, found: Vec<Record>) -> Result<Vec<Record>, Failure> {
        let (ledger, mut records, mut seen) = (target.ledger()?, Vec::new(), BTreeSet::new());
        for record in found {
            let own = match record.conflict_of {
                Some(_) => Vec::new(),
                None => ledger.partition(lookup::partition(&record.key)).await?,
            };
            let key = record.key.clone();
            for record in [record].into_iter().chain(conflicts::of(&key, &own).cloned()) {
                if seen.insert(record.key.clone()) {
                    records.push(record);
                }
            }
        }
        Ok(records)
    }
}

/// The keys in a file, one a line.
fn keys(path: &Path) -> Result<Vec<String>, Failure> {
    let name = path.display().to_string();
    let lines: io::Result<Vec<String>> = match name.as_str() {
        "-" => io::stdin().lines().collect(),
        _ => std::fs::File::open(path).and_then(|file| BufReader::new(file).lines().collect()),
    };
    parse(&name, &lines.map_err(Unreadable::of(&format!("`{name}`")))?)
}

fn parse(name: &str, lines: &[String]) -> Result<Vec<String>, Failure> {
    let lines = lines.iter().enumerate().map(|(place, line)| (place + 1, line.trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty());
    let keys = lines.map(|(place, line)| match IdempotencyKey::parse(line) {
        Some(_) => Ok(line.to_owned()),
        None => Err(Failure::with_advice(
            format!("line {place} of `{name}` is no event's key, so nothing was erased"),
            "a line has one key and nothing else, as `acuse events export | jq -r .key` prints it",
        )),
    });
    keys.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_key_on_each_line_and_an_error_names_the_line_and_not_its_text() {
        let lines = [
            "onepay#live#payment#p1|payment.approved ",
            "",
            "kuenta#live#payment#p2|x",
        ]
        .map(str::to_owned);
        let keys = parse("keys", &lines).unwrap();
        assert_eq!(
            keys,
            ["onepay#live#payment#p1|payment.approved", "kuenta#live#payment#p2|x"]
        );
        let wrong = ["onepay#live#payment#p1|x", "Ana Pérez"].map(str::to_owned);
        let error = parse("keys", &wrong).unwrap_err().error.to_string();
        assert_eq!(error, "line 2 of `keys` is no event's key, so nothing was erased");
    }
}
