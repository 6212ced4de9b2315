//! The tables and variables of template.yaml, read when a test runs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use acuse_files::template;
use serde_json::{Map, Value, json};

/// The template of the checkout that the test runs in, read once for all tests of a process.
pub(super) static TEMPLATE: LazyLock<Template> = LazyLock::new(|| {
    let path = find();
    let text = std::fs::read_to_string(&path).unwrap();
    let json = template::read(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Template::of(&json)
});

pub(super) struct Template {
    /// Each table as DynamoDB's `CreateTable` takes it.
    pub(super) tables: Vec<Value>,
    /// The consumer's variables. One that only a deployment can know is left out.
    pub(super) variables: BTreeMap<String, String>,
    /// The consumer's time-out.
    pub(super) time_out: Duration,
    /// How long the event queue hides a message that was received.
    pub(super) visibility: Duration,
}

/// In the folder where cargo starts a test, or above.
fn find() -> PathBuf {
    folder().join("template.yaml")
}

/// The workspace: the nearest folder with a template.yaml.
pub(crate) fn folder() -> PathBuf {
    let start = std::env::current_dir().unwrap();
    let found = start.ancestors().find(|folder| folder.join("template.yaml").is_file());
    let found = found.map(PathBuf::from);
    found.unwrap_or_else(|| panic!("neither {} nor a folder above it has a template.yaml", start.display()))
}

impl Template {
    fn of(json: &Value) -> Self {
        let values = Values(json);
        let consumer = values
            .resources()
            .map(|(_, resource)| resource)
            .find(|resource| resource.pointer("/Metadata/BuildProperties/Binary") == Some(&json!("consumer")))
            .expect("template.yaml should have a function whose binary is `consumer`");
        let seconds = |value: Option<&Value>, default| {
            let seconds = value.and_then(|value| values.resolve(value)?.parse().ok());
            Duration::from_secs(seconds.unwrap_or(default))
        };
        let tables = values.resources().filter(|(_, resource)| is_table(resource));
        let queue = json.pointer("/Resources/EventQueue/Properties/VisibilityTimeout");
        Self {
            tables: tables.map(|(id, resource)| create_table(id, resource)).collect(),
            variables: [json.pointer("/Globals/Function"), consumer.get("Properties")]
                .into_iter()
                .flatten()
                .filter_map(|function| function.pointer("/Environment/Variables")?.as_object())
                .flatten()
                .filter_map(|(name, value)| Some((name.clone(), values.resolve(value)?)))
                .collect(),
            time_out: seconds(consumer.pointer("/Properties/Timeout"), 30),
            visibility: seconds(queue, 180),
        }
    }

    /// The name of the table that the template, a variable or a person calls `name`.
    pub(super) fn table(&self, name: &str, variables: &BTreeMap<String, String>) -> Option<String> {
        let names = || self.tables.iter().filter_map(|table| table["TableName"].as_str());
        let by_variable = || variables.get(name).filter(|table| names().any(|own| own == *table));
        let found = names().find(|own| plain(own) == plain(name)).map(str::to_owned);
        found.or_else(|| by_variable().cloned())
    }
}

/// `OrdersTable`, `ORDERS_TABLE` and `orders` are one table.
fn plain(name: &str) -> String {
    let name: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
    let name = name.to_lowercase();
    name.strip_suffix("table").unwrap_or(&name).to_owned()
}

fn is_table(resource: &Value) -> bool {
    resource["Type"] == json!("AWS::DynamoDB::Table")
}

fn name_of(id: &str, resource: &Value) -> String {
    let own = resource.pointer("/Properties/TableName").and_then(Value::as_str);
    own.unwrap_or(id).to_owned()
}

/// Keys and indexes, which CloudFormation and DynamoDB write the same way. Throughput, encryption and backups are left
/// out: no hook can see them.
fn create_table(id: &str, resource: &Value) -> Value {
    let mut table = json!({"TableName": name_of(id, resource), "BillingMode": "PAY_PER_REQUEST"});
    for part in [
        "AttributeDefinitions",
        "KeySchema",
        "GlobalSecondaryIndexes",
        "LocalSecondaryIndexes",
    ] {
        if let Some(value) = resource.pointer(&format!("/Properties/{part}")) {
            table[part] = value.clone();
        }
    }
    let indexes = table.get_mut("GlobalSecondaryIndexes").and_then(Value::as_array_mut);
    for index in indexes.into_iter().flatten().filter_map(Value::as_object_mut) {
        index.retain(|name, _| ["IndexName", "KeySchema", "Projection"].contains(&name.as_str()));
    }
    table
}

/// What values of the template stand for.
struct Values<'t>(&'t Value);

impl<'t> Values<'t> {
    fn resources(&self) -> impl Iterator<Item = (&'t String, &'t Value)> + use<'t> {
        let resources = self.0["Resources"].as_object();
        resources.into_iter().flat_map(Map::iter)
    }

    /// The text that `value` stands for; `None` if only a deployment knows it.
    fn resolve(&self, value: &Value) -> Option<String> {
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
            _ => {
                let name = value.get("Ref")?.as_str()?;
                let parameter = self.0.pointer(&format!("/Parameters/{name}"));
                match parameter {
                    Some(parameter) => self.resolve(parameter.get("Default")?),
                    None => self
                        .0
                        .pointer(&format!("/Resources/{name}"))
                        .map(|resource| name_of(name, resource)),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
