//! Parameters of the template that are set for the local stack.

use serde_json::Value;

use super::error::Error;
use super::template::Template;

/// Parses `Name=Value`.
pub(super) fn parse(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected Name=Value, such as Environment=live".to_owned()),
    }
}

/// Fails if the template has no such parameter, or does not allow its value.
pub(super) fn check(template: &Template, given: &[(String, String)]) -> Result<(), Error> {
    let parameters = template.0.get("Parameters").and_then(Value::as_object);
    for (name, value) in given {
        let Some(parameter) = parameters.and_then(|parameters| parameters.get(name)) else {
            let names = parameters.into_iter().flatten().map(|(name, _)| name.as_str());
            let names: Vec<&str> = names.collect();
            return Err(Error::Parameter(format!(
                "there is no {name}; there are {}",
                names.join(", ")
            )));
        };
        if let Some(expected) = refused(parameter, value) {
            return Err(Error::Parameter(format!("{name} must be {expected}, not `{value}`")));
        }
    }
    Ok(())
}

/// What the parameter expects, if the value is something else. Patterns are left to the emulator.
fn refused(parameter: &Value, value: &str) -> Option<String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    if let Some(allowed) = parameter.get("AllowedValues").and_then(Value::as_array) {
        let allowed: Vec<String> = allowed.iter().map(text).collect();
        return (!allowed.iter().any(|one| one == value)).then(|| format!("one of {}", allowed.join(", ")));
    }
    if parameter.get("Type").and_then(Value::as_str) != Some("Number") {
        return None;
    }
    let limit = |name: &str| parameter.get(name).and_then(|limit| text(limit).parse::<f64>().ok());
    let (least, most) = (limit("MinValue"), limit("MaxValue"));
    let fits = value
        .parse::<f64>()
        .is_ok_and(|number| least.is_none_or(|least| number >= least) && most.is_none_or(|most| number <= most));
    (!fits).then(|| match (least, most) {
        (Some(least), Some(most)) => format!("a number from {least} to {most}"),
        (Some(least), None) => format!("a number of at least {least}"),
        (None, Some(most)) => format!("a number of at most {most}"),
        (None, None) => "a number".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn checked(name: &str, value: &str) -> Result<(), String> {
        let template = Template(json!({"Parameters": {
            "Environment": {"Type": "String", "AllowedValues": ["live", "test"]},
            "Days": {"Type": "Number", "MinValue": 18, "MaxValue": 400},
            "Name": {"Type": "String"},
        }}));
        check(&template, &[(name.to_owned(), value.to_owned())]).map_err(|error| error.to_string())
    }

    #[test]
    fn a_parameter_needs_its_name_and_a_value_that_it_allows() {
        for (name, value) in [
            ("Environment", "test"),
            ("Days", "18"),
            ("Days", "400"),
            ("Name", ""),
            ("Name", "a=b"),
        ] {
            assert_eq!(checked(name, value), Ok(()), "{name}={value}");
        }
        for (name, value, expected) in [
            (
                "Enviroment",
                "test",
                "there is no Enviroment; there are Days, Environment, Name",
            ),
            (
                "Environment",
                "prod",
                "Environment must be one of live, test, not `prod`",
            ),
            ("Days", "17", "Days must be a number from 18 to 400, not `17`"),
            ("Days", "many", "Days must be a number from 18 to 400, not `many`"),
        ] {
            let error = checked(name, value).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn the_value_is_what_follows_the_first_equals_sign() {
        let signature = parse("OnepaySignature=headers=a forms=raw").unwrap();
        assert_eq!(
            signature,
            ("OnepaySignature".to_owned(), "headers=a forms=raw".to_owned())
        );
        assert!(parse("Environment").is_err() && parse("=live").is_err());
    }
}
