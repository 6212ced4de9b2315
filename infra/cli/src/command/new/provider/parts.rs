//! The files of a new provider, and the lines that it has in others.

use acuse_core::receive::signature::sign;
use acuse_presets::Preset;
use serde_json::json;
use std::path::PathBuf;

use super::layout::Layout;
use super::sections::Names;
use crate::command::new::name::Name;
use crate::command::new::text::{NoPlace, Text};

const PROVIDER: &str = include_str!("../templates/provider/provider.rs.txt");
const FIXTURE: &str = include_str!("../templates/provider/fixture.json.txt");
const KEYS: &str = include_str!("../templates/provider/keys.txt");
const MANIFEST: &str = include_str!("../templates/provider/Cargo.toml.txt");
const MAIN: &str = include_str!("../templates/provider/main.rs.txt");
const TESTS: &str = include_str!("../templates/provider/deliveries.rs.txt");

/// The types of the example.
const TYPES: [&str; 2] = ["payment.paid", "payment.refunded"];

/// The example's signing secret, in its vectors only.
const SECRET: &str = "a secret for tests";

/// The file that the provider's own test writes, from the samples.
pub(super) const KEYS_FILE: &str = "keys.txt";

/// Each file: its path, what is in it, and what it is.
pub(super) fn files(layout: &Layout, names: &Names, preset: Option<&Preset>) -> Vec<(PathBuf, String, &'static str)> {
    let name = &names.name;
    let filled = |text: &str| {
        text.replace("<name>", name.kebab())
            .replace("<module>", &name.snake())
            .replace("<crate>", layout.crate_path)
            .replace("<Display>", &names.display)
    };
    let code = match preset {
        Some(preset) => preset
            .provider
            .replace(&format!("\"{}\"", preset.name), &format!("\"{}\"", name.kebab())),
        None => filled(PROVIDER),
    };
    let function = layout.function(name);
    let mut files = vec![
        (layout.provider(name), code, "the provider"),
        (
            function.join("Cargo.toml"),
            manifest(layout, filled(MANIFEST)),
            "its function",
        ),
        (function.join("src/main.rs"), filled(MAIN), "its function"),
        (function.join("tests/deliveries.rs"), filled(TESTS), "its tests"),
    ];
    let fixtures = layout.fixtures(name);
    let mut add = |file: &str, text: String, what| files.push((fixtures.join(file), text, what));
    match preset {
        Some(preset) => {
            for fixture in &preset.fixtures {
                add(fixture.file, fixture.body.to_owned(), "a sample");
            }
            add("vectors.json", preset.vectors.to_owned(), "signed deliveries");
        }
        None => {
            for kind in TYPES {
                add(&format!("{kind}.json"), FIXTURE.replace("<type>", kind), "a sample");
            }
            add("vectors.json", vectors(name), "signed deliveries");
            add(KEYS_FILE, filled(KEYS), "the keys of the samples");
        }
    }
    files
}

/// The function's, with what the layout depends on.
fn manifest(layout: &Layout, text: String) -> String {
    let lines = text
        .lines()
        .filter(|line| layout.is_acuse || !line.starts_with("license"));
    let mut text: String = lines.map(|line| format!("{line}\n")).collect();
    if layout.package != "acuse-core" {
        // In the order of the names.
        text = text.replace("acuse-core.workspace = true\n", "");
        let line = format!("{}.workspace = true\n", layout.package);
        text = text.replace("tokio.workspace = true\n", &format!("{line}tokio.workspace = true\n"));
    }
    text
}

