//! Prints a plan.

use std::collections::BTreeMap;

use crate::terminal::{self, counted};
use crate::{note, say};

use super::blocks::blocks;
use super::difference::What;
use super::plan::Plan;

/// What changes, warnings last, where they are seen.
pub(super) fn differences(plan: &Plan) {
    for what in [What::Added, What::Changed, What::Removed] {
        for own in plan.differences.iter().filter(|own| own.what == what) {
            let detail = if own.detail.is_empty() {
                String::new()
            } else {
                format!("  {}", own.detail)
            };
            say!("  {:<8} {}{detail}", what.text(), own.name);
        }
    }
    if plan.differences.is_empty() && plan.before != plan.after {
        say!("  comments and order of template.yaml only");
    }
    let warnings = plan
        .differences
        .iter()
        .flat_map(|own| own.warnings.iter().map(move |text| (&own.name, text)));
    let warnings: Vec<_> = warnings.collect();
    if !warnings.is_empty() {
        say!("");
        say!("WARNING: data or URLs are affected");
        for (name, text) in &warnings {
            say!("  {name} {text}");
        }
    } else if plan.before != plan.after {
        say!("Tables, queues, secrets and URLs stay as they are.");
    }
    let mut tasks: Vec<String> = plan.differences.iter().flat_map(|own| own.tasks.clone()).collect();
    tasks.extend(plan.missing.iter().map(|name| {
        format!("write the package functions/{name}: template.yaml has a function with the binary `{name}`")
    }));
    let written = plan
        .files
        .iter()
        .filter(|(path, _)| path.starts_with("functions/") && path.ends_with("main.rs"));
    tasks.extend(
        written.map(|(path, _)| format!("register the provider of {path}, which is new, in providers/src/lib.rs")),
    );
    if !tasks.is_empty() {
        say!("");
        say!("To do by hand");
        tasks.iter().for_each(|task| say!("  {task}"));
    }
}

pub(super) fn kept(plan: &Plan) {
    for name in &plan.kept {
        note!("{name}: your change stays; this version does not touch it");
    }
}

pub(super) fn conflicts(plan: &Plan) {
    for own in &plan.conflicts {
        note!("{}: {}", own.block, own.cause.text());
    }
}

/// The lines that change, block by block.
pub(super) fn diff(plan: &Plan) {
    let by_name = |text: &str| -> BTreeMap<String, String> {
        blocks(text).into_iter().map(|block| (block.name, block.text)).collect()
    };
    let (old, new) = (by_name(&plan.before), by_name(&plan.after));
    let names: Vec<String> = blocks(&plan.after).into_iter().map(|block| block.name).collect();
    let gone = old.keys().filter(|name| !new.contains_key(*name)).cloned();
    for name in names.iter().cloned().chain(gone) {
        let text = |texts: &BTreeMap<String, String>| texts.get(&name).cloned().unwrap_or_default();
        let lines = changed_lines(&text(&old), &text(&new));
        if !lines.is_empty() {
            terminal::line(&format!("@@ {name} @@"));
            lines.iter().for_each(|line| terminal::line(line));
        }
    }
    for (path, text) in plan.files.iter().filter(|(path, _)| path.starts_with("functions/")) {
        say!("+++ {path} (new, {})", counted(text.lines().count(), "line"));
    }
}

/// The lines of `old` and `new` without those that both begin and end with.
fn changed_lines(old: &str, new: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let (old, new) = (old.get(same..).unwrap_or_default(), new.get(same..).unwrap_or_default());
    let same = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take_while(|(old, new)| old == new)
        .count();
    let but_last = |lines: &[&str], sign: char| -> Vec<String> {
        let count = lines.len() - same;
        lines.iter().take(count).map(|line| format!("{sign}{line}")).collect()
    };
    [but_last(old, '-'), but_last(new, '+')].concat()
}

#[cfg(test)]
mod tests {
    use super::changed_lines;

    #[test]
    fn only_what_differs_is_shown() {
        assert_eq!(changed_lines("a\nb\nc\n", "a\nx\ny\nc\n"), ["-b", "+x", "+y"]);
        assert!(changed_lines("a\n", "a\n").is_empty());
        assert_eq!(changed_lines("", "a\n"), ["+a"]);
    }
}
