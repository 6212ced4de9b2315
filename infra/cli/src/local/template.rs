//! What the local stack reads from template.yaml, and the little that it changes.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};

use super::condition;
use super::error::Error;

/// The SAM template as JSON.
#[derive(Debug)]
pub(super) struct Template(pub(super) Value);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FunctionResource {
    pub(super) logical_id: String,
    /// The binary that is its code.
    pub(super) binary: String,
    pub(super) http_events: Vec<HttpEvent>,
}

/// An `HttpApi` event of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HttpEvent {
    /// The API's logical id.
    pub(super) api: String,
    pub(super) method: String,
    pub(super) path: String,
}

impl Template {
    fn resources_mut(&mut self) -> Option<&mut Map<String, Value>> {
        self.0.get_mut("Resources")?.as_object_mut()
    }

    /// Makes these values the defaults of their parameters.
    pub(super) fn give(&mut self, parameters: &[(String, String)]) {
        for (name, value) in parameters {
            if let Some(parameter) = self.0.pointer_mut(&format!("/Parameters/{name}")) {
                parameter["Default"] = json!(value);
            }
        }
    }

    /// All functions that the parameters' defaults leave, by logical id.
    ///
    /// # Errors
    /// A function that does not name its binary.
    pub(super) fn functions(&self) -> Result<Vec<FunctionResource>, Error> {
        let resources = self.0.get("Resources").and_then(Value::as_object);
        let functions = resources
            .into_iter()
            .flatten()
            .filter(|(_, resource)| text(resource, "/Type") == Some("AWS::Serverless::Function"))
            .filter(|(_, resource)| text(resource, "/Condition").is_none_or(|name| condition::holds(&self.0, name)));
        functions
            .map(|(id, resource)| match binary(resource) {
                Some(binary) => Ok(FunctionResource {
                    logical_id: id.clone(),
                    binary: binary.to_owned(),
                    http_events: http_events(resource),
                }),
                None => Err(Error::Template(format!(
                    "{id} should name its binary in Metadata.BuildProperties.Binary"
                ))),
            })
            .collect()
    }

    /// The logical ids of all resources of this type, with their physical ids.
    pub(super) fn of_type(&self, kind: &str, physical: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let resources = self.0.get("Resources").and_then(Value::as_object);
        let of_type = resources
            .into_iter()
            .flatten()
            .filter(|(_, resource)| text(resource, "/Type") == Some(kind));
        of_type
            .filter_map(|(id, _)| Some((id.clone(), physical.get(id)?.clone())))
            .collect()
    }

    /// Makes `new` the code of the functions that name the binary `old`.
    pub(super) fn replace_binary(&mut self, old: &str, new: &str) {
        for resource in self.resources_mut().into_iter().flat_map(Map::values_mut) {
            if let Some(binary) = resource.pointer_mut(BINARY)
                && binary == old
            {
                *binary = new.into();
            }
        }
    }

    /// Takes each function's code from `s3://{bucket}/{binary}.zip` instead of a folder.
    pub(super) fn take_code_from(&mut self, bucket: &str) {
        for resource in self.resources_mut().into_iter().flat_map(Map::values_mut) {
            let code = binary(resource).map(|binary| json!(format!("s3://{bucket}/{binary}.zip")));
            let properties = resource.get_mut("Properties").and_then(Value::as_object_mut);
            if let (Some(code), Some(properties)) = (code, properties) {
                properties.insert("CodeUri".into(), code);
            }
        }
    }

    /// Replaces numeric parameters of event sources by their values. Parameters are text, which the emulator compares
    /// with numbers, and then polls nothing.
    pub(super) fn inline_numbers(&mut self, given: &[(String, String)]) {
        let mut numbers = HashMap::new();
        let parameters = self.0.get("Parameters").and_then(Value::as_object);
        for (name, parameter) in parameters.into_iter().flatten() {
            let own = given.iter().find(|(own, _)| own == name).map(|(_, value)| json!(value));
            let value = own.or_else(|| parameter.get("Default").cloned()).unwrap_or_default();
            let read = value.as_str().and_then(|text| serde_json::from_str(text).ok());
            if let value @ Value::Number(_) = read.unwrap_or(value) {
                numbers.insert(name.clone(), value);
            }
        }
        for resource in self.resources_mut().into_iter().flat_map(Map::values_mut) {
            if let Some(events) = resource.pointer_mut("/Properties/Events") {
                replace_references(events, &numbers);
            }
        }
    }

    /// Removes alarms on metric math, which the emulator rejects. It evaluates no alarms anyway.
    pub(super) fn remove_metric_math(&mut self) {
        if let Some(resources) = self.resources_mut() {
            resources.retain(|_, resource| resource.pointer("/Properties/Metrics").is_none());
        }
    }

    /// Those of `wanted` that the template has, with numbers limited to their `MaxValue`.
    pub(super) fn parameters(&self, wanted: &[(&str, &str)]) -> Vec<(String, String)> {
        let fitting = |(name, value): &(&str, &str)| {
            let parameter = self.0.pointer(&format!("/Parameters/{name}"))?;
            // A number, or text if it is quoted.
            let highest = parameter
                .get("MaxValue")
                .and_then(|highest| highest.as_i64().or_else(|| highest.as_str()?.parse().ok()));
            let value = match (value.parse::<i64>(), highest) {
                (Ok(number), Some(highest)) => number.min(highest).to_string(),
                _ => (*value).to_owned(),
            };
            Some(((*name).to_owned(), value))
        };
        wanted.iter().filter_map(fitting).collect()
    }

