//! The table in docs/presets.md says what the vectors say. `ACUSE_BLESS=1 cargo test -p acuse-presets` writes it.

use std::fs;
use std::path::PathBuf;

use acuse_core::provider::scheme::{Part, Scheme};

use crate::provider;
use crate::vectors::{self, Vector};

const BEGIN: &str = "<!-- Written by `ACUSE_BLESS=1 cargo test -p acuse-presets`. -->\n";
const END: &str = "<!-- End of what is written. -->\n";

#[test]
fn the_table_is_that_of_the_vectors() {
    let path = docs().join("presets.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    let table = table();
    if std::env::var_os("ACUSE_BLESS").is_some() {
        fs::write(&path, [before, BEGIN, &table, END, after].concat()).unwrap();
        return;
    }
    assert_eq!(
        written, table,
        "`ACUSE_BLESS=1 cargo test -p acuse-presets` writes docs/presets.md"
    );
}

#[test]
fn each_page_is_in_the_summary() {
    let summary = fs::read_to_string(docs().join("SUMMARY.md")).unwrap();
    for preset in acuse_presets::all() {
        let line = format!("  - [{}]({})\n", preset.display_name, page(preset.name));
        assert!(summary.contains(&line), "{line}");
    }
}

fn docs() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

/// A preset's page, from docs/.
fn page(name: &str) -> String {
    format!("../infra/presets/presets/{name}/page.md")
}

fn table() -> String {
    let mut table =
        "| preset | digest | what is signed | published vectors | own vectors | a merchant's capture | date |\n\
                     |---|---|---|---|---|---|---|\n"
            .to_owned();
    for preset in acuse_presets::all() {
        let scheme = provider(preset.name).scheme;
        let vectors = vectors::of(preset.name);
        let (published, own): (Vec<_>, Vec<_>) = vectors.iter().partition(|vector| vector.source.published.is_some());
        let date = vectors.iter().map(|vector| vector.source.date.as_str()).max().unwrap();
        table.push_str(&format!(
            "| [{}]({}) `{}` | {} | {} | {} | {} | none yet | {date} |\n",
            preset.display_name,
            page(preset.name),
            preset.name,
            digests(&scheme),
            signed(&scheme),
            counted(&published),
            counted(&own),
        ));
    }
    table
}

/// `3 (2 verify)`
fn counted(vectors: &[&Vector]) -> String {
    let verify = vectors.iter().filter(|vector| vector.expect == "verified").count();
    match vectors.len() {
        0 => "none".to_owned(),
        all => format!("{all} ({verify} verify)"),
    }
}

fn digests(scheme: &Scheme) -> String {
    let names = scheme.signatures.iter().map(|way| way.digest.name().to_owned());
    distinct(names).unwrap_or_else(|| "none".to_owned())
}

fn signed(scheme: &Scheme) -> String {
    let contents = scheme
        .signatures
        .iter()
        .map(|way| format!("`{}`", way.content.iter().map(part).collect::<String>()));
    let token = scheme
        .token
        .map(|token| format!("nothing; the header `{}` is a token", token.header));
    distinct(contents).or(token).unwrap_or_default()
}

fn distinct(texts: impl Iterator<Item = String>) -> Option<String> {
    let mut found: Vec<String> = Vec::new();
    for text in texts {
        if !found.contains(&text) {
            found.push(text);
        }
    }
    (!found.is_empty()).then(|| found.join(" or "))
}

fn part(part: &Part) -> String {
    let all = |parts: &[Part]| parts.iter().map(self::part).collect::<String>();
    match part {
        Part::Body => "{body}".to_owned(),
        Part::BodyBase64 => "{body in base64}".to_owned(),
        Part::Text(text) => (*text).to_owned(),
        Part::Time => "{time}".to_owned(),
        Part::Header(name) => format!("{{{name}}}"),
        Part::Value(path) => format!("{{{}}}", path.join(".")),
        Part::Form(name) => format!("{{{name}}}"),
        Part::Query(name) => format!("{{{name} of the query}}"),
        Part::Listed { list, .. } => format!("{{values that {} lists}}", list.join(".")),
        Part::Secret => "{secret}".to_owned(),
        Part::Lower(parts) => format!("{} in lower case", all(parts)),
        Part::OneDecimal(parts) => all(parts),
        Part::Optional(parts) => format!("[{}]", all(parts)),
    }
}
