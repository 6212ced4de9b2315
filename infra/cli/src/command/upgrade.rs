//! `acuse upgrade`: brings an app's template.yaml to the version of this tool.

pub(crate) mod blocks;
mod difference;
pub(crate) mod lock;
mod merge;
pub(crate) mod ours;
mod plan;
mod show;
mod version;

use std::process::ExitCode;

use crate::local::Checkout;
use crate::{note, say};
use clap::Args;

use super::Failure;
use plan::{Plan, PlanError};

/// `acuse upgrade`
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  cargo run -- upgrade --to v0.2.0    writes the version of Acuse into Cargo.toml
  cargo run -- upgrade --check        what that version changes; exits 1 if there is anything to do
  cargo run -- upgrade --dry-run      shows the lines that change in template.yaml
  cargo run -- upgrade                writes them

docs/upgrading.md explains what it warns of.")]
pub(crate) struct Arguments {
    /// Print what changes in parameters, resources, tables and outputs, and exit 1 if there is anything to do
    #[arg(long)]
    check: bool,
    /// Show the lines that would change, and write nothing
    #[arg(long, conflicts_with = "check")]
    dry_run: bool,
    /// Write this tag or commit of Acuse into Cargo.toml, and do nothing else
    #[arg(long, value_name = "VERSION", conflicts_with_all = ["check", "dry_run", "overwrite"])]
    to: Option<String>,
    /// Drop your changes to this block of the template, such as `Resources.EventQueue`
    #[arg(long, value_name = "BLOCK")]
    overwrite: Vec<String>,
}

pub(crate) fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let checkout = Checkout::find()?;
    let root = checkout.root();
    if let Some(version) = &arguments.to {
        return version::write(root, version);
    }
    let plan = Plan::read(root, &arguments.overwrite).map_err(explained)?;
    let from = plan.from.as_deref().unwrap_or("an unknown version");
    if plan.is_done() {
        say!("template.yaml is up to date with Acuse {}", ours::VERSION);
        show::kept(&plan);
        return Ok(ExitCode::SUCCESS);
    }
    match from == ours::VERSION {
        true => say!("Acuse {from}, another commit"),
        false => say!("Acuse {from} → {}", ours::VERSION),
    }
    if arguments.dry_run {
        show::diff(&plan);
    } else {
        show::differences(&plan);
    }
    show::kept(&plan);
    show::conflicts(&plan);
    if arguments.check {
        return Ok(ExitCode::FAILURE);
    }
    if !plan.conflicts.is_empty() {
        let blocks: Vec<&str> = plan.conflicts.iter().map(|own| own.block.as_str()).collect();
        let error = format!(
            "nothing was written: your changes are in the way ({})",
            blocks.join(", ")
        );
        let advice = "move what is yours to a place marked `Yours` (docs/upgrading.md), then drop the change with `--overwrite BLOCK`";
        return Err(Failure::with_advice(error, advice));
    }
    if arguments.dry_run {
        note!("nothing was written (`--dry-run`)");
        return Ok(ExitCode::SUCCESS);
    }
    plan.write(root).map_err(explained)?;
    say!("");
    for (path, _) in &plan.files {
        say!("wrote {path}");
    }
    say!("");
    say!("  cargo test                             # whether your code fits this version");
    say!("  sam build && sam deploy                # shows the changes, and asks");
    Ok(ExitCode::SUCCESS)
}

/// With what to do about it.
fn explained(error: PlanError) -> Failure {
    let advice = match &error {
        PlanError::Fork(_) => {
            "merge the version: `git fetch acuse --tags && git merge v…` (docs/upgrading.md); `acuse new app` makes an app that needs no merge"
        }
        PlanError::Lock(_) => "take the file back from git",
        PlanError::NoPlace(_) => "move it to another place marked `Yours`",
        PlanError::SameName(_) => {
            "give yours another name. A resource that is deployed is replaced then, so copy its data first"
        }
        PlanError::Template(..) => "check it with `sam validate --lint`",
        PlanError::UnknownFunctions(_) => "move functions of your own below `Yours: your resources`",
        PlanError::Section(_) => "remove a provider that you don't use: `acuse new provider NAME --remove`",
        PlanError::File { .. } => return error.into(),
    };
    Failure::with_advice(error, advice)
}