    /// The template as CloudFormation takes it.
    pub(super) fn render(&self) -> String {
        self.0.to_string()
    }
}

fn http_events(function: &Value) -> Vec<HttpEvent> {
    let events = function.pointer("/Properties/Events").and_then(Value::as_object);
    let events = events.into_iter().flat_map(|events| events.values());
    events
        .filter(|event| text(event, "/Type") == Some("HttpApi"))
        .map(|event| HttpEvent {
            // SAM's name for the API of events that name none.
            api: text(event, "/Properties/ApiId/Ref")
                .unwrap_or("ServerlessHttpApi")
                .to_owned(),
            method: text(event, "/Properties/Method").unwrap_or("ANY").to_ascii_uppercase(),
            path: text(event, "/Properties/Path").unwrap_or("$default").to_owned(),
        })
        .collect()
}

const BINARY: &str = "/Metadata/BuildProperties/Binary";

fn binary(function: &Value) -> Option<&str> {
    text(function, BINARY)
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

/// Replaces references to parameters by these values.
fn replace_references(value: &mut Value, values: &HashMap<String, Value>) {
    if let Some(named) = text(value, "/Ref").and_then(|name| values.get(name)) {
        *value = named.clone();
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| replace_references(item, values)),
        Value::Object(entries) => entries.values_mut().for_each(|entry| replace_references(entry, values)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Template {
        Template(acuse_files::template::read(text).unwrap())
    }

    const TEXT: &str = "
Parameters:
  RetentionDays: {Type: Number, MaxValue: 3650}
  Environment: {Type: String}
Resources:
  Queue: {Type: AWS::SQS::Queue}
  VerifyFunction:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: verifier}}
    Properties:
      CodeUri: .
      Events:
        Post: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: post, Path: /webhooks/verifier}}
        Batch: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn}}
";

    #[test]
    fn code_comes_from_the_bucket() {
        let mut template = parse(TEXT);
        template.take_code_from("code");
        assert_eq!(
            template.0.pointer("/Resources/VerifyFunction/Properties/CodeUri"),
            Some(&json!("s3://code/verifier.zip"))
        );
    }

    #[test]
    fn routes_are_those_of_http_api_events() {
        let functions = parse(TEXT).functions().unwrap();
        let event = HttpEvent {
            api: "Api".into(),
            method: "POST".into(),
            path: "/webhooks/verifier".into(),
        };
        assert_eq!(functions[0].http_events, [event]);
    }

    #[test]
    fn a_function_that_is_switched_off_is_left_out() {
        let conditions = "
Conditions:
  UsesVerifier: !Equals [!Ref Verifier, 'on']
";
        let text = TEXT.replace("Resources:", "  Verifier: {Type: String, Default: 'on'}\nResources:");
        let text = text.replace("    Metadata:", "    Condition: UsesVerifier\n    Metadata:") + conditions;
        let mut template = parse(&text);
        assert_eq!(template.functions().unwrap().len(), 1);
        template.give(&[("Verifier".to_owned(), "off".to_owned())]);
        assert_eq!(template.functions().unwrap(), []);
    }

    #[test]
    fn numeric_parameters_of_event_sources_are_inlined() {
        let text = "
Parameters:
  Most: {Type: Number, Default: 10}
  Batch: {Type: Number, Default: 10}
  Name: {Type: String, Default: x}
Resources:
  F:
    Properties:
      Events:
        Queue:
          Properties:
            BatchSize: !Ref Batch
            Queue: !Ref Name
            ScalingConfig: !If [Is, !Ref AWS::NoValue, {MaximumConcurrency: !Ref Most}]
";
        let mut template = parse(text);
        template.inline_numbers(&[("Batch".to_owned(), "5".to_owned())]);
        assert_eq!(
            template.0.pointer("/Resources/F/Properties/Events/Queue/Properties"),
            Some(&json!({
                "BatchSize": 5,
                "Queue": {"Ref": "Name"},
                "ScalingConfig": {"Fn::If": ["Is", {"Ref": "AWS::NoValue"}, {"MaximumConcurrency": 10}]},
            }))
        );
    }

    #[test]
    fn alarms_on_metric_math_are_removed() {
        let text = "
Resources:
  Share: {Type: AWS::CloudWatch::Alarm, Properties: {Metrics: [{Id: a, Expression: 1}]}}
  Depth: {Type: AWS::CloudWatch::Alarm, Properties: {MetricName: Depth}}
";
        let mut template = parse(text);
        template.remove_metric_math();
        assert_eq!(
            template.0.pointer("/Resources"),
            Some(&json!({"Depth": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "Depth"}}}))
        );
    }

    #[test]
    fn parameters_are_limited_to_the_templates_maximum() {
        let wanted = [("RetentionDays", "36500"), ("Environment", "any"), ("Unknown", "x")];
        let parameters = parse(TEXT).parameters(&wanted);
        let expected = [("RetentionDays", "3650"), ("Environment", "any")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(parameters, expected);
    }

    #[test]
    fn a_function_without_a_binary_is_an_error() {
        let template = parse("Resources: {F: {Type: AWS::Serverless::Function}}");
        assert!(matches!(template.functions(), Err(Error::Template(text)) if text.contains('F')));
    }
}
