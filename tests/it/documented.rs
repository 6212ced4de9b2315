//! The template's tables in docs/operations.md, without the owner's part of the template.

use std::collections::BTreeSet;

use acuse_core::provider::Provider;
use acuse_core::providers;
use acuse_tests::document::Document;
use acuse_tests::template;
use serde_json::{Map, Value};

const PAGE: &str = "operations.md";

#[test]
fn every_parameter_resource_and_output_is_documented() {
    let mut page = Document::read(PAGE);
    parameters(&mut page);
    outputs(&mut page);
    resources(&mut page);
}

fn parameters(page: &mut Document) {
    let rows = entries("Parameters", |name, parameter| {
        let default = text(&parameter["Default"]);
        let default = if default.is_empty() {
            "none".to_owned()
        } else {
            format!("`{default}`")
        };
        format!(
            "| `{name}` | {default} | {} | {} |",
            allowed(parameter),
            text(&parameter["Description"])
        )
    });
    let table = format!("| parameter | default | allowed | |\n|---|---|---|---|\n{rows}");
    page.check("parameters", &table);
}

fn outputs(page: &mut Document) {
    let rows = entries("Outputs", |name, output| {
        format!("| `{name}` | {} |", text(&output["Description"]))
    });
    page.check("outputs", &format!("| output | |\n|---|---|\n{rows}"));
}

/// The purpose of a resource is written in the page itself, or else in the resource's description.
fn resources(page: &mut Document) {
    let written: Map<String, Value> = page.section("resources").lines().filter_map(purpose).collect();
    let mut silent = Vec::new();
    let rows = entries("Resources", |name, resource| {
        let properties = &resource["Properties"];
        let own = [
            written.get(name).unwrap_or(&Value::Null),
            &properties["Description"],
            &properties["AlarmDescription"],
            &alike(&written, name),
        ];
        let own = own.into_iter().filter_map(Value::as_str).find(|text| !text.is_empty());
        if own.is_none() {
            silent.push(name.to_owned());
        }
        let kind = text(&resource["Type"]).replace("AWS::", "").replace("::", " ");
        format!("| `{name}` | {kind} | {} |", own.unwrap_or_default())
    });
    page.check(
        "resources",
        &format!("| resource | type | what it is for |\n|---|---|---|\n{rows}"),
    );
    assert!(
        silent.is_empty(),
        "{PAGE} should describe these; if they are yours, move them under the heading `Yours` in template.yaml: {silent:?}"
    );
}

/// The purpose of the same resource of another provider, with this one's name in it: a new provider needs no words.
fn alike(written: &Map<String, Value>, name: &str) -> Value {
    let resources = &template::ours()["Resources"];
    let function = |id: &str| resources[format!("{id}Function")]["Properties"]["Description"].as_str();
    let display = |id: &str| Some(function(id)?.strip_prefix("Verifies ")?.split_once("'s webhooks")?.0);
    let known = providers::ALL.iter().map(Provider::logical_id).collect::<Vec<_>>();
    let own = known.iter().find(|id| name.starts_with(id.as_str()));
    let found = own.and_then(|own| {
        let of = |other: &String| written.get(&name.replacen(own.as_str(), other, 1))?.as_str();
        let (other, text) = known
            .iter()
            .filter(|other| *other != own)
            .find_map(|other| Some((other, of(other)?)))?;
        Some(text.replace(display(other)?, display(own)?))
    });
    found.map_or(Value::Null, Value::from)
}

/// A row of the resources' table: a name and its purpose.
fn purpose(row: &str) -> Option<(String, Value)> {
    let mut cells = row.trim_matches('|').split('|').map(str::trim);
    let name = cells.next()?.trim_matches('`').to_owned();
    let purpose = cells.nth(1)?.to_owned();
    Some((name, purpose.into()))
}

/// A row for each entry of a part of the template, by name.
fn entries(part: &str, mut row: impl FnMut(&str, &Value) -> String) -> String {
    let template = template::ours();
    let entries = template[part].as_object().unwrap().iter();
    entries.map(|(name, entry)| row(name, entry) + "\n").collect()
}

fn allowed(parameter: &Value) -> String {
    let bound = |name: &str| parameter.get(name).map(text);
    match (
        parameter["AllowedValues"].as_array(),
        bound("MinValue"),
        bound("MaxValue"),
    ) {
        (Some(values), ..) => values.iter().map(text).collect::<Vec<_>>().join(", "),
        (None, Some(least), Some(most)) => format!("{least} to {most}"),
        (None, Some(least), None) => format!("{least} or more"),
        (None, None, Some(most)) => format!("up to {most}"),
        (None, None, None) => String::new(),
    }
}

/// A cell's text.
fn text(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.replace('|', "\\|").replace('\n', " ")
}

#[test]
fn only_what_is_under_the_headings_is_the_owners() {
    let text = "
Parameters:
  Environment: { Type: String }
  # ── Yours: your parameters ──
# A comment.
Resources:
  EventQueue:
    Type: AWS::SQS::Queue

  # ── Yours: your resources ──
  # My orders.

  OrdersTable:
    Type: AWS::DynamoDB::Table

Outputs:
  ApiUrl: { Value: x }
  # ── Yours: your outputs ──
  OrdersTableName: { Value: y }
";
    let entry = |section: &str, name: &str| (section.to_owned(), name.to_owned());
    let wanted = [entry("Outputs", "OrdersTableName"), entry("Resources", "OrdersTable")];
    assert_eq!(template::yours(text), BTreeSet::from(wanted));
}
