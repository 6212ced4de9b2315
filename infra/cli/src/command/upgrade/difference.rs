//! What a new template means for a deployed stack.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// The sections whose entries are compared, in the order in which they are shown.
const SECTIONS: [&str; 6] = ["Parameters", "Rules", "Conditions", "Globals", "Resources", "Outputs"];

/// Resources with data or with an address that others know, and the properties whose change makes CloudFormation
/// replace one: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/>, "Update requires".
const KEPT: [(&str, &[&str]); 6] = [
    (
        "AWS::DynamoDB::Table",
        &["KeySchema", "LocalSecondaryIndexes", "TableName"],
    ),
    ("AWS::KMS::Key", &["KeySpec"]),
    ("AWS::Logs::LogGroup", &["LogGroupName"]),
    ("AWS::SecretsManager::Secret", &["Name"]),
    ("AWS::Serverless::HttpApi", &["StageName"]),
    ("AWS::SQS::Queue", &["FifoQueue", "QueueName"]),
];

/// One entry of the template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) what: What,
    /// Such as `Resources.LedgerTable`.
    pub(crate) name: String,
    /// Its type, or the parts that change.
    pub(crate) detail: String,
    /// What may cost data or stop webhooks.
    pub(crate) warnings: Vec<String>,
    /// What has to be done.
    pub(crate) tasks: Vec<String>,
}

/// What happens to an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    Added,
    Changed,
    Removed,
}

impl What {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

/// What is different in `new`. `settings` is samconfig.toml, which may set a parameter that is gone.
pub(crate) fn differences(old: &Value, new: &Value, settings: &str) -> Vec<Difference> {
    let mut found = Vec::new();
    for section in SECTIONS {
        let entries = |template: &Value| {
            template
                .get(section)
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default()
        };
        let (old, new) = (entries(old), entries(new));
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let changes = names
            .into_iter()
            .filter_map(|name| difference(section, name, old.get(name), new.get(name), settings));
        found.extend(changes);
    }
    found
}

fn difference(
    section: &str,
    name: &str,
    old: Option<&Value>,
    new: Option<&Value>,
    settings: &str,
) -> Option<Difference> {
    let (what, detail, warnings) = match (old, new) {
        (Some(old), Some(new)) if old == new => return None,
        (None, None) => return None,
        (None, Some(new)) => (What::Added, kind(new).to_owned(), Vec::new()),
        (Some(old), None) => (
            What::Removed,
            kind(old).to_owned(),
            removed(section, old).into_iter().collect(),
        ),
        (Some(old), Some(new)) => (What::Changed, paths(old, new).join(", "), changed(section, old, new)),
    };
    let mut tasks = Vec::new();
    if section == "Parameters" {
        if what == What::Removed && sets(settings, name) {
            tasks.push(format!("remove `{name}=…` from samconfig.toml: the parameter is gone"));
        }
        if what == What::Added && new.is_some_and(|new| new.get("Default").is_none()) {
            tasks.push(format!(
                "set `{name}=…` in samconfig.toml: the parameter has no default"
            ));
        }
    }
    Some(Difference {
        what,
        name: format!("{section}.{name}"),
        detail,
        warnings,
        tasks,
    })
}

/// Why removing a resource costs something.
fn removed(section: &str, old: &Value) -> Option<String> {
    let kind = kind(old);
    if section != "Resources" || !KEPT.iter().any(|(kept, _)| *kept == kind) {
        return None;
    }
    Some(match is_retained(old, "DeletionPolicy") {
        true => "leaves the stack: it stays in AWS with its contents, and nothing of Acuse uses it any more".to_owned(),
        false if kind == "AWS::Serverless::HttpApi" => {
            "is deleted, and its URLs with it: providers post to them".to_owned()
        }
        false => "is deleted with its contents".to_owned(),
    })
}

fn changed(section: &str, old: &Value, new: &Value) -> Vec<String> {
    if section != "Resources" {
        return Vec::new();
    }
    if kind(old) != kind(new) {
        return vec![format!(
            "becomes {}: CloudFormation refuses another type under the same name",
            kind(new)
        )];
    }
    let Some((_, replacing)) = KEPT.iter().find(|(kept, _)| *kept == kind(old)) else {
        return Vec::new();
    };
    let property = |value: &Value, name: &str| value.pointer(&format!("/Properties/{name}")).cloned();
    let mut replaces: Vec<&str> = replacing
        .iter()
        .copied()
        .filter(|name| property(old, name) != property(new, name))
        .collect();
    if attribute_changes(old, new) {
        replaces.push("AttributeDefinitions");
    }
    let mut warnings = Vec::new();
    if !replaces.is_empty() {
        let fate = match is_retained(old, "UpdateReplacePolicy") {
            true => "the old one stays in AWS with its contents, outside the stack",
            false => "the old one is deleted with its contents",
        };
        let by = replaces.join(", ");
        warnings.push(format!("is REPLACED by a new, empty one, because {by} changes; {fate}"));
    }
    if is_retained(old, "DeletionPolicy") && !is_retained(new, "DeletionPolicy") {
        warnings.push("is no longer retained: a later version that removes it deletes its contents".to_owned());
    }
    let indexes = |value| -> BTreeSet<String> {
        let indexes = property(value, "GlobalSecondaryIndexes").unwrap_or_default();
        let names = indexes
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|index| index.get("IndexName")?.as_str());
        names.map(str::to_owned).collect()
    };
    if indexes(old).symmetric_difference(&indexes(new)).count() > 1 {
        warnings.push(
            "changes several indexes: DynamoDB adds or removes one at a time, so deploy them one by one".to_owned(),
        );
    }
    warnings
}

