//! template.yaml: what the local stack reads from it, and the little that it changes.

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

    /// Writes each event source's `MaximumConcurrency` as a number. Where it is a parameter's, AWS
    /// takes the parameter's text; the emulator would compare that with a number, and poll nothing.
    pub(super) fn count_in_numbers(&mut self) {
        let parameters = self.0.get("Parameters").cloned().unwrap_or_default();
        let resources = self.0.get_mut("Resources").and_then(Value::as_object_mut);
        let events = resources
            .into_iter()
            .flat_map(|resources| resources.values_mut())
            .filter_map(|resource| resource.pointer_mut("/Properties/Events")?.as_object_mut())
            .flat_map(|events| events.values_mut());
        for event in events {
            let Some(most) = event.pointer_mut("/Properties/ScalingConfig/MaximumConcurrency") else {
                continue;
            };
            let name = most.get("Ref").and_then(Value::as_str).unwrap_or_default();
            let default = parameters
                .pointer(&format!("/{name}/Default"))
                .cloned()
                .unwrap_or_default();
            let number = default.as_i64().or_else(|| default.as_str()?.parse().ok());
            if let Some(number) = number {
                *most = json!(number);
            }
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
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: door}}
    Properties:
      CodeUri: .
      Events:
        Post: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: post, Path: /webhooks/door}}
        Batch: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn}}
";

    #[test]
    fn code_comes_from_the_bucket() {
        let mut template = Template::parse(TEXT).unwrap();
        template.take_code_from("code").unwrap();
        assert_eq!(
            template.0.pointer("/Resources/DoorFunction/Properties/CodeUri"),
            Some(&json!("s3://code/door.zip"))
        );
    }

    #[test]
    fn routes_are_those_of_http_api_events() {
        let route = Route {
            api: "Api".into(),
            function: "DoorFunction".into(),
            method: "POST".into(),
            path: "/webhooks/door".into(),
        };
        assert_eq!(Template::parse(TEXT).unwrap().routes(), [route]);
    }

    #[test]
    fn concurrency_is_a_number() {
        let text = "
Parameters: {Most: {Type: Number, Default: 10}}
Resources:
  F: {Properties: {Events: {Queue: {Type: SQS, Properties: {ScalingConfig: {MaximumConcurrency: !Ref Most}}}}}}
";
        let mut template = Template::parse(text).unwrap();
        template.count_in_numbers();
        let most = "/Resources/F/Properties/Events/Queue/Properties/ScalingConfig/MaximumConcurrency";
        assert_eq!(template.0.pointer(most), Some(&json!(10)));
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
