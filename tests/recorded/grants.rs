//! What template.yaml's roles grant, under given parameters.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// An action on a resource: `sqs:SendMessage` on `EventQueue`.
pub(crate) type Grant = (String, String);

/// The template's functions with what their roles grant, where its parameters are as `given`, or
/// else their defaults. A resource is its logical id, or what its ARN ends with.
pub(crate) fn of_functions(template: &Value, given: &[(&str, &str)]) -> BTreeMap<String, BTreeSet<Grant>> {
    let template = Template::new(template, given);
    let resources = template.json["Resources"].as_object().unwrap().iter();
    let functions = resources.filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function");
    functions
        .map(|(id, function)| (id.clone(), template.grants(&template.policies(function))))
        .collect()
}

/// The logical id of a function's role: its own, or the one that SAM makes for it.
pub(crate) fn role(template: &Value, function: &str) -> String {
    let role = &template["Resources"][function]["Properties"]["Role"]["Fn::GetAtt"][0];
    role.as_str().map_or_else(|| format!("{function}Role"), str::to_owned)
}

/// Whether the template writes the function's role out, or leaves it to SAM.
pub(crate) fn has_own_role(template: &Value, function: &str) -> bool {
    template["Resources"].get(role(template, function)).is_some()
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

    /// The policy documents of a function's own role, or those that SAM makes a role of.
    fn policies(&self, function: &Value) -> Value {
        let properties = &function["Properties"];
        let Some(role) = properties["Role"]["Fn::GetAtt"][0].as_str() else {
            return properties["Policies"].clone();
        };
        let role = &self.json["Resources"][role]["Properties"];
        assert!(
            role.get("ManagedPolicyArns").is_none(),
            "a role should say itself what it grants"
        );
        let policies = list(self.resolved(&role["Policies"])).into_iter();
        policies.map(|policy| policy["PolicyDocument"].clone()).collect()
    }

    fn grants(&self, policies: &Value) -> BTreeSet<Grant> {
        let mut grants = BTreeSet::new();
        for policy in list(self.resolved(policies)) {
            let Value::Object(policy) = policy else {
                panic!("{policy}: a policy should be written out, for all to see what it grants");
            };
            for statement in list(policy["Statement"].clone()) {
                assert_eq!(statement["Effect"], "Allow", "{statement}");
                assert!(statement.get("NotAction").is_none() && statement.get("NotResource").is_none());
                for action in list(statement["Action"].clone()) {
                    for resource in list(statement["Resource"].clone()) {
                        grants.insert((text(&action), name(&resource)));
                    }
                }
            }
        }
        grants
    }

    /// `Fn::If` and `Fn::Sub` are worked out. `Ref` and `Fn::GetAtt` of a resource become its
    /// logical id, `Ref` of a parameter its value.
    fn resolved(&self, value: &Value) -> Value {
        match value {
            Value::Array(items) => {
                let items = items.iter().map(|item| self.resolved(item));
                Value::Array(items.filter(|item| !item.is_null()).collect())
            }
            Value::Object(entries) => match self.function(entries) {
                Some(worked_out) => worked_out,
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
            "Fn::If" => match self.holds(&self.json["Conditions"][text(&argument[0])]) {
                true => self.resolved(&argument[1]),
                false => self.resolved(&argument[2]),
            },
            "Fn::Sub" => {
                // A pseudo parameter's own colons are none of an ARN's.
                let mut text = text(argument).replace("AWS::", "");
                for (name, value) in &self.parameters {
                    text = text.replace(&format!("${{{name}}}"), value);
                }
                Value::String(text)
            }
            _ => return None,
        })
    }

    fn holds(&self, condition: &Value) -> bool {
        let (function, argument) = condition.as_object().and_then(|entries| entries.iter().next()).unwrap();
        let mut arguments = argument.as_array().into_iter().flatten();
        match function.as_str() {
            "Condition" => self.holds(&self.json["Conditions"][text(argument)]),
            "Fn::Not" => !self.holds(&argument[0]),
            "Fn::And" => arguments.all(|argument| self.holds(argument)),
            "Fn::Or" => arguments.any(|argument| self.holds(argument)),
            // Parameters are text, also those that are numbers.
            "Fn::Equals" => text(&self.resolved(&argument[0])) == text(&self.resolved(&argument[1])),
            other => panic!("a condition by {other}"),
        }
    }
}

/// The part of an ARN that names what it is of; a logical id as it is.
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
