//! `acuse secrets list`.

use std::process::ExitCode;

use acuse_core::account::AccountName;
use acuse_core::provider::Provider;
use clap::Args;
use serde::Serialize;

use super::arrivals::Arrivals;
use super::bind::Binding;
use crate::command::Failure;
use crate::command::options::StackOptions;
use crate::registry::providers;
use crate::stack::filter::provider_parser;
use crate::stack::secret::{StackSecret, StackSecretError};
use crate::terminal::{self, Table};
use crate::{note, say};

/// The most events of a provider that are looked at for the last delivery of each account.
const MOST: usize = 1000;

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only this provider's accounts
    #[arg(value_parser = provider_parser())]
    provider: Option<&'static Provider>,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    stack: StackOptions,
}

/// An account as it is listed. Has no value.
#[derive(Debug, Serialize)]
struct Row {
    provider: &'static str,
    account: AccountName,
    /// `live`, `test` or `any`.
    environment: &'static str,
    /// How many are accepted.
    signing_secrets: usize,
    tokens: usize,
    /// Whether deliveries without a token are accepted, as stated.
    no_token: bool,
    changed_at: Option<String>,
    last_delivery: Option<String>,
    /// An older delivery would not be found.
    looked_back_to: String,
    /// Why the account can't be used.
    error: Option<String>,
}

impl List {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let target = self.stack.target().await?;
        let ledger = target.ledger()?;
        let asked = self
            .provider
            .map_or_else(|| providers().iter().collect(), |provider| vec![provider]);
        let (mut rows, mut code) = (Vec::new(), ExitCode::SUCCESS);
        for provider in asked {
            if let (None, Err(switched_off)) = (self.provider, target.is_used(provider)) {
                note!("{switched_off}");
                continue;
            }
            let stored = match StackSecret::of(&target, provider)?.get_replaceable().await {
                Err(StackSecretError::Secret(error)) => {
                    note!("error: {error}");
                    code = ExitCode::FAILURE;
                    continue;
                }
                stored => stored?,
            };
            if let Some(error) = &stored.invalid {
                note!("error: {error}; until it is fixed, what was stored before is used");
                code = ExitCode::FAILURE;
            }
            let mut accounts = stored.version.accounts.clone();
            for name in stored.mistakes.keys() {
                accounts.entry(name.clone()).or_default();
            }
            if accounts.is_empty() {
                note!("{0} has no secret yet: `acuse secrets put {0}`", provider.name);
                continue;
            }
            let arrivals = Arrivals::read(&ledger, provider, MOST).await?;
            rows.extend(accounts.iter().map(|(name, account)| Row {
                provider: provider.name,
                account: name.clone(),
                environment: Binding(account.environment).name(),
                signing_secrets: account.signing_secrets.len(),
                tokens: account.tokens.iter().flatten().count(),
                no_token: account.has_no_token(),
                // The flat form has no time.
                changed_at: account.changed_at.or(stored.created_at).map(|at| at.to_string()),
                last_delivery: arrivals.of(name).last,
                looked_back_to: arrivals.since.clone(),
                error: stored.mistakes.get(name).map(ToString::to_string),
            }));
        }
        match self.json {
            true => rows
                .iter()
                .try_for_each(|row| serde_json::to_string(row).map(terminal::json))?,
            false => print(&rows),
        }
        Ok(code)
    }
}

impl Row {
    fn tokens(&self) -> String {
        match (self.tokens, self.no_token) {
            (count, true) if count > 0 => format!("{count} or none"),
            (_, true) => "none".to_owned(),
            (count, false) => count.to_string(),
        }
    }

    fn last_delivery(&self) -> String {
        let last = self.last_delivery.clone();
        last.unwrap_or_else(|| format!("none since {}", self.looked_back_to))
    }
}

fn print(rows: &[Row]) {
    if rows.is_empty() {
        return;
    }
    let mut table = Table::new([
        ("PROVIDER", 16),
        ("ACCOUNT", 64),
        ("ENV", 8),
        ("SECRETS", 8),
        ("TOKENS", 12),
        ("CHANGED", 24),
        ("LAST DELIVERY", 40),
    ]);
    for row in rows {
        table.add_row([
            row.provider,
            row.account.as_str(),
            row.environment,
            &row.signing_secrets.to_string(),
            &row.tokens(),
            row.changed_at.as_deref().unwrap_or("-"),
            &row.last_delivery(),
        ]);
    }
    table.print();
    for error in rows.iter().filter_map(|row| row.error.as_ref()) {
        say!("✗ {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(tokens: usize, no_token: bool) -> Row {
        Row {
            provider: "onepay",
            account: AccountName::DEFAULT,
            environment: "any",
            signing_secrets: 1,
            tokens,
            no_token,
            changed_at: None,
            last_delivery: None,
            looked_back_to: "2026-11-19T15:04:05.000Z".to_owned(),
            error: None,
        }
    }

    #[test]
    fn a_missing_token_shows() {
        for (row, tokens) in [
            (row(0, false), "0"),
            (row(2, false), "2"),
            (row(0, true), "none"),
            (row(1, true), "1 or none"),
        ] {
            assert_eq!(row.tokens(), tokens);
        }
    }

    #[test]
    fn an_account_without_deliveries_says_how_far_was_looked_back() {
        assert_eq!(row(1, false).last_delivery(), "none since 2026-11-19T15:04:05.000Z");
        let last = Some("2026-11-26T15:04:05.000Z".to_owned());
        let row = Row {
            last_delivery: last,
            ..row(1, false)
        };
        assert_eq!(row.last_delivery(), "2026-11-26T15:04:05.000Z");
    }
}
