//! `acuse destinations owed`.

use std::process::ExitCode;

use acuse_aws::destinations::items::Listed;
use acuse_aws::system::SystemClock;
use acuse_core::clock::{Clock, Timestamp};
use acuse_core::destination::delivery::Delivery;
use clap::Args;
use serde::Serialize;

use super::Which;
use super::list::age;
use crate::command::Failure;
use crate::stack::destinations::progress::Shown;
use crate::stack::destinations::unknown;
use crate::terminal::{self, Table};
use crate::{note, say};

#[derive(Debug, Args)]
pub(crate) struct Owed {
    /// How many to list at most; a note on standard error says if there are more
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    which: Which,
}

#[derive(Serialize)]
struct Row<'a> {
    key: String,
    received_at: String,
    #[serde(flatten)]
    delivery: Shown<'a>,
}

impl Owed {
    pub(super) async fn run(&self) -> Result<ExitCode, Failure> {
        let place = self.which.find().await?;
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let (mut list, mut found) = (place.stack.owed(&place.name), Vec::new());
        while found.len() <= limit {
            match list.next().await? {
                Some(page) => found.extend(page),
                None => break,
            }
        }
        if found.is_empty() {
            let destinations = place.stack.configuration.get().await?;
            if destinations.get(place.name.as_str()).is_none() {
                return Err(unknown(&destinations, &place.name).into());
            }
        }
        let more = found.len() > limit;
        found.truncate(limit);
        match self.json {
            true => found.iter().try_for_each(|listed| {
                let row = Row {
                    key: listed.key.event.to_string(),
                    received_at: listed.received_at.to_string(),
                    delivery: Shown::of(&listed.key.destination, &listed.delivery),
                };
                serde_json::to_string(&row).map(terminal::json)
            })?,
            false => print(&found, SystemClock.now()),
        }
        if more {
            note!(
                "showing the oldest {limit}; there are more: use `--limit {}`",
                limit.saturating_mul(10)
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn print(found: &[Listed], now: Timestamp) {
    if found.is_empty() {
        say!("it is owed nothing, and nothing was given up");
        return;
    }
    let mut table = Table::new([
        ("KEY", 90),
        ("STATUS", 10),
        ("SINCE", 8),
        ("TRIES", 6),
        ("NEXT TRY", 24),
        ("LAST ANSWER", 100),
    ]);
    for listed in found {
        let delivery = &listed.delivery;
        table.add_row([
            &listed.key.event.to_string(),
            delivery.status.name(),
            &age(delivery.ended_at.unwrap_or(delivery.owed_since), now),
            &delivery.tries.to_string(),
            &delivery.retry_at.map_or_else(|| "-".to_owned(), |at| at.to_string()),
            &last_answer(delivery),
        ]);
    }
    table.print();
}

fn last_answer(delivery: &Delivery) -> String {
    let error = delivery.error.clone().unwrap_or_else(|| "-".to_owned());
    match &delivery.answer {
        Some(answer) if !answer.body.trim().is_empty() => format!("{error}; its body: {}", answer.body),
        _ => error,
    }
}
