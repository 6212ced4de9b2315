//! `acuse new provider`: another provider, in a clone of Acuse or in an app of one's own.

mod layout;
mod parts;
mod plan;
pub(crate) mod sections;

use std::process::ExitCode;

use acuse_presets::Preset;
use clap::Args;
use clap::builder::PossibleValuesParser;

use super::edit;
use super::name::{Name, NameError};
use crate::command::Failure;
use crate::local::Checkout;
use crate::terminal;
use crate::{note, say};
use layout::Layout;
use plan::{Plan, PlanError};
use sections::{Names, SectionError};

/// `acuse new provider`
#[derive(Debug, Args)]
pub(crate) struct Provider {
    /// Its name in URLs, keys and commands, such as `pagosya` or `mercado-pago`
    #[arg(value_parser = parse_name)]
    name: Name,
    /// Start from this preset instead of an example
    #[arg(long, value_name = "PRESET", value_parser = presets(), conflicts_with = "remove")]
    like: Option<String>,
    /// Its name as people write it [default: the preset's, or made from the name]
    #[arg(long, value_name = "NAME", value_parser = parse_display, conflicts_with = "remove")]
    display_name: Option<String>,
    /// Take away what this command has written
    #[arg(long)]
    remove: bool,
    /// Also take away what you have changed since
    #[arg(long, requires = "remove")]
    force: bool,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
}

fn presets() -> PossibleValuesParser {
    PossibleValuesParser::new(acuse_presets::all().into_iter().map(|preset| preset.name))
}

/// Names that a package, a module or a part of the template has already.
const TAKEN: [&str; 16] = [
    "acuse",
    "all",
    "alloc",
    "api",
    "consumer",
    "core",
    "destinations",
    "endpoints",
    "event-types",
    "objects",
    "providers",
    "shipped",
    "std",
    "summary",
    "test",
    "tool",
];

fn parse_name(text: &str) -> Result<Name, String> {
    let name: Name = text.parse().map_err(|error: NameError| error.to_string())?;
    if TAKEN.contains(&name.kebab()) || name.kebab().starts_with("acuse-") {
        return Err(format!(
            "`{0}` is a name of Acuse's own or of Rust's: use another one, such as `{0}-pay`",
            name.kebab()
        ));
    }
    match name
        .kebab()
        .split('-')
        .find(|word| word.starts_with(|first: char| first.is_ascii_digit()))
    {
        Some(word) => Err(format!("each word begins with a letter, and `{word}` does not")),
        None => Ok(name),
    }
}

/// A name that fits into YAML, JSON and Rust's comments as it is.
fn parse_display(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_alphanumeric() || " .&+-".contains(c);
    match text.starts_with(char::is_alphanumeric)
        && text.chars().all(fits)
        && !text.ends_with(' ')
        && text.chars().count() <= 40
    {
        true => Ok(text.to_owned()),
        false => Err(
            "a display name has up to 40 letters, digits, spaces and `.&+-`, and begins with a letter or digit"
                .to_owned(),
        ),
    }
}

impl Provider {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let checkout = Checkout::find()?;
        let layout = Layout::of(checkout.root());
        let plan = match self.remove {
            true => plan::remove(checkout.root(), &layout, &self.name, self.force),
            false => {
                let preset = self.like.as_deref().and_then(acuse_presets::by_name);
                let names = self.names(preset.as_ref());
                plan::add(checkout.root(), &layout, &names, preset.as_ref())
            }
        };
        let plan = plan.map_err(|error| explained(error, &self.name))?;
        if self.dry_run {
            for edit in &plan.edits {
                edit.diff().iter().for_each(|line| terminal::line(line));
            }
            note!("nothing was changed (`--dry-run`)");
            return Ok(ExitCode::SUCCESS);
        }
        edit::apply(checkout.root(), &plan.edits)?;
        report(&plan);
        match self.remove {
            true => removed(&layout, &self.name, &plan),
            false => next(&layout, &self.name, self.like.is_some()),
        }
        Ok(ExitCode::SUCCESS)
    }

    fn names(&self, preset: Option<&Preset>) -> Names {
        let own = preset.filter(|preset| preset.name == self.name.kebab());
        let display = match (&self.display_name, own) {
            (Some(display), _) => display.clone(),
            (None, Some(preset)) => preset.display_name.to_owned(),
            (None, None) => titled(&self.name),
        };
        Names {
            secret: format!("acuse secrets put {}", self.name.kebab()),
            name: self.name.clone(),
            display,
        }
    }
}

