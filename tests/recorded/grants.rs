//! What template.yaml's roles grant, under given parameters.

use std::collections::{BTreeMap, BTreeSet};

use acuse_tests::template::POLICY;
use serde_json::{Map, Value};

/// An action on a resource: `sqs:SendMessage` on `EventQueue`.
pub(crate) type Grant = (String, String);

/// What a function's role grants.
#[derive(Debug, Default)]
pub(crate) struct Grants {
    pub(crate) ours: BTreeSet<Grant>,
    /// By the owner's policy.
    pub(crate) yours: BTreeSet<Grant>,
}

/// The template's functions with what their roles grant, if the template's parameters are as `given` or else have
/// their defaults. A resource is its logical id, or the end of its ARN.
pub(crate) fn of_functions(template: &Value, given: &[(&str, &str)]) -> BTreeMap<String, Grants> {
    let template = Template::new(template, given);
    let resources = template.json["Resources"].as_object().unwrap().iter();
    let functions = resources.filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function");
    functions
        .map(|(id, function)| (id.clone(), template.grants(function)))
        .collect()
}

struct Template<'a> {
    json: &'a Value,
    parameters: BTreeMap<&'a str, String>,
}

impl<'a> Template<'a> {
    fn new(json: &'a Value, given: &[(&'a str, &'a str)]) -> Self {
        let declared = json["Parameters"].as_object().unwrap().iter();
        let default = |(name, parameter): (&'a String, &'a Value)| (name.as_str(), text(&parameter["Default"]));
        let mut parameters: BTreeMap<_, _> = declared.map(default).collect();
        for (name, value) in given {
            if let Some(parameter) = parameters.get_mut(name) {
                (*value).clone_into(parameter);
            }
        }
        Self { json, parameters }
    }

    fn grants(&self, function: &Value) -> Grants {
        let role = function["Properties"]["Role"]["Fn::GetAtt"][0].as_str();
        let role = &self.json["Resources"][role.expect("each function names its role")]["Properties"];
        assert!(
            role.get("ManagedPolicyArns").is_none(),
            "a role lists its own statements"
        );
        let mut grants = Grants::default();
        for policy in list(self.resolved(&role["Policies"])) {
            let is_yours = policy["PolicyName"] == POLICY;
            let granted = if is_yours { &mut grants.yours } else { &mut grants.ours };
            for statement in list(policy["PolicyDocument"]["Statement"].clone()) {
                if is_yours && statement["Effect"] != "Allow" {
                    continue;
                }
                assert_eq!(statement["Effect"], "Allow", "{statement}");
                assert!(statement.get("NotAction").is_none() && statement.get("NotResource").is_none());
                for action in list(statement["Action"].clone()) {
                    for resource in list(statement["Resource"].clone()) {
                        granted.insert((text(&action), name(&resource)));
                    }
                }
            }
        }
        grants
    }

    /// Evaluates `Fn::If` and `Fn::Sub`. `Ref` and `Fn::GetAtt` of a resource become its logical id, and `Ref` of a
    /// parameter its value.
    fn resolved(&self, value: &Value) -> Value {
        match value {
            Value::Array(items) => {
                let items = items.iter().map(|item| self.resolved(item));
                Value::Array(items.filter(|item| !item.is_null()).collect())
            }
            Value::Object(entries) => match self.function(entries) {
                Some(value) => value,
                None => {
                    let entries = entries.iter().map(|(name, value)| (name.clone(), self.resolved(value)));
                    Value::Object(entries.filter(|(_, value)| !value.is_null()).collect())
                }
            },
            other => other.clone(),
        }
    }

    fn function(&self, entries: &Map<String, Value>) -> Option<Value> {
        let (name, argument) = entries.iter().next().filter(|_| entries.len() == 1)?;
        Some(match name.as_str() {
            "Ref" if argument == "AWS::NoValue" => Value::Null,
            "Ref" => match self.parameters.get(text(argument).as_str()) {
                Some(value) => Value::String(value.clone()),
                None => argument.clone(),
            },
            "Fn::GetAtt" => argument[0].clone(),
            "Fn::If" => match self.is_true(&self.json["Conditions"][text(&argument[0])]) {
                true => self.resolved(&argument[1]),
                false => self.resolved(&argument[2]),
            },
            "Fn::Sub" => {
                // The colons in the names of pseudo parameters don't separate the parts of an ARN.
                let mut text = text(argument).replace("AWS::", "");
                for id in self.json["Resources"].as_object().unwrap().keys() {
                    text = text.replace(&format!("${{{id}.Arn}}"), id);
                }
                for (name, value) in &self.parameters {
                    text = text.replace(&format!("${{{name}}}"), value);
                }
                Value::String(text)
            }
            _ => return None,
        })
    }

    fn is_true(&self, condition: &Value) -> bool {
        let (function, argument) = condition.as_object().and_then(|entries| entries.iter().next()).unwrap();
        let mut arguments = argument.as_array().into_iter().flatten();
        match function.as_str() {
            "Condition" => self.is_true(&self.json["Conditions"][text(argument)]),
            "Fn::Not" => !self.is_true(&argument[0]),
            "Fn::And" => arguments.all(|argument| self.is_true(argument)),
            "Fn::Or" => arguments.any(|argument| self.is_true(argument)),
            // Parameters are strings, even if they are numbers.
            "Fn::Equals" => text(&self.resolved(&argument[0])) == text(&self.resolved(&argument[1])),
            other => panic!("a condition by {other}"),
        }
    }
}

/// The end of an ARN, which names the resource; a logical id stays as it is.
fn name(resource: &Value) -> String {
    let text = text(resource);
    match text.starts_with("arn:") {
        true => text.splitn(6, ':').last().unwrap_or_default().to_owned(),
        false => text,
    }
}

fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
