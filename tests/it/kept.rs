//! infra/kept.json: the resources that outlive a stack, as a template with which a new stack imports them.

use std::collections::BTreeSet;
use std::path::Path;

use acuse_tests::template;
use serde_json::{Map, Value, json};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../infra/kept.json");

/// An import accepts only resources to import, but SAM's transform adds others. So this template has nothing but the
/// kept resources, and the parameters and conditions that they name.
#[test]
fn kept_resources_have_a_template_of_their_own() {
    // It may contain the owner's resources as well: ACUSE_BLESS=1 adds them.
    let [ours, whole] = [template::ours(), template::whole()].map(kept);
    if std::env::var_os("ACUSE_BLESS").is_some() {
        std::fs::write(FILE, &whole).unwrap();
    }
    let written = std::fs::read_to_string(Path::new(FILE)).unwrap_or_default();
    if written != whole {
        assert_eq!(
            written, ours,
            "infra/kept.json differs from template.yaml; ACUSE_BLESS=1 writes it"
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
        "Description": "The resources that outlive a stack of Acuse, for a new stack to import. Generated from template.yaml by a test.",
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

/// Collects the names in `Ref`, `Fn::If` and the `Condition` of a resource.
fn names(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        Value::Object(entries) => {
            let condition = entries.get("Fn::If").and_then(|operands| operands.get(0));
            let named = [entries.get("Ref"), entries.get("Condition"), condition];
            found.extend(named.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
            entries.values().for_each(|entry| names(entry, found));
        }
        _ => {}
    }
}