/// `Mercado Pago`
fn titled(name: &Name) -> String {
    let words = name.kebab().split('-').map(|word| {
        let (first, rest) = word.split_at(1); // They are ASCII, and not empty.
        first.to_uppercase() + rest
    });
    words.collect::<Vec<_>>().join(" ")
}

fn report(plan: &Plan) {
    for edit in &plan.edits {
        say!("{:<8} {}: {}", edit.verb(), edit.path.display(), edit.what);
    }
    for (path, why) in &plan.left {
        say!("{:<8} {}: {why}", "left", path.display());
    }
    if plan.edits.is_empty() {
        say!("nothing to change");
    }
}

/// What is left to decide, and what to run.
fn next(layout: &Layout, name: &Name, has_preset: bool) {
    let (acuse, kebab) = (acuse(), name.kebab());
    let file = layout.provider(name).display().to_string();
    let fixtures = layout.fixtures(name).display().to_string();
    say!("");
    match has_preset {
        true => say!("Compare with the provider's documentation, and with what it sends you:"),
        false => say!("It is an example. Decide, from the provider's documentation:"),
    }
    say!("  {file}");
    say!("    how it signs (`scheme`), its event types and their kinds (`event_types!`),");
    say!("    where ids, times, amounts and your reference are, and what happens only once (`read`)");
    say!("  {fixtures}");
    say!("    a sample for each type, and in vectors.json a delivery that it signed");
    say!("");
    let mut rows = vec![
        (
            format!("ACUSE_BLESS=1 cargo test -p {kebab}"),
            "verifies the vectors; writes the samples' keys to keys.txt: read them".to_owned(),
        ),
        (format!("{acuse} local"), "run the stack with it".to_owned()),
        (
            format!("{acuse} send {kebab} TYPE"),
            "in a second terminal: send it an event of one of its types".to_owned(),
        ),
        (
            format!("{acuse} secrets put {kebab} --stack acuse"),
            format!("once deployed: its secret; deliveries go to /webhooks/{kebab}"),
        ),
    ];
    if layout.is_acuse {
        rows.insert(
            1,
            (
                "ACUSE_BLESS=1 cargo test --workspace --test it -- documented kept".to_owned(),
                "update the tables in docs/ and infra/kept.json".to_owned(),
            ),
        );
    }
    print(&rows);
}

fn removed(layout: &Layout, name: &Name, plan: &Plan) {
    if plan.edits.is_empty() {
        return;
    }
    say!("");
    say!(
        "In a stack that has it, switch it off first: set its parameter {} to `off`, as docs/operations.md says.",
        name.pascal()
    );
    if layout.is_acuse {
        print(&[(
            "ACUSE_BLESS=1 cargo test --workspace --test it -- documented kept".to_owned(),
            "update the tables in docs/ and infra/kept.json".to_owned(),
        )]);
    }
}

fn print(rows: &[(String, String)]) {
    let width = rows.iter().map(|(command, _)| command.len()).max().unwrap_or_default();
    for (command, what) in rows {
        say!("  {command:<width$}   # {what}");
    }
}

/// As a person writes it who has installed it, or has not.
fn acuse() -> &'static str {
    match std::env::var_os("CARGO") {
        Some(_) => "cargo run --",
        None => "acuse",
    }
}

/// With what to do about it.
fn explained(error: PlanError, name: &Name) -> Failure {
    let name = name.kebab();
    let advice = match &error {
        PlanError::FileExists(_) | PlanError::Section(SectionError::Taken(_)) => {
            "use another name, or move what is there away".to_owned()
        }
        PlanError::Changed(_) => {
            format!("keep it, or take away everything with `acuse new provider {name} --remove --force`")
        }
        PlanError::Section(SectionError::NoPlace { .. }) => {
            "put the section of one provider back as infra/provider.yaml has it".to_owned()
        }
        PlanError::Section(SectionError::TooMany) => {
            "remove one that you don't use: `acuse new provider NAME --remove`".to_owned()
        }
        PlanError::NoPlace(_) => "put the line back once, as in Acuse's own version".to_owned(),
        _ => return error.into(),
    };
    Failure::with_advice(error, advice)
}

#[cfg(test)]
mod tests;
