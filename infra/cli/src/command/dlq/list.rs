//! `acuse dlq list`: the dead letters, and why they are there.

use std::process::ExitCode;

use super::visit;
use crate::command::Failure;
use crate::command::events::list::money;
use crate::command::events::{AMOUNT, REFERENCE};
use crate::command::interrupt::Interrupt;
use crate::command::options::Selection;
use crate::say;
use crate::stack::dead_letters::DeadLetter;
use crate::terminal::{self, Table};

pub(super) async fn run(selection: &Selection) -> Result<ExitCode, Failure> {
    let target = selection.stack.target().await?;
    let interrupt = Interrupt::listen();
    let mut table = Table::new([
        ("ID", 40),
        ("RECEIVED", 24),
        ("PROVIDER", 48),
        ("TYPE", 40),
        ("RESOURCE", 40),
        ("REFERENCE", REFERENCE),
        ("AMOUNT", AMOUNT),
        ("REASON", 80),
    ]);
    let (mut found, mut rows) = (0usize, Vec::new());
    let visited = visit(&target, selection, &interrupt, async |dead: &DeadLetter| {
        found += 1;
        match selection.json {
            true => terminal::json(dead.json()),
            false => {
                let [received_at, provider, type_name, resource, reason] = dead.row();
                let event = dead.events.first();
                let reference = event.and_then(|event| event.reference.clone());
                let amount = event.map_or_else(
                    || "-".to_owned(),
                    |event| money(event.amount.as_deref(), event.currency.as_deref()),
                );
                let reference = reference.unwrap_or_else(|| "-".to_owned());
                let id = dead.message.message_id().unwrap_or("-").to_owned();
                rows.push([
                    id,
                    received_at,
                    provider,
                    type_name,
                    resource,
                    reference,
                    amount,
                    reason,
                ]);
            }
        }
        Ok(())
    });
    visited.await?;
    // The queue has no order.
    rows.sort_by(|[_, a, ..]: &[String; 8], [_, b, ..]| b.cmp(a));
    rows.iter().for_each(|row| table.add_row(row.each_ref()));
    match (selection.json, found) {
        (true, _) => {}
        (false, 0) => say!("no messages in the dead-letter queue that match"),
        (false, _) => table.print(),
    }
    Ok(interrupt.code())
}
