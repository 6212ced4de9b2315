//! `acuse quarantine`: deliveries that failed verification and may still be genuine.

mod show;

use std::process::ExitCode;

use acuse_core::account::AccountName;
use acuse_core::event::reference::References;
use acuse_core::provider::Provider;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};

use super::Failure;
use super::confirm::confirm;
use super::events::list::money;
use super::events::{AMOUNT, REFERENCE};
use super::interrupt::Interrupt;
use super::options::StackOptions;
use super::progress::note_hidden;
use crate::stack::audit::{Action, Audit, Begun};
use crate::stack::filter::{account_parser, provider_parser};
use crate::stack::quarantine::{Causes, Quarantined, Reverifier};
use crate::stack::queue::Walk;
use crate::stack::target::Target;
use crate::terminal::{self, Table, quoted, summed_up};
use crate::{note, say};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the deliveries in quarantine
    #[command(after_help = "Examples:
  acuse quarantine list
  acuse quarantine list --provider kuenta --account tienda-2
  acuse quarantine list --provider kuenta --json --stack acuse")]
    List(Arguments),
    /// Show deliveries in full: payload, reference and amount, none of it verified
    #[command(after_help = "Examples:
  acuse quarantine show 01a209a8-0540-780c-968c-6556e20bffb4
  acuse quarantine show ORD-4816 --stack acuse")]
    Show {
        /// A delivery id, an order number or a resource's id
        #[arg(value_parser = NonEmptyStringValueParser::new(), value_name = "WHAT")]
        which: String,
        #[command(flatten)]
        arguments: Arguments,
    },
    /// Show which header, canonical form and secret would have matched, and what to set
    #[command(after_help = "Examples:
  acuse quarantine diagnose
  acuse quarantine diagnose 01a209a8-0540-780c-968c-6556e20bffb4 --stack acuse")]
    Diagnose {
        /// Only the deliveries with these ids
        delivery_ids: Vec<String>,
        #[command(flatten)]
        arguments: Arguments,
    },
    /// Verify deliveries again and queue the valid ones, with their own delivery id and time of receipt
    ///
    /// It is safe to interrupt this and to run it again: a delivery is deleted from the quarantine only once
    /// it is in the event queue, and the ledger drops duplicates.
    ///
    /// A webhook whose URL names the wrong account is refused although its deliveries are genuine. After
    /// correcting the URL at the provider, `--as-account` accepts those that came before.
    #[command(after_help = "Examples:
  acuse quarantine release --dry-run
  acuse quarantine release --provider onepay --stack acuse
  acuse quarantine release --provider onepay --account default --as-account test --dry-run")]
    Release {
        /// Verify as if sent to this account, with its secret and token, whatever account the URL named
        #[arg(long, value_name = "NAME", value_parser = account_parser())]
        as_account: Option<AccountName>,
        /// Print what would be released, and change nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        arguments: Arguments,
    },
    /// Delete deliveries that still fail verification; valid ones are left for `release`
    ///
    /// What was sent to the wrong account, and verifies with the secret and token of another one, is left too.
    #[command(after_help = "Examples:
  acuse quarantine purge --provider kuenta
  acuse quarantine purge --yes --stack acuse")]
    Purge {
        /// Don't ask for confirmation
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        arguments: Arguments,
    },
}

/// Which deliveries, and how to print them.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only this provider's
    #[arg(long, value_parser = provider_parser())]
    provider: Option<&'static Provider>,
    /// Only deliveries sent to this account; `default` is the one without a name in its URL
    #[arg(long, value_name = "NAME", value_parser = account_parser())]
    account: Option<AccountName>,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    stack: StackOptions,
}

