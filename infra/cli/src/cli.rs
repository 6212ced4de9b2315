//! The tool's command line.

use std::process::ExitCode;

use acuse_core::provider::Providers;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};

use crate::{command, local, registry, terminal};

/// Run the webhook receiver on this machine, and operate a deployed one
#[derive(Debug, Parser)]
#[command(name = "acuse", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the stack on this machine: the real template and binaries on an AWS emulator
    Local(local::Options),
    /// Write a hook of your own, or an app: a workspace of your own that depends on Acuse
    #[command(subcommand)]
    New(command::new::Command),
    /// Bring an app's template.yaml to this version of Acuse
    Upgrade(command::upgrade::Arguments),
    /// Send signed events: a sample, a whole life cycle, or a payload of your own
    Send(command::send::Arguments),
    /// List, show and follow events, and replay rejected ones
    #[command(subcommand)]
    Events(command::events::Command),
    /// Check that nothing that was accepted is missing from ledger and queues
    Balance(command::balance::Arguments),
    /// Name the webhooks that never came, by what the provider's API or a file of ids says
    Reconcile(command::reconcile::Arguments),
    /// Sum up a day: events by provider and type, exact amounts, failures and what waits
    ///
    /// Accepted events by provider, account and type, their amounts by currency, what failed and what waits, and what the
    /// queues have now. Test events are apart from live ones.
    ///
    /// Amounts are added exactly, as each provider sent them: some send pesos and others cents, so amounts of different
    /// providers are never added. An amount that is missing, or no plain number, is counted and not added.
    ///
    /// It prints what the stack's daily summary says (SummarySchedule). `--send` sends it to the same people.
    Summary(command::summary::Arguments),
    /// Deliver events to URLs and queues of your own: add, test, pause and rotate destinations, and see what they are owed
    #[command(subcommand)]
    Destinations(command::destinations::Command),
    /// Bring a stack's events to a URL on this machine, without a tunnel
    Listen(command::listen::Arguments),
    /// Print the functions' log lines: what your hooks log, and what went wrong
    Logs(command::logs::Arguments),
    /// Serve the inspector: a web page of what arrived, what failed and why
    Inspect(command::inspect::Arguments),
    /// Inspect and redrive dead-lettered events
    #[command(subcommand)]
    Dlq(command::dlq::Command),
    /// Inspect deliveries that failed verification, and release the genuine ones
    #[command(subcommand)]
    Quarantine(command::quarantine::Command),
    /// List what operators did to a stack: who, when, what and why
    #[command(subcommand)]
    Audit(command::audit::Command),
    /// Answer a provider's test deliveries with 200 while you register its webhook
    Register(command::register::Arguments),
    /// Health check: test a stack end to end, and say what to fix
    Doctor(command::doctor::Arguments),
    /// Put, rotate, bind, list and remove providers' accounts and their secrets
    #[command(subcommand)]
    Secrets(command::secrets::Command),
    /// Manage webhooks at Kuenta, through its API
    #[command(subcommand)]
    Kuenta(command::kuenta::Command),
    /// Manage webhooks at OnePay, through its API
    #[command(subcommand)]
    Onepay(command::onepay::Command),
    /// Play a provider's API on this machine, to try `acuse reconcile` without an account
    ProviderApi(command::provider_api::Arguments),
    /// Print a completion script for a shell
    #[command(after_help = "Example:
  acuse completions bash > ~/.local/share/bash-completion/completions/acuse")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Runs the tool with this program's arguments. `providers` are those that its commands know: an app's own tool hands in
