//! template.yaml: what the local stack reads from it, and the little that it changes.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::error::Error;
use super::yaml;

/// The SAM template as JSON.
#[derive(Debug, Clone)]
pub(super) struct Template(Value);

/// A function's logical id and the binary that is its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) logical_id: String,
    pub(super) binary: String,
}

/// A route of the HTTP API, as a function's `HttpApi` event names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    /// The API's logical id.
    pub(super) api: String,
    /// The function's logical id.
    pub(super) function: String,
    pub(super) method: String,
    pub(super) path: String,
}

impl Template {
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        yaml::read(text).map(Self)
    }

    /// All functions, in the order of their logical ids.
    ///
    /// # Errors
    /// A function that does not name its binary.
    pub(super) fn functions(&self) -> Result<Vec<Function>, Error> {
        let binary = |(id, resource): (&str, &Value)| match resource.pointer("/Metadata/BuildProperties/Binary") {
            Some(Value::String(binary)) => Ok(Function {
                logical_id: id.to_owned(),
                binary: binary.clone(),
            }),
            _ => Err(Error::Template(format!(
                "{id} should name its binary in Metadata.BuildProperties.Binary"
            ))),
        };
        self.function_resources().map(binary).collect()
    }

    /// The routes of all functions' `HttpApi` events.
    pub(super) fn routes(&self) -> Vec<Route> {
        let mut routes = Vec::new();
        for (id, resource) in self.function_resources() {
            let events = resource.pointer("/Properties/Events").and_then(Value::as_object);
            for event in events.into_iter().flat_map(|events| events.values()) {
                if event.get("Type").and_then(Value::as_str) != Some("HttpApi") {
                    continue;
                }
                let text = |pointer| event.pointer(pointer).and_then(Value::as_str);
                routes.push(Route {
                    // The name that SAM gives to the API of events that name none.
                    api: text("/Properties/ApiId/Ref").unwrap_or("ServerlessHttpApi").to_owned(),
                    function: id.to_owned(),
                    method: text("/Properties/Method").unwrap_or("ANY").to_ascii_uppercase(),
                    path: text("/Properties/Path").unwrap_or("$default").to_owned(),
                });
            }
        }
        routes
    }

    /// Takes each function's code from `s3://{bucket}/{binary}.zip` instead of a folder.
    pub(super) fn take_code_from(&mut self, bucket: &str) -> Result<(), Error> {
        for Function { logical_id, binary } in self.functions()? {
            let properties = self.0.pointer_mut(&format!("/Resources/{logical_id}/Properties"));
            if let Some(Value::Object(properties)) = properties {
                properties.insert("CodeUri".into(), json!(format!("s3://{bucket}/{binary}.zip")));
            }
        }
        Ok(())
    }

    /// Writes the numbers of event sources as numbers. Where they are parameters, AWS takes the parameters'
    /// texts; the emulator compares those with numbers, and polls nothing.
    pub(super) fn write_as_meant(&mut self, given: &[(String, String)]) {
        let mut meant = HashMap::new();
        let parameters = self.0.get("Parameters").and_then(Value::as_object);
        for (name, parameter) in parameters.into_iter().flatten() {
            let own = given.iter().find(|(own, _)| own == name).map(|(_, value)| json!(value));
            let value = own.or_else(|| parameter.get("Default").cloned()).unwrap_or_default();
            let read = value.as_str().and_then(|text| serde_json::from_str(text).ok());
            if let value @ Value::Number(_) = read.unwrap_or(value) {
                meant.insert(name.clone(), value);
            }
        }
        let resources = self.0.get_mut("Resources").and_then(Value::as_object_mut);
        for resource in resources.into_iter().flat_map(|resources| resources.values_mut()) {
            if let Some(events) = resource.pointer_mut("/Properties/Events") {
                replace_references(events, &meant);
            }
        }
    }

    /// Leaves out alarms by metric math, which the emulator does not know. It rings none anyway.
    pub(super) fn leave_out_metric_math(&mut self) {
        if let Some(resources) = self.0.get_mut("Resources").and_then(Value::as_object_mut) {
            resources.retain(|_, resource| resource.pointer("/Properties/Metrics").is_none());
        }
    }

    /// Those of `wanted` that the template has, with numbers cut to its `MaxValue`.
    pub(super) fn parameters(&self, wanted: &[(&str, &str)]) -> Vec<(String, String)> {
        let fitting = |(name, value): &(&str, &str)| {
            let parameter = self.0.pointer(&format!("/Parameters/{name}"))?;
            // YAML has it as a number, or as text in quotes.
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

    fn function_resources(&self) -> impl Iterator<Item = (&str, &Value)> {
        let resources = self.0.get("Resources").and_then(Value::as_object);
        resources
            .into_iter()
            .flatten()
            .filter(|(_, resource)| resource.get("Type").and_then(Value::as_str) == Some("AWS::Serverless::Function"))
            .map(|(id, resource)| (id.as_str(), resource))
    }
}

/// Puts a parameter's value in the place of each reference to it.
fn replace_references(value: &mut Value, values: &HashMap<String, Value>) {
    let named = value
        .get("Ref")
        .and_then(Value::as_str)
        .and_then(|name| values.get(name));
    match value {
        _ if named.is_some() => *value = named.cloned().unwrap_or_default(),
        Value::Array(items) => items.iter_mut().for_each(|item| replace_references(item, values)),
        Value::Object(entries) => entries.values_mut().for_each(|entry| replace_references(entry, values)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "
Parameters:
  RetentionDays: {Type: Number, MaxValue: 3650}
  Environment: {Type: String}
Resources:
  Queue: {Type: AWS::SQS::Queue}
  DoorFunction:
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
        let mut template = Template::parse(TEXT).unwrap();
        template.take_code_from("code").unwrap();
        assert_eq!(
            template.0.pointer("/Resources/DoorFunction/Properties/CodeUri"),
            Some(&json!("s3://code/verifier.zip"))
        );
    }

    #[test]
    fn routes_are_those_of_http_api_events() {
        let route = Route {
            api: "Api".into(),
            function: "DoorFunction".into(),
            method: "POST".into(),
            path: "/webhooks/verifier".into(),
        };
        assert_eq!(Template::parse(TEXT).unwrap().routes(), [route]);
    }

    #[test]
    fn numbers_are_written_as_such() {
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
        let mut template = Template::parse(text).unwrap();
        template.write_as_meant(&[("Batch".to_owned(), "5".to_owned())]);
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
    fn alarms_by_metric_math_are_left_out() {
        let text = "
Resources:
  Share: {Type: AWS::CloudWatch::Alarm, Properties: {Metrics: [{Id: a, Expression: 1}]}}
  Depth: {Type: AWS::CloudWatch::Alarm, Properties: {MetricName: Depth}}
";
        let mut template = Template::parse(text).unwrap();
        template.leave_out_metric_math();
        assert_eq!(
            template.0.pointer("/Resources"),
            Some(&json!({"Depth": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "Depth"}}}))
        );
    }

    #[test]
    fn parameters_fit_the_template() {
        let wanted = [("RetentionDays", "36500"), ("Environment", "any"), ("Unknown", "x")];
        let parameters = Template::parse(TEXT).unwrap().parameters(&wanted);
        let expected = [("RetentionDays", "3650"), ("Environment", "any")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(parameters, expected);
    }

    #[test]
    fn a_function_without_binary_is_an_error() {
        let template = Template::parse("Resources: {F: {Type: AWS::Serverless::Function}}").unwrap();
        assert!(matches!(template.functions(), Err(Error::Template(text)) if text.contains('F')));
    }
}
