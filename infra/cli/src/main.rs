//! `acuse`: the local stack and the operator's commands.

#![warn(clippy::print_stdout, clippy::print_stderr)]

mod command;

use std::process::ExitCode;

use acuse_cli::terminal;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

/// Receives payment webhooks; this runs the whole stack on one machine and operates a deployed one.
#[derive(Debug, Parser)]
#[command(name = "acuse", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the whole stack on this machine: the real template and binaries on an AWS emulator
    Local(command::local::Arguments),
    /// Post a correctly signed sample event
    Send(command::send::Arguments),
    /// Look at what the ledger holds, and replay what was rejected
    #[command(subcommand)]
    Events(command::events::Command),
    /// Serve the inspector: a page with what came in, what failed and why
    Inspect(command::inspect::Arguments),
    /// Look at what could not be done, and send it back
    #[command(subcommand)]
    Dlq(command::dlq::Command),
    /// Look at deliveries that failed verification, and release those that hold after all
    #[command(subcommand)]
    Quarantine(command::quarantine::Command),
    /// Answer a provider's test deliveries with 200 while you register its webhook, and see what they were
    Register(command::register::Arguments),
    /// Check a stack end to end, and say what to fix
    Doctor(command::doctor::Arguments),
    /// Print a completion script for a shell
    #[command(after_help = "Example:
  acuse completions bash > ~/.local/share/bash-completion/completions/acuse")]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Put a provider's secret, or rotate it without losing a delivery
    #[command(subcommand)]
    Secrets(command::secrets::Command),
    /// Register Acuse's URL at Kuenta, by its API
    #[command(subcommand)]
    Kuenta(command::kuenta::Command),
    /// Register Acuse's URL at OnePay, by its API
    #[command(subcommand)]
    Onepay(command::onepay::Command),
}

// Commands wait for the network; what the local stack serves has its own threads.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return explain(error),
    };
    let done = match cli.command {
        Command::Local(arguments) => command::local::run(arguments).await,
        Command::Send(arguments) => command::send::run(arguments).await,
        Command::Events(command) => command::events::run(command).await,
        Command::Inspect(arguments) => command::inspect::run(arguments).await,
        Command::Doctor(arguments) => command::doctor::run(arguments).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "acuse", &mut script);
            terminal::script(&String::from_utf8_lossy(&script));
            Ok(ExitCode::SUCCESS)
        }
        Command::Dlq(command) => command::dlq::run(command).await,
        Command::Quarantine(command) => command::quarantine::run(command).await,
        Command::Register(arguments) => command::register::run(arguments).await,
        Command::Secrets(command) => command::secrets::run(command).await,
        Command::Kuenta(command) => command::kuenta::run(command).await,
        Command::Onepay(command) => command::onepay::run(command).await,
    };
    done.unwrap_or_else(|failure| {
        failure.print();
        ExitCode::FAILURE
    })
}

/// Prints help as it is, and why the arguments can't be used without anything in them that acts on
/// the terminal: an id that was pasted may begin with `-`.
fn explain(error: clap::Error) -> ExitCode {
    let code = u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from);
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // Nobody reads any more, or there is no place left: nothing can be said.
            let _ = error.print();
        }
        _ => {
            // Of the escaped ones clap says the same, with each of them on one line.
            let escaped = std::env::args_os().map(|argument| terminal::escape(&argument.to_string_lossy()));
            let error = Cli::try_parse_from(escaped).err().unwrap_or(error);
            let text = error.render().to_string();
            text.trim_end().lines().for_each(terminal::note);
        }
    }
    code
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    /// Names that no argument has, and whatever else clap finds out only when the command is run.
    #[test]
    fn every_command_and_argument_can_be_meant() {
        Cli::command().debug_assert();
    }
}
