//! The template's conditions, by the defaults of its parameters: which functions to build, before CloudFormation decides.

use serde_json::Value;

/// Whether the condition `name` holds. One that can't be evaluated here does.
pub(super) fn holds(template: &Value, name: &str) -> bool {
    named(template, name).unwrap_or(true)
}

fn named(template: &Value, name: &str) -> Option<bool> {
    evaluate(template, template.get("Conditions")?.get(name)?)
}

fn evaluate(template: &Value, condition: &Value) -> Option<bool> {
    let (function, operands) = condition.as_object()?.iter().next()?;
    let each = || operands.as_array().map(|operands| operands.iter());
    match function.as_str() {
        "Condition" => named(template, operands.as_str()?),
        "Fn::Equals" => match operands.as_array()?.as_slice() {
            [one, other] => Some(text(template, one)? == text(template, other)?),
            _ => None,
        },
        "Fn::Not" => Some(!evaluate(template, operands.get(0)?)?),
        "Fn::And" => each()?.try_fold(true, |all, own| Some(evaluate(template, own)? && all)),
        "Fn::Or" => each()?.try_fold(false, |any, own| Some(evaluate(template, own)? || any)),
        _ => None,
    }
}

/// Parameters are compared as text.
fn text(template: &Value, value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => {
            let name = value.get("Ref")?.as_str()?;
            text(template, template.get("Parameters")?.get(name)?.get("Default")?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_evaluated_as_cloudformation_does() {
        let template = acuse_files::template::read(
            "
Parameters:
  Switch: {Default: 'off'}
  Hours: {Default: 24}
Conditions:
  Uses: !Equals [!Ref Switch, 'on']
  IsOff: !Not [!Condition Uses]
  Expects: !And [{Condition: Uses}, !Not [!Equals [!Ref Hours, 0]]]
  Waits: !Or [{Condition: Uses}, !Equals [!Ref Hours, '24']]
  InRegion: !Equals [!Ref 'AWS::Region', us-east-1]
",
        )
        .unwrap();
        let held = ["Uses", "IsOff", "Expects", "Waits", "InRegion", "Unknown"].map(|name| holds(&template, name));
        assert_eq!(held, [false, true, false, true, true, true]);
    }
}
