//! The start page: is money coming in?

mod destinations;
mod sender;

use std::collections::BTreeMap;
use std::sync::Arc;

use acuse_aws::ledger::record::Record;
use acuse_aws::system::SystemClock;
use acuse_core::clock::{Clock, Timestamp};
use acuse_core::event::TEST_DELIVERY_MEMBER;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use futures_util::future::try_join_all;
use maud::{Markup, html};

use super::super::chart::HOURS;
use super::super::element::moment;
use super::super::page::Page;
use super::super::{Failed, Inspector};
use super::{balance, dead_letters};
use crate::registry::providers;
use crate::stack::DAY;
use crate::stack::target::Target;
use sender::Sender;

/// How many of a provider's events of a day are counted at most.
const COUNTED: usize = 2000;

/// How many dead letters are counted by provider, at least.
const DEAD_LETTERS: usize = 100;

/// How far back a provider's last delivery is looked for.
const DAYS: u32 = 7;

/// How often the page is brought up to date on AWS, in milliseconds: each time reads all those events.
const PACE: u32 = 30_000;

pub(crate) async fn show(
    State(inspector): State<Arc<Inspector>>,
    RawQuery(query): RawQuery,
    page: Page,
) -> Result<Response, Failed> {
    // The list was here, and its links may be bookmarks.
    if let Some(query) = query.filter(|query| !query.is_empty()) {
        return Ok(Redirect::to(&format!("/events?{query}")).into_response());
    }
    let (target, words, now) = (&inspector.target, page.words, SystemClock.now());
    let mut senders = senders(target, now).await?;
    if page.counts.dead_letters.is_some_and(|count| count > 0) {
        for dead in dead_letters::look(&inspector, DEAD_LETTERS).await? {
            let sender = senders.entry(dead.scope().into_owned());
            sender
                .or_insert_with(|| Sender::new(dead.provider.clone(), dead.account.clone()))
                .dead_letters += 1;
        }
    }
    let newest = senders.values().filter_map(|sender| sender.last).max();
    let today: usize = senders.values().map(Sender::deliveries).sum();
    let today = sender::at_least(today, senders.values().any(|sender| sender.is_cut));
    let content = html! {
        h1 { (words.is_money_coming) }
        p.answer {
            @match newest {
                Some(at) if now.since(at) < DAY => { strong { (words.money_comes) } " " },
                _ => { strong { (words.no_money) } " " },
            }
            (words.last_delivery) ": " (moment(newest.map(|at| at.to_string()).as_deref()))
            " · " (words.last_day) ": " (today)
        }
        (balance::line(target, &inspector.balance().await, words))
        (waiting(&page))
        (sender::table_of(&senders, now, words))
        (destinations::destinations(target, words).await)
    };
    let pace = if target.is_local() { 0 } else { PACE };
    Ok(page.paced("/", pace, &content).into_response())
}

/// What waits in the queues.
fn waiting(page: &Page) -> Markup {
    let (words, counts) = (page.words, page.counts);
    let tile = |name: &str, count: Option<u64>, path: &str, class: &str| {
        let count = count.map_or_else(|| "–".to_owned(), |count| count.to_string());
        let class = if count == "0" || count == "–" { "" } else { class };
        html! { a.tile.(class) href=(path) { strong { (count) } " " (name) } }
    };
    html! {
        div.tiles {
            (tile(words.waiting, counts.waiting, "/events?status=RELEASED", "wait"))
            (tile(words.dead_letters, counts.dead_letters, "/dead-letters", "bad"))
            (tile(words.in_quarantine, counts.quarantine, "/quarantine", "bad"))
        }
    }
}

/// The providers and accounts that sent something in the last day, and the providers that are switched on.
async fn senders(target: &Target, now: Timestamp) -> Result<BTreeMap<String, Sender>, Failed> {
    let ledger = target.ledger()?;
    let used = providers().iter().filter(|provider| target.is_used(provider).is_ok());
    let on_day = async |name, back, limit| {
        let records = ledger.on_day(name, None, now.minus(DAY * back), limit).await?;
        let is_cut = records.len() >= limit;
        // The doctor's test deliveries are no money.
        let own = records
            .into_iter()
            .filter(|record| record.type_name != TEST_DELIVERY_MEMBER);
        Ok::<(Vec<Record>, bool), Failed>((own.collect(), is_cut))
    };
    let lists = used.map(async |provider| {
        let (mut records, is_cut) = on_day(provider.name, 0, COUNTED).await?;
        let (before, was_cut) = on_day(provider.name, 1, COUNTED).await?;
        records.extend(before);
        let is_cut = is_cut || was_cut;
        let (mut older, mut back) = (Vec::new(), 2);
        while records.is_empty() && older.is_empty() && back < DAYS {
            (older, _) = on_day(provider.name, back, COUNTED).await?;
            older.truncate(1);
            back += 1;
        }
        Ok::<_, Failed>((provider, records, older, is_cut))
    });
    let hours = std::time::Duration::from_hours(HOURS as u64);
    let mut senders = BTreeMap::new();
    for (provider, records, older, is_cut) in try_join_all(lists).await? {
        for record in records.into_iter().chain(older) {
            let sender = senders.entry(record.scope().into_owned());
            let sender = sender.or_insert_with(|| Sender::new(record.provider.clone(), record.account.clone()));
            sender.add(record, now.minus(hours));
            sender.is_cut |= is_cut;
        }
        if !senders.values().any(|sender: &Sender| sender.provider == provider.name) {
            senders.insert(
                provider.name.to_owned(),
                Sender::new(provider.name.to_owned(), Default::default()),
            );
        }
    }
    Ok(senders)
}