/// Whether an attribute that the table has gets another type. A new one is for a new index.
fn attribute_changes(old: &Value, new: &Value) -> bool {
    let attributes = |value: &Value| -> Map<String, Value> {
        let list = value
            .pointer("/Properties/AttributeDefinitions")
            .and_then(Value::as_array)
            .cloned();
        let pairs = list.into_iter().flatten().filter_map(|attribute| {
            let name = attribute.get("AttributeName")?.as_str()?.to_owned();
            Some((name, attribute.get("AttributeType")?.clone()))
        });
        pairs.collect()
    };
    let new = attributes(new);
    attributes(old)
        .iter()
        .any(|(name, kind)| new.get(name).is_some_and(|new| new != kind))
}

fn is_retained(resource: &Value, policy: &str) -> bool {
    let policy = resource.get(policy).and_then(Value::as_str);
    policy.is_some_and(|policy| policy.starts_with("Retain"))
}

fn kind(entry: &Value) -> &str {
    entry.get("Type").and_then(Value::as_str).unwrap_or_default()
}

/// Whether samconfig.toml has `name=…` in its parameter_overrides.
fn sets(settings: &str, name: &str) -> bool {
    let code = settings.lines().filter(|line| !line.trim_start().starts_with('#'));
    code.flat_map(|line| line.split(|c: char| c.is_whitespace() || "\"',[]".contains(c)))
        .any(|word| word.split_once('=').is_some_and(|(own, _)| own == name))
}

/// The parts that differ, as deep as names go: `Properties.KeySchema`.
fn paths(old: &Value, new: &Value) -> Vec<String> {
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else {
        return Vec::new();
    };
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    // What a condition or a value consists of says nothing by its name.
    let names = names.into_iter().filter(|name| !name.starts_with("Fn::"));
    let differing = names.filter(|name| old.get(*name) != new.get(*name));
    let mut found = Vec::new();
    for name in differing {
        let inner = match (old.get(name), new.get(name)) {
            (Some(old), Some(new)) if ["Properties", "Function"].contains(&name.as_str()) => paths(old, new),
            _ => Vec::new(),
        };
        match inner.is_empty() {
            true => found.push(name.clone()),
            false => found.extend(inner.into_iter().map(|path| format!("{name}.{path}"))),
        }
    }
    found
}

#[cfg(test)]
mod tests;
