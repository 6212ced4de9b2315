//! template.yaml, divided into what is ours and what is the owner's.
//!
//! The owner's part is everything under the headings `Yours` and the policy [`POLICY`] of the consumer's role.
//! Our tests check only our part.

use std::collections::BTreeSet;

use acuse_cli::local::Checkout;
use serde_json::Value;

/// The policy of the consumer's role with the permissions of the owner's hooks.
pub const POLICY: &str = "hooks";

/// The whole template.
///
/// # Panics
/// If it can't be read.
pub fn whole() -> Value {
    Checkout::find().unwrap().read_template().unwrap()
}

/// The template without the owner's part.
///
/// # Panics
/// If it can't be read.
pub fn ours() -> Value {
    let text = std::fs::read_to_string(Checkout::find().unwrap().root().join("template.yaml")).unwrap();
    without(whole(), &yours(&text))
}

/// An entry of the template: its section and its name.
pub type Entry = (String, String);

/// The entries under the headings `Yours`, which end with their section.
pub fn yours(text: &str) -> BTreeSet<Entry> {
    let (mut section, mut is_yours) = ("", false);
    let mut entries = BTreeSet::new();
    for line in text.lines() {
        let name = line.trim_start().split(':').next().unwrap_or_default();
        match line.len() - line.trim_start().len() {
            0 if line.ends_with(':') => (section, is_yours) = (name, false),
            2 if line.trim_start().starts_with("# ── Yours") => is_yours = true,
            2 if is_yours && !name.starts_with('#') => {
                entries.insert((section.to_owned(), name.to_owned()));
            }
            _ => {}
        }
    }
    entries
}

fn without(mut template: Value, yours: &BTreeSet<Entry>) -> Value {
    for (section, name) in yours {
        template[section].as_object_mut().unwrap().remove(name).unwrap();
    }
    let policies = template["Resources"]["ConsumerRole"]["Properties"]["Policies"].as_array_mut();
    policies.unwrap().retain(|policy| policy["PolicyName"] != POLICY);
    template
}