/// Deliveries as the example's provider signs: one that verifies, and one whose body was changed.
fn vectors(name: &Name) -> String {
    let (body, other) = (r#"{"type":"payment.paid"}"#, r#"{"type":"payment.paid" }"#);
    let header = format!("x-{}-signature", name.kebab());
    let vector = |text: &str, body: &str, expected: &str| {
        json!({
            "name": text,
            "source": {"own": "`acuse new provider`: replace it by a delivery of the provider's documentation"},
            "request": {"headers": {header.as_str(): sign(SECRET, r#"{"type":"payment.paid"}"#.as_bytes())}, "body": body},
            "secret": SECRET,
            "expect": expected,
        })
    };
    let vectors = json!([
        vector("signed", body, "verified"),
        vector("another body", other, "the signature is wrong"),
    ]);
    serde_json::to_string_pretty(&vectors).unwrap_or_default() + "\n"
}

/// A line of a file that lists providers, and the line after which such lines begin.
struct Line {
    file: &'static str,
    marker: &'static str,
    text: String,
    /// Whether another line is such a line.
    is_one: fn(&str) -> bool,
    is_sorted: bool,
}

fn module(layout: &Layout, name: &Name) -> Line {
    Line {
        file: layout.list,
        marker: "// Yours: your files.",
        text: format!("pub mod {};", name.snake()),
        is_one: |line| line.starts_with("pub mod "),
        // As rustfmt wants.
        is_sorted: true,
    }
}

fn place(layout: &Layout, name: &Name) -> Line {
    Line {
        file: layout.list,
        marker: "// Yours: your providers.",
        text: format!("    &{}::PROVIDER,", name.snake()),
        is_one: |line| line.trim_start().starts_with('&'),
        is_sorted: false,
    }
}

fn route(name: &Name) -> Line {
    let name = name.kebab();
    Line {
        file: "Cargo.toml",
        marker: "[workspace.metadata.lambda.watch.router]",
        text: format!("\"/webhooks/{name}\" = \"{name}\""),
        is_one: |line| line.starts_with('"'),
        is_sorted: false,
    }
}

impl Line {
    fn is_in(&self, text: &str) -> bool {
        text.lines().any(|line| line == self.text)
    }

    fn added_to(&self, text: &str) -> Result<String, NoPlace> {
        if self.is_in(text) {
            return Ok(text.to_owned());
        }
        let mut lines = Text::of(self.file, text);
        let first = lines.find(self.marker)? + 1;
        let others = lines.lines_from(first).take_while(|line| (self.is_one)(line));
        let at = others
            .take_while(|line| !self.is_sorted || *line < self.text.as_str())
            .count();
        lines.insert(first + at, &self.text);
        Ok(lines.into_string())
    }

    fn removed_from(&self, text: &str) -> String {
        let lines = text
            .split_inclusive('\n')
            .filter(|line| line.trim_end_matches(['\r', '\n']) != self.text);
        lines.collect()
    }
}

/// Whether the list of providers names it.
pub(super) fn is_listed(layout: &Layout, list: &str, name: &Name) -> bool {
    module(layout, name).is_in(list)
}

/// Whether it is one of Acuse's own, which the list names before the owner's.
pub(super) fn is_built_in(layout: &Layout, list: &str, name: &Name) -> bool {
    let place = place(layout, name);
    let (own, _) = list.split_once(place.marker).unwrap_or((list, ""));
    place.is_in(own)
}

/// The list of providers with it.
pub(super) fn listed(layout: &Layout, list: &str, name: &Name) -> Result<String, NoPlace> {
    let text = module(layout, name).added_to(list)?;
    place(layout, name).added_to(&text)
}

/// The list of providers without it.
pub(super) fn unlisted(layout: &Layout, list: &str, name: &Name) -> String {
    let text = module(layout, name).removed_from(list);
    place(layout, name).removed_from(&text)
}

/// The workspace's manifest with its route for `cargo lambda watch`, if that has routes.
pub(super) fn routed(manifest: &str, name: &Name) -> String {
    route(name).added_to(manifest).unwrap_or_else(|_| manifest.to_owned())
}

/// The workspace's manifest without its route.
pub(super) fn unrouted(manifest: &str, name: &Name) -> String {
    route(name).removed_from(manifest)
}

/// Cargo.lock without the function's package, which cargo adds by itself.
pub(super) fn unlocked(lock: &str, name: &Name) -> String {
    const START: &str = "[[package]]\n";
    let own = format!("name = \"{}\"\n", name.kebab());
    let mut parts = lock.split(START);
    let head = parts.next().unwrap_or_default().to_owned();
    let kept = parts.filter(|part| !part.starts_with(&own) || part.contains("\nsource = "));
    let text = kept.fold(head, |text, part| text + START + part);
    text.trim_end().to_owned() + "\n"
}
