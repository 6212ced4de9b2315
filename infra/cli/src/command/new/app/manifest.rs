//! The Cargo.toml files of an app, made from the checkout's own.

use super::source::Source;

const WORKSPACE: &str = include_str!("../../../../embedded/workspace.toml");
const CONSUMER: &str = include_str!("../../../../embedded/functions/consumer.toml");
const DESTINATIONS: &str = include_str!("../../../../embedded/functions/destinations.toml");
const SUMMARY: &str = include_str!("../../../../embedded/functions/summary.toml");
const ENDPOINTS: &str = include_str!("../../../../embedded/functions/endpoints.toml");
const VERIFIER: &str = include_str!("../../../../embedded/functions/unopago.toml");

/// What the app's own packages need of Acuse besides the functions.
const OTHER: [&str; 2] = ["acuse-cli", "acuse-core"];

/// Packages with a profile that no app has.
const NOT_IN_AN_APP: [&str; 3] = ["acuse-model", "acuse-simulation", "stateright"];

const HEAD: &str = "# <App>, an app on Acuse: see README.md.

[workspace]
resolver = \"3\"
members = [\"functions/*\", \"providers\", \"tool\"]

[workspace.package]
version = \"0.1.0\"
publish = false
";

const TOOL: &str = "[package]
name = \"tool\"
description = \"`acuse` with this app's providers: the local stack and the operator's commands\"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
publish.workspace = true
default-run = \"acuse\"

[[bin]]
name = \"acuse\"
path = \"src/main.rs\"

[dependencies]
acuse-cli.workspace = true
providers.workspace = true

[lints]
workspace = true
";

const PROVIDERS: &str = "[package]
name = \"providers\"
description = \"The providers whose webhooks this app receives\"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
publish.workspace = true

[dependencies]
acuse-core.workspace = true

[lints]
workspace = true
";

/// The workspace's: Acuse's crates from `source`, and what they use together with the app at the versions and with the
/// settings that Acuse is tested with.
pub(super) fn workspace(app: &str, source: &Source) -> String {
    let mut text = HEAD.replace("<App>", app);
    for field in ["edition", "rust-version"] {
        let line = lines_of("workspace.package").find(|line| line.starts_with(&format!("{field} = ")));
        text += &format!("{}\n", line.unwrap_or_default());
    }
    let mut names: Vec<&str> = [CONSUMER, DESTINATIONS, ENDPOINTS, SUMMARY, VERIFIER]
        .iter()
        .flat_map(|manifest| dependencies(manifest))
        .collect();
    names.extend(OTHER);
    names.sort_unstable();
    names.dedup();
    let line = |name: &str| {
        lines_of("workspace.dependencies").find(|line| line.split_once(" = ").is_some_and(|(own, _)| own == name))
    };
    text += "\n[workspace.dependencies]\n# Acuse, in one version: `cargo run -- upgrade --to VERSION` changes it.\n";
    for name in names.iter().filter(|name| name.starts_with("acuse-")) {
        text += &format!("{}\n", source.dependency(line(name).unwrap_or_default()));
    }
    text += "# This app.\nproviders = { path = \"providers\" }\n# What Acuse uses as well.\n";
    for name in names.iter().filter(|name| !name.starts_with("acuse-")) {
        text += &format!("{}\n", line(name).unwrap_or_default());
    }
    let taken = |header: &str| {
        let starts = [
            "[workspace.lints.",
            "[workspace.metadata.",
            "[profile.dev",
            "[profile.release]",
        ];
        let is_taken = starts.iter().any(|start| header.starts_with(start));
        is_taken && !NOT_IN_AN_APP.iter().any(|name| header.contains(name))
    };
    for (header, body) in sections().filter(|(header, _)| taken(header)) {
        text += &format!("\n{header}\n{body}");
    }
    text
}

pub(super) fn consumer() -> String {
    with_providers(CONSUMER)
}

pub(super) fn destinations() -> String {
    without_core(DESTINATIONS)
}

pub(super) fn summary() -> String {
    without_core(SUMMARY)
}

/// The registry of providers is the app's, and nothing else of acuse-core is used.
fn without_core(manifest: &str) -> String {
    with_providers(manifest).replace("acuse-core.workspace = true\n", "")
}

pub(super) fn endpoints() -> String {
    without_core(ENDPOINTS)
}

fn with_providers(manifest: &str) -> String {
    function(manifest).replacen("[dependencies]\n", "[dependencies]\nproviders.workspace = true\n", 1)
}

/// A verify function's.
pub(super) fn verifier(provider: &str) -> String {
    function(VERIFIER).replace("unopago", provider)
}

pub(super) fn providers() -> String {
    PROVIDERS.to_owned()
}

pub(super) fn tool() -> String {
    TOOL.to_owned()
}

/// A function's manifest without Acuse's licence.
fn function(manifest: &str) -> String {
    let lines = manifest.lines().filter(|line| !line.starts_with("license"));
    lines.map(|line| format!("{line}\n")).collect()
}

/// The names in a manifest's tables of dependencies.
fn dependencies(manifest: &str) -> impl Iterator<Item = &str> {
    let mut is_inside = false;
    manifest.lines().filter_map(move |line| {
        if line.starts_with('[') {
            is_inside = line.ends_with("dependencies]");
            return None;
        }
        let name = line.split(['.', ' ']).next()?;
        (is_inside && line.contains("workspace = true")).then_some(name)
    })
}

fn lines_of(section: &'static str) -> impl Iterator<Item = &'static str> {
    let found = sections().filter(move |(header, _)| header.trim_matches(['[', ']']) == section);
    found.flat_map(|(_, body)| body.lines())
}

/// The sections of the checkout's Cargo.toml: header and body, without the comments above the next header.
fn sections() -> impl Iterator<Item = (&'static str, &'static str)> {
    let starts = WORKSPACE.match_indices("\n[").map(|(at, _)| at + 1);
    starts.map(|start| {
        let text = WORKSPACE.get(start..).unwrap_or_default();
        let (header, rest) = text.split_once('\n').unwrap_or((text, ""));
        let body = rest.find("\n[").and_then(|end| rest.get(..=end)).unwrap_or(rest);
        let mut end = body.len();
        for line in body.split_inclusive('\n').rev() {
            if !(line.trim().is_empty() || line.starts_with('#')) {
                break;
            }
            end -= line.len();
        }
        (header, body.get(..end).unwrap_or(body))
    })
}
