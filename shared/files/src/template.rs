//! Reads CloudFormation's YAML as JSON.

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Number, Value, json};
use thiserror::Error;

/// A template that can't be read, and why.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct TemplateError(String);

/// Parses `text` and expands the short forms of functions: `!Ref x` becomes `{"Ref": "x"}`, `!Sub x` becomes
/// `{"Fn::Sub": "x"}`, `!GetAtt a.b` becomes `{"Fn::GetAtt": ["a", "b"]}`.
///
/// # Errors
/// It is not YAML, or not one document.
pub fn read(text: &str) -> Result<Value, TemplateError> {
    let documents = Yaml::load_from_str(text).map_err(|error| TemplateError(error.to_string()))?;
    match documents.as_slice() {
        [document] => value(document),
        _ => Err(TemplateError("it must be one YAML document".into())),
    }
}

fn value(node: &Yaml<'_>) -> Result<Value, TemplateError> {
    Ok(match node {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(truth)) => json!(truth),
        Yaml::Value(Scalar::Integer(number)) => json!(number),
        Yaml::Value(Scalar::FloatingPoint(number)) => Number::from_f64(number.0)
            .map(Value::Number)
            .ok_or_else(|| TemplateError(format!("JSON has no number {number}")))?,
        Yaml::Value(Scalar::String(text)) => json!(text),
        Yaml::Sequence(items) => items.iter().map(value).collect::<Result<_, _>>()?,
        Yaml::Mapping(entries) => {
            let entries = entries.iter().map(|(name, node)| Ok((key(name)?, value(node)?)));
            entries.collect::<Result<_, TemplateError>>()?
        }
        Yaml::Tagged(tag, node) if tag.handle == "!" => function(&tag.suffix, value(node)?),
        other => return Err(TemplateError(format!("can't read {other:?}"))),
    })
}

/// CloudFormation's keys are text, even those that YAML reads as another type (`80: …`).
fn key(node: &Yaml<'_>) -> Result<String, TemplateError> {
    match value(node)? {
        Value::String(text) => Ok(text),
        other @ (Value::Number(_) | Value::Bool(_)) => Ok(other.to_string()),
        other => Err(TemplateError(format!("{other} can't be a key"))),
    }
}

fn function(name: &str, argument: Value) -> Value {
    let argument = match (name, argument) {
        // Only the attribute may contain a dot (`Outputs.Url`).
        ("GetAtt", Value::String(path)) => match path.split_once('.') {
            Some((resource, attribute)) => json!([resource, attribute]),
            None => json!(path),
        },
        (_, argument) => argument,
    };
    let name = match name {
        "Ref" | "Condition" => name.to_owned(),
        _ => format!("Fn::{name}"),
    };
    Value::from_iter([(name, argument)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms_become_long() {
        let text = "
            a: !Ref Queue
            b: !GetAtt Table.Arn
            c: !Sub 'arn:${AWS::Partition}:x'
            d: !If [IsLive, !GetAtt [Queue, Arn], 3]
            e: !Condition IsLive
            f: {Version: 2012-10-17, on: yes, 80: true}
        ";
        assert_eq!(
            read(text).unwrap(),
            json!({
                "a": {"Ref": "Queue"},
                "b": {"Fn::GetAtt": ["Table", "Arn"]},
                "c": {"Fn::Sub": "arn:${AWS::Partition}:x"},
                "d": {"Fn::If": ["IsLive", {"Fn::GetAtt": ["Queue", "Arn"]}, 3]},
                "e": {"Condition": "IsLive"},
                "f": {"Version": "2012-10-17", "on": "yes", "80": true},
            })
        );
    }

    #[test]
    fn two_documents_are_an_error() {
        assert!(read("a: 1\n---\nb: 2").is_err());
    }
}