impl Command {
    /// What the audit trail says of it; `None` if it changes nothing.
    fn action(&self) -> Option<Action<'_>> {
        let action = match self {
            Self::Release { dry_run: false, .. } => Action::new("quarantine release"),
            Self::Purge { .. } => Action::new("quarantine purge"),
            _ => return None,
        };
        Some(match self.arguments().provider {
            Some(provider) => action.on(provider.name),
            None => action,
        })
    }

    fn arguments(&self) -> &Arguments {
        match self {
            Self::List(arguments)
            | Self::Show { arguments, .. }
            | Self::Diagnose { arguments, .. }
            | Self::Release { arguments, .. }
            | Self::Purge { arguments, .. } => arguments,
        }
    }
}

pub(crate) async fn run(command: Command) -> Result<ExitCode, Failure> {
    if let Command::Purge { yes, .. } = command {
        confirm("delete what does not verify from the quarantine for good", yes)?;
    }
    let target = command.arguments().stack.target().await?;
    if let Command::Show { which, arguments } = &command {
        return show::run(&target, which, arguments).await;
    }
    let queue = "QuarantineQueueUrl";
    let interrupt = Interrupt::listen();
    // Forged deliveries may keep arriving meanwhile: those are left for the next run.
    let mut walk = match command {
        Command::Release { dry_run: false, .. } | Command::Purge { .. } => Walk::work(&target, queue).await?,
        _ => Walk::list(&target, queue).await?,
    };
    note_hidden(&walk);
    let as_account = match &command {
        Command::Release { as_account, .. } => as_account.clone(),
        _ => None,
    };
    let mut pass = Pass {
        command: &command,
        json: command.arguments().json,
        reverifier: Reverifier::new(&target)?.as_account(as_account),
        rows: Vec::new(),
        table: Table::new([
            ("RECEIVED", 24),
            ("PROVIDER", 48),
            ("DELIVERY", 40),
            ("REFERENCE", REFERENCE),
            ("AMOUNT", AMOUNT),
            ("BYTES", 10),
            ("REASON", 80),
        ]),
        references: target.references(),
        target: &target,
        causes: Causes::default(),
        seen: 0,
        done: 0,
    };
    let audit = Audit::of(&target)?;
    let action = command.action();
    let begun = audit.begin(&target, action.unwrap_or(Action::new("")), action.is_none());
    let begun = match begun.await {
        Ok(begun) => begun,
        Err(error) => return walk.end(Err(error.into())).await,
    };
    let done = pass.run(&mut walk, &interrupt, &begun).await;
    let later = walk.later();
    let done = walk.end(done).await;
    begun.end(pass.done, done).await?;
    pass.sum_up();
    if later > 0 {
        note!("{later} arrived meanwhile and are left for the next run");
    }
    Ok(interrupt.code())
}

struct Pass<'a> {
    command: &'a Command,
    json: bool,
    reverifier: Reverifier<'a>,
    table: Table<7>,
    /// Its rows, as the queue gives them.
    rows: Vec<[String; 7]>,
    references: References,
    target: &'a Target,
    /// Of those that are diagnosed, or that stay after a release.
    causes: Causes,
    seen: usize,
    done: usize,
}

