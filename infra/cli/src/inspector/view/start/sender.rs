//! What a provider's account sent in the last day.

use std::collections::BTreeMap;

use acuse_aws::ledger::record::Record;
use acuse_core::account::AccountName;
use acuse_core::clock::Timestamp;
use acuse_core::ledger::Status;
use maud::{Markup, html};

use super::super::super::chart::chart;
use super::super::super::element::{Head, Row, encoded, moment, table};
use super::super::super::words::Words;

/// What a provider's account sent.
pub(super) struct Sender {
    pub(super) provider: String,
    account: AccountName,
    /// Its last delivery, duplicates included.
    pub(super) last: Option<Timestamp>,
    /// Its events in the last day.
    records: Vec<Record>,
    pub(super) dead_letters: usize,
    /// Whether there may be more than were read.
    pub(super) is_cut: bool,
}

impl Sender {
    pub(super) fn new(provider: String, account: AccountName) -> Self {
        Self {
            provider,
            account,
            last: None,
            records: Vec::new(),
            dead_letters: 0,
            is_cut: false,
        }
    }

    /// Adds an event, which counts if it was received since then.
    pub(super) fn add(&mut self, record: Record, since: Timestamp) {
        let time = |at: &Option<String>| at.as_deref().and_then(Timestamp::from_rfc3339);
        let received = time(&record.received_at);
        self.last = self.last.max(received).max(time(&record.last_duplicate_at));
        if received >= Some(since) {
            self.records.push(record);
        }
    }

    /// How many deliveries it made in the last day.
    pub(super) fn deliveries(&self) -> usize {
        let duplicates = self
            .records
            .iter()
            .map(|record| usize::try_from(record.duplicates).unwrap_or_default());
        self.records.len() + duplicates.sum::<usize>()
    }

    fn count(&self, status: Status) -> usize {
        self.records
            .iter()
            .filter(|record| record.status == status.name())
            .count()
    }

    /// The query of the list of its events.
    fn link(&self) -> String {
        let account = match self.account.is_default() {
            true => String::new(),
            false => format!("&account={}", self.account),
        };
        format!("/events?provider={}{account}", encoded(&self.provider))
    }
}

/// `1999+` if there may be more.
pub(super) fn at_least(count: usize, is_cut: bool) -> String {
    format!("{count}{}", if is_cut { "+" } else { "" })
}

pub(super) fn table_of(senders: &BTreeMap<String, Sender>, now: Timestamp, words: &Words) -> Markup {
    let heads = [
        Head::new("", words.provider),
        Head::new("", words.last_delivery),
        Head::new("hours", words.per_hour),
        Head::new("number", words.last_day),
        Head::new("number", words.rejected),
        Head::new("number", words.conflict),
        Head::new("number", words.waiting),
        Head::new("number", words.dead_letters),
    ];
    let rows: Vec<Row> = senders
        .iter()
        .map(|(scope, sender)| {
            let linked = |count: usize, status: &str| match count {
                0 => html! { "0" },
                _ => html! { a data-status=(status) href={ (sender.link()) "&status=" (status) } { (count) } },
            };
            let waiting = sender.count(Status::Released) + sender.count(Status::InProgress);
            Row {
                key: scope.clone(),
                cells: vec![
                    html! { a href=(sender.link()) { (scope) } },
                    moment(sender.last.map(|at| at.to_string()).as_deref()),
                    chart(sender.records.iter(), now, words),
                    html! { (at_least(sender.deliveries(), sender.is_cut)) },
                    linked(sender.count(Status::Rejected), "REJECTED"),
                    linked(sender.count(Status::Conflict), "CONFLICT"),
                    linked(waiting, "RELEASED"),
                    match sender.dead_letters {
                        0 => html! { "0" },
                        count => html! { a data-status="REJECTED" href="/dead-letters" { (count) } },
                    },
                ],
            }
        })
        .collect();
    table(words.is_money_coming, &heads, &rows)
}
