//! `acuse new`: writes code of the owner's into a checkout, or a workspace of their own.

pub(crate) mod app;
mod diff;
mod edit;
mod list;
pub(crate) mod name;
mod plan;
pub(crate) mod provider;
mod template;
mod text;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use name::Name;

use super::Failure;
use crate::local::Checkout;
use crate::terminal;
use crate::{note, say};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a hook with its tests, its lines in hooks.rs, and what it needs in template.yaml
    ///
    /// The hook is an example that compiles and passes its tests: replace its body by your own. Without options it is
    /// transactional: its only effect is what it writes to a table of yours, exactly once. With `--acting`, it calls
    /// another system over HTTP, at least once. Works on the checkout that the working directory is in. Overwrites
    /// nothing, and changes nothing if any part can't be written.
    #[command(after_help = "Examples:
  acuse new hook orders                             writes to the table OrdersTable
  acuse new hook loyalty-points --table orders      shares that table
  acuse new hook receipts --acting                  posts to the URL in RECEIPTS_URL
  acuse new hook orders --dry-run                   shows what would change

docs/hooks.md goes on from there.")]
    Hook(Hook),
    /// Write another provider: its file, function, samples and tests, and its part of template.yaml
    ///
    /// Starts from a preset (`--like`), or from an example that compiles: HMAC-SHA256 of the body in hex. Works on the
    /// clone of Acuse or the app that the working directory is in. Can be run again: it adds what is missing, and
    /// overwrites nothing. Changes nothing if any part can't be written.
    #[command(after_help = "Examples:
  acuse new provider pagosya --display-name PagosYa
  acuse new provider mercado-pago --like mercado-pago
  acuse new provider pagosya --like standard-webhooks --dry-run
  acuse new provider pagosya --remove                 takes it away, unless you have changed it

docs/adding-a-provider.md goes on from there.")]
    Provider(provider::Provider),
    /// Write an app: a workspace of your own that depends on Acuse, instead of a fork of it
    ///
    /// It has an example hook with its tests, the functions, the template, and `acuse` with the app's providers. Its
    /// `cargo test` and `cargo run -- local` work at once, and an upgrade is a version number: `acuse upgrade`.
    #[command(after_help = "Examples:
  acuse new app shop --folder ../shop               in a clone of Acuse: depends on its origin, at its commit
  acuse new app shop --acuse-git https://example.com/acuse --acuse-rev v0.2.0
  acuse new app shop --acuse-path ../acuse          to work on both
  acuse new app shop --dry-run                      shows what would be written

docs/app.md goes on from there.")]
    App(app::App),
}

/// `acuse new hook`
#[derive(Debug, Args)]
pub(crate) struct Hook {
    /// The hook's name, such as `loyalty-points`: in the ledger, and for its file
    name: Name,
    /// Write a hook that calls another system over HTTP
    #[arg(long)]
    acting: bool,
    /// The table that it writes to, which is added unless it is there [default: the hook's name]
    #[arg(long, value_name = "NAME", conflicts_with = "acting")]
    table: Option<Name>,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// What a hook does.
enum Kind {
    /// It only writes, to this table.
    Transactional { table: Name },
    /// It calls a URL.
    Acting,
}

pub(crate) fn run(command: Command) -> Result<ExitCode, Failure> {
    let arguments = match command {
        Command::Hook(arguments) => arguments,
        Command::Provider(arguments) => return arguments.run(),
        Command::App(arguments) => return app::run(arguments),
    };
    let checkout = Checkout::find()?;
    let name = arguments.name;
    let kind = match arguments.acting {
        true => Kind::Acting,
        false => Kind::Transactional {
            table: arguments.table.unwrap_or_else(|| name.clone()).of_table(),
        },
    };
    let changes = plan::plan(checkout.root(), &name, &kind).map_err(explained)?;
    if arguments.dry_run {
        for change in &changes {
            change.diff().iter().for_each(|line| terminal::line(line));
        }
        note!("nothing was written (`--dry-run`)");
        return Ok(ExitCode::SUCCESS);
    }
    plan::write(checkout.root(), &changes).map_err(explained)?;
    for change in &changes {
        let verb = if change.before.is_none() { "wrote" } else { "changed" };
        say!("{verb:<8} {}: {}", change.path.display(), change.added.join(", "));
    }
    say!("");
    say!("The hook is an example: make it yours in {}.", first(&changes));
    let next = next(&name);
    let width = next.iter().map(|(command, _)| command.len()).max().unwrap_or_default();
    for (command, what) in next {
        say!("  {command:<width$}   # {what}");
    }
    Ok(ExitCode::SUCCESS)
}

fn first(changes: &[plan::Change]) -> String {
    let path = changes.first().map(|change| change.path.display().to_string());
    path.unwrap_or_default()
}

/// What to run next, as a person writes `acuse` who has it or has not installed it.
fn next(name: &Name) -> [(String, &'static str); 3] {
    let acuse = match std::env::var_os("CARGO") {
        Some(_) => "cargo run --",
        None => "acuse",
    };
    let module = name.snake();
    let test = format!("cargo test -p consumer hooks::{module}");
    [
        (test, "test it, without an emulator"),
        (format!("{acuse} local"), "run the stack with it"),
        (
            format!("{acuse} send onepay payment.approved"),
            "in a second terminal: send it an event",
        ),
    ]
}

/// With what to do about it.
fn explained(error: plan::PlanError) -> Failure {
    use plan::PlanError::{FileExists, HookExists, Template};
    use template::TemplateError::{NoPlace, NoStatements, NotExtended, OtherKey, Ours, Taken, VariableTaken};
    let place = "put the line back once, as in Acuse's own version, or add the hook by hand, as docs/hooks.md shows";
    let advice = match &error {
        FileExists(_) | HookExists { .. } => "use another name, or edit that hook",
        plan::PlanError::NoPlace(_) | Template(NoPlace(_)) => place,
        Template(Taken(_) | VariableTaken(_)) => "use another name for the hook or, with `--table`, for its table",
        Template(Ours(_) | OtherKey(_)) => "name another table with `--table`",
        Template(NoStatements | NotExtended) => "add the hook by hand, as docs/hooks.md shows",
        _ => return error.into(),
    };
    Failure::with_advice(error, advice)
}

#[cfg(test)]
mod tests;