impl Pass<'_> {
    async fn run(&mut self, walk: &mut Walk, interrupt: &Interrupt, begun: &Begun<'_>) -> Result<(), Failure> {
        let Arguments { provider, account, .. } = self.command.arguments();
        while let Some(messages) = walk.next().await?
            && !interrupt.received()
        {
            let mut items: Vec<Quarantined> = messages.into_iter().map(Quarantined::open).collect();
            items.retain(|item| provider.is_none_or(|only| only.name == item.provider));
            items.retain(|item| account.as_ref().is_none_or(|only| only.as_str() == item.account));
            self.act(&items.iter().collect::<Vec<_>>(), walk, begun).await?;
        }
        Ok(())
    }

    async fn act(&mut self, items: &[&Quarantined], walk: &mut Walk, begun: &Begun<'_>) -> Result<(), Failure> {
        self.seen += items.len();
        let (done, what) = match self.command {
            Command::Release { dry_run: false, .. } => (self.reverifier.release(items, walk, begun).await?, "released"),
            Command::Release { dry_run: true, .. } => (self.reverifier.valid(items).await?, "would be released"),
            Command::Purge { .. } => (self.reverifier.purge(items, walk).await?, "deleted"),
            Command::Show { .. } | Command::List(_) => {
                items.iter().for_each(|item| self.list(item));
                return Ok(());
            }
            Command::Diagnose { delivery_ids: ids, .. } => {
                for item in items {
                    if ids.is_empty() || ids.contains(&item.delivery_id()) {
                        self.diagnose(item).await?;
                    }
                }
                return Ok(());
            }
        };
        self.done += done.len();
        if let Command::Release { .. } = self.command {
            for item in items
                .iter()
                .filter(|item| !done.iter().any(|done| std::ptr::eq(*done, **item)))
            {
                self.causes.add(&mut self.reverifier, item).await?;
            }
        }
        for item in done {
            match self.json {
                true => terminal::json(item.json(Some(("done", what)))),
                false => say!("{what}: {} {}", item.scope(), item.delivery_id()),
            }
        }
        Ok(())
    }

    fn list(&mut self, item: &Quarantined) {
        let events = item.unverified(self.target, &self.references);
        if self.json {
            terminal::json(show::line(item, &events));
            return;
        }
        let event = events.first();
        let bytes = item.delivery.as_ref().map_or(0, |delivery| delivery.body().len());
        self.rows.push([
            item.received_at().map_or_else(|| "-".to_owned(), |at| at.to_string()),
            item.scope(),
            item.delivery_id(),
            event
                .and_then(|event| event.reference.clone())
                .unwrap_or_else(|| "-".to_owned()),
            event.map_or_else(
                || "-".to_owned(),
                |event| money(event.amount.as_deref(), event.currency.as_deref()),
            ),
            bytes.to_string(),
            match item.registration {
                true => format!("{} (answered 200, in a registration window)", item.reason),
                false => item.reason.clone(),
            },
        ]);
    }

    async fn diagnose(&mut self, item: &Quarantined) -> Result<(), Failure> {
        self.done += 1;
        let (cause, diagnosis) = self.causes.add(&mut self.reverifier, item).await?;
        if self.json {
            terminal::json(item.json([("cause", &*cause), ("diagnosis", &*diagnosis)]));
        }
        Ok(())
    }

    /// What is in quarantine for one cause, what to do about it and, if asked, which deliveries.
    fn causes(&self, with_ids: bool, print: fn(&str)) {
        for (head, diagnosis, ids) in self.causes.lines() {
            print(&head);
            quoted("  ", diagnosis).iter().for_each(|line| print(line));
            ids.iter().filter(|_| with_ids).for_each(|id| print(&format!("  {id}")));
        }
    }

    fn sum_up(&mut self) {
        if let Command::Release { .. } = self.command {
            self.causes(false, terminal::note);
        }
        self.reverifier.of_others().for_each(|text| note!("{text}"));
        if self.json {
            return;
        }
        let (done, left) = (self.done, self.seen - self.done);
        match self.command {
            _ if self.seen == 0 => say!("no deliveries in quarantine"),
            Command::Show { .. } | Command::List(_) => {
                // Newest first.
                self.rows.sort_by(|a, b| b.cmp(a));
                for row in &self.rows {
                    self.table.add_row(row.each_ref());
                }
                self.table.print();
            }
            Command::Diagnose { .. } if done == 0 => say!("no such delivery in quarantine"),
            Command::Diagnose { .. } => self.causes(true, terminal::say),
            Command::Release { dry_run: true, .. } => {
                say!(
                    "{}",
                    summed_up(
                        "delivery",
                        [(done, "would be released"), (left, "would stay in quarantine")]
                    )
                );
            }
            Command::Release { .. } => {
                say!(
                    "{}",
                    summed_up("delivery", [(done, "released"), (left, "left in quarantine")])
                );
            }
            Command::Purge { .. } => {
                let left = (left, "left for `acuse quarantine release`");
                say!("{}", summed_up("delivery", [(done, "deleted"), left]));
            }
        }
    }
}