/// its own.
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     acuse_cli::run(acuse_core::providers::ALL)
/// }
/// ```
// Commands only wait for the network, and the local stack has its own threads.
#[tokio::main(flavor = "current_thread")]
pub async fn run(providers: Providers) -> ExitCode {
    registry::set(providers);
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return explain(error),
    };
    let done = match cli.command {
        Command::Local(options) => command::local::run(options).await,
        Command::New(command) => command::new::run(command),
        Command::Upgrade(arguments) => command::upgrade::run(arguments),
        Command::Send(arguments) => command::send::run(arguments).await,
        Command::Events(command) => command::events::run(command).await,
        Command::Balance(arguments) => command::balance::run(arguments).await,
        Command::Reconcile(arguments) => command::reconcile::run(arguments).await,
        Command::ProviderApi(arguments) => command::provider_api::run(arguments).await,
        Command::Summary(arguments) => command::summary::run(arguments).await,
        Command::Destinations(command) => command::destinations::run(command).await,
        Command::Listen(arguments) => command::listen::run(arguments).await,
        Command::Logs(arguments) => command::logs::run(arguments).await,
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
        Command::Audit(command) => command::audit::run(command).await,
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

/// Whether a command as it is typed works on a stack, so that an option names which.
pub(crate) fn takes_stack(command: &str) -> bool {
    let (cli, mut words) = (Cli::command(), command.split_whitespace().skip(1));
    let mut named = &cli;
    while let Some(subcommand) = words.next().and_then(|word| named.find_subcommand(word)) {
        named = subcommand;
    }
    named.get_arguments().any(|argument| argument.get_id() == "stack")
}

/// Prints help as it is. Errors quote the arguments, so those are escaped: a pasted id may begin with `-`.
fn explain(error: clap::Error) -> ExitCode {
    let code = u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from);
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // If printing fails, there is nobody to tell.
            let _ = error.print();
        }
        _ => {
            // Clap reports the same error for the escaped arguments.
            let escaped = std::env::args_os().map(|argument| terminal::escape(&argument.to_string_lossy()));
            let error = without_secret(Cli::try_parse_from(escaped).err().unwrap_or(error));
            let text = error.render().to_string();
            text.trim_end().lines().for_each(terminal::note);
        }
    }
    code
}

/// The error without the value that clap quotes, if that may have a secret: of `--forward`, `--forward-to`, and
/// `--forward-secret`, which may also come from the environment.
fn without_secret(mut error: clap::Error) -> clap::Error {
    let argument = error.get(ContextKind::InvalidArg).map(ToString::to_string);
    if argument.is_some_and(|argument| argument.starts_with("--forward")) {
        error.insert(
            ContextKind::InvalidValue,
            ContextValue::String("(not shown)".to_owned()),
        );
    }
    error
}

#[cfg(test)]
mod permissions;

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::{Cli, takes_stack, without_secret};

    #[test]
    fn commands_that_work_on_a_stack_are_known() {
        for command in [
            "acuse doctor",
            "acuse events show ORD-1",
            "acuse onepay webhooks check --fix",
            "acuse send onepay",
        ] {
            assert!(takes_stack(command), "{command}");
        }
        for command in [
            "acuse local --update",
            "acuse new provider",
            "acuse onepay webhooks list",
            "acuse events",
            "acuse",
        ] {
            assert!(!takes_stack(command), "{command}");
        }
    }

    #[test]
    fn an_error_shows_no_part_of_a_secret() {
        let refused = |arguments: &[&str]| {
            let error = Cli::try_parse_from(arguments).err().unwrap();
            without_secret(error).render().to_string()
        };
        for arguments in [
            ["acuse", "listen", "--forward-to", "http://shop.example/hunter2"],
            ["acuse", "listen", "--forward-secret", "whsec_hunter2"],
            ["acuse", "local", "--forward", "http://shop.example/hunter2"],
            ["acuse", "local", "--forward-secret", "whsec_hunter2"],
        ] {
            let error = refused(&arguments);
            assert!(error.contains("(not shown)") && error.contains(arguments[2]), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        let other = refused(&["acuse", "listen", "--every", "0"]);
        assert!(other.contains("'0' for '--every"), "{other}");
    }

    /// Someone copies them in the middle of the night.
    #[test]
    fn the_commands_that_alarms_name_are_the_tools_own() {
        let template = include_str!("../embedded/template.yaml");
        let commands: Vec<_> = template
            .lines()
            .filter_map(|line| line.trim().strip_prefix("Run: "))
            .collect();
        assert!(commands.len() > 20, "{commands:?}");
        for command in commands {
            let command = command.replace("${AWS::StackName}", "acuse");
            // As a shell splits it.
            let parts = command.split('\'').enumerate();
            let words: Vec<_> = parts
                .flat_map(|(place, part)| match place % 2 {
                    0 => part.split_whitespace().collect(),
                    _ => vec![part],
                })
                .collect();
            if let Err(error) = Cli::try_parse_from(&words) {
                panic!("{command}: {error}");
            }
        }
    }

    /// Clap checks names and groups only at run time.
    #[test]
    fn every_command_and_argument_is_valid() {
        Cli::command().debug_assert();
    }
}
