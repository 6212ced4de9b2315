//! The files of a new app. What the checkout has as well comes from there; the rest is here.

use acuse_core::provider::Provider;
use acuse_core::providers;

use super::super::name::Name;
use super::super::plan::{self, PlanError};
use super::super::{Kind, list};
use super::source::Source;
use super::{manifest, source};
use crate::command::upgrade::{lock, ours};

const CONSUMER: &str = include_str!("../../../../embedded/functions/consumer.rs");
const DESTINATIONS: &str = include_str!("../../../../embedded/functions/destinations.rs");
const SUMMARY: &str = include_str!("../../../../embedded/functions/summary.rs");
const ENDPOINTS: &str = include_str!("../../../../embedded/functions/endpoints.rs");
const HOOKS: &str = include_str!("../../../../embedded/functions/hooks.rs");
const VERIFIER: &str = include_str!("../../../../embedded/functions/unopago.rs");
const TOOL: &str = include_str!("../../../main.rs");
const SAMCONFIG: &str = include_str!("../../../../embedded/samconfig.toml");
const TOOLCHAIN: &str = include_str!("../../../../embedded/rust-toolchain.toml");
const RUSTFMT: &str = include_str!("../../../../embedded/rustfmt.toml");
const CLIPPY: &str = include_str!("../../../../embedded/clippy.toml");
const IGNORED: &str = include_str!("../../../../embedded/gitignore");
const CARGO_LOCK: &str = include_str!("../../../../embedded/workspace.lock");
const README: &str = include_str!("../templates/app/README.md");
const README_ES: &str = include_str!("../templates/app/README.es.md");
const WORKFLOW: &str = include_str!("../templates/app/ci.yml");
const PROVIDERS: &str = include_str!("../templates/app/providers.rs.txt");

/// The hook that an app begins with.
const HOOK: &str = "orders";

/// A file: its path from the app's folder, and what is in it.
pub(crate) type File = (String, String);

/// All files of the app `name`.
pub(super) fn files(name: &Name, source: &Source) -> Result<Vec<File>, PlanError> {
    let app = name.kebab();
    let readme = |text: &str| text.replace("<app>", app).replace("<docs>", &docs(source));
    let mut files: Vec<File> = [
        ("README.md", readme(README)),
        ("README.es.md", readme(README_ES)),
        ("Cargo.toml", manifest::workspace(app, source)),
        ("Cargo.lock", cargo_lock()),
        (".gitignore", ignored()),
        (".github/workflows/ci.yml", WORKFLOW.to_owned()),
        ("rust-toolchain.toml", TOOLCHAIN.to_owned()),
        ("rustfmt.toml", RUSTFMT.to_owned()),
        ("clippy.toml", first_paragraph(CLIPPY)),
        ("samconfig.toml", samconfig(app)),
        ("providers/Cargo.toml", manifest::providers()),
        ("providers/src/lib.rs", registry()),
        ("tool/Cargo.toml", manifest::tool()),
        ("tool/src/main.rs", TOOL.replace("acuse_core::providers", "providers")),
        ("functions/consumer/Cargo.toml", manifest::consumer()),
        (
            "functions/consumer/src/main.rs",
            CONSUMER.replace("use acuse_core::providers;\n", ""),
        ),
    ]
    .map(|(path, text)| (path.to_owned(), text))
    .into();
    files.extend(OTHERS.into_iter().filter_map(other).flatten());
    for provider in providers::ALL.iter() {
        files.extend(function(provider));
    }
    // As `acuse new hook orders` writes it.
    let hook: Name = HOOK.parse().map_err(|_| PlanError::WordTaken(HOOK.to_owned()))?;
    let table = hook.clone();
    let (hooks_rs, template) = (list::without_yours(HOOKS), ours::template());
    let changes = plan::changes(&hooks_rs, &template, &hook, &Kind::Transactional { table })?;
    files.extend(
        changes
            .into_iter()
            .map(|change| (change.path.display().to_string(), change.after)),
    );
    files.push((lock::FILE.to_owned(), lock::of_template(&template)));
    files.sort();
    Ok(files)
}

/// The functions that are neither the consumer nor a provider's.
const OTHERS: [&str; 3] = ["destinations", "endpoints", "summary"];

/// The package of one of [`OTHERS`]; `None` if `binary` is none of them.
pub(crate) fn other(binary: &str) -> Option<[File; 2]> {
    let (manifest, main) = match binary {
        "destinations" => (manifest::destinations(), DESTINATIONS),
        "endpoints" => (manifest::endpoints(), ENDPOINTS),
        "summary" => (manifest::summary(), SUMMARY),
        _ => return None,
    };
    let folder = format!("functions/{binary}");
    Some([
        (format!("{folder}/Cargo.toml"), manifest),
        (
            format!("{folder}/src/main.rs"),
            main.replace("use acuse_core::providers;\n", ""),
        ),
    ])
}

/// The package of a built-in provider's verify function.
pub(crate) fn function(provider: &Provider) -> [File; 2] {
    let folder = format!("functions/{}", provider.name);
    [
        (format!("{folder}/Cargo.toml"), manifest::verifier(provider.name)),
        (
            format!("{folder}/src/main.rs"),
            VERIFIER.replace("unopago", provider.name),
        ),
    ]
}

/// The crate with the list of providers.
fn registry() -> String {
    let mut names: Vec<&str> = providers::ALL.iter().map(|provider| provider.name).collect();
    let list: String = names.iter().map(|name| format!("    &{name}::PROVIDER,\n")).collect();
    names.sort_unstable();
    PROVIDERS.replace("<names>", &names.join(", ")).replace("<list>", &list)
}

/// With the app's name as the stack's.
fn samconfig(app: &str) -> String {
    SAMCONFIG
        .replace("\"acuse\"", &format!("\"{app}\""))
        .replace("\"acuse-dev\"", &format!("\"{app}-dev\""))
}

/// The versions that Acuse is tested with. Its own packages have none in there; cargo adds them.
fn cargo_lock() -> String {
    let (head, packages) = CARGO_LOCK.split_once("\n[[package]]\n").unwrap_or((CARGO_LOCK, ""));
    let packages = packages
        .split("\n[[package]]\n")
        .filter(|package| package.contains("\nsource = "));
    let text: String = packages
        .map(|package| format!("\n[[package]]\n{}\n", package.trim_end()))
        .collect();
    head.to_owned() + &text
}

/// What an app makes as well: without the comments on what only Acuse's own checks make.
fn ignored() -> String {
    let lines = IGNORED.lines().take_while(|line| !line.contains(".ci/"));
    lines.map(|line| format!("{line}\n")).collect()
}

fn first_paragraph(text: &str) -> String {
    text.split_inclusive("\n\n")
        .next()
        .unwrap_or_default()
        .trim_end()
        .to_owned()
        + "\n"
}

/// Where Acuse's documentation is.
fn docs(source: &Source) -> String {
    match source {
        source::Source::Git { url, .. } => format!("{}/docs", url.trim_end_matches(".git")),
        source::Source::Path(path) => path.join("docs").display().to_string(),
    }
}

#[cfg(test)]
mod tests;
