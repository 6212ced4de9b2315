//! infra/kept.json: what outlives a stack, as a template of its own that a new stack takes it over by.

use std::collections::BTreeSet;
use std::path::Path;

use acuse_tests::template;
use serde_json::{Map, Value, json};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/kept.json");

/// An import takes resources that are in the template and nothing else, and SAM's transform adds others: so it
/// has these alone, with the parameters and conditions that they name.
#[test]
fn what_is_kept_is_a_template_of_its_own() {
    // Written anew, it has the owner's resources as well.
    let [ours, whole] = [template::ours(), template::whole()].map(kept);
    if std::env::var_os("ACUSE_BLESS").is_some() {
        std::fs::write(FILE, &whole).unwrap();
    }
    let written = std::fs::read_to_string(Path::new(FILE)).unwrap_or_default();
    if written != whole {
        assert_eq!(
            written, ours,
            "infra/kept.json is not what template.yaml keeps; ACUSE_BLESS=1 writes it"
        );
    }
}

fn kept(template: Value) -> String {
    let kept = select(&template, "Resources", |_, resource| {
        resource.get("DeletionPolicy").is_some()
    });
    assert!(kept.len() >= 8, "{:?}", kept.keys());
    let mut named = BTreeSet::new();
    names(&Value::Object(kept.clone()), &mut named);
    let conditions = select(&template, "Conditions", |name, _| named.contains(name));
    names(&Value::Object(conditions.clone()), &mut named);
    let parameters = select(&template, "Parameters", |name, _| named.contains(name));
    let wanted = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "What outlives a stack of Acuse, for a new stack to import. Made of template.yaml by a test.",
        "Parameters": parameters,
        "Conditions": conditions,
        "Resources": kept,
    });
    serde_json::to_string_pretty(&wanted).unwrap() + "\n"
}

fn select(template: &Value, part: &str, wanted: impl Fn(&str, &Value) -> bool) -> Map<String, Value> {
    let entries = template[part].as_object().unwrap().iter();
    let wanted = entries.filter(|(name, entry)| wanted(name, entry));
    wanted.map(|(name, entry)| (name.clone(), entry.clone())).collect()
}

/// Collects what `Ref` and `Fn::If` name.
fn names(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        Value::Object(entries) => {
            let condition = entries.get("Fn::If").and_then(|operands| operands.get(0));
            let named = [entries.get("Ref"), condition];
            found.extend(named.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
            entries.values().for_each(|entry| names(entry, found));
        }
        _ => {}
    }
}
