//! `acuse`: the local stack and the operator's commands.

fn main() -> std::process::ExitCode {
    acuse_cli::run(acuse_core::providers::ALL)
}
