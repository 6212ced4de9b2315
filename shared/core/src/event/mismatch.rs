//! The payload as a type of the hook's own, and why it does not fit.

use std::any::type_name;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// A payload that does not have the type that a hook reads it as. A retry would not help, so it is not an
/// [`Error`](std::error::Error), which `?` would turn into a retry: `?` makes it
/// [`HookError::Reject`](crate::hook::HookError::Reject).
///
/// It names the type, the field and what was expected, but not the field's value: that may be personal data, and
/// reasons are shown in logs and lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    what: String,
    type_name: String,
    field: Option<String>,
    problem: String,
}

/// The most characters shown of a field's path or a problem: both may contain a provider's text.
const LONGEST: usize = 200;

/// Reads JSON of another origin, such as the answer of an API, and says as little of it. `what` is what the reason calls
/// it: ``the {what} is not a valid `Order`…``.
///
/// # Errors
/// [`Mismatch`] if it does not have that shape.
pub fn read_json<T: DeserializeOwned>(what: &str, json: &[u8]) -> Result<T, Mismatch> {
    read(what, json)
}

pub(super) fn read<T: DeserializeOwned>(what: &str, json: &[u8]) -> Result<T, Mismatch> {
    serde_json::from_slice(json).map_err(|error| {
        // Read again to find the field, only if it does not fit.
        let found = serde_path_to_error::deserialize::<_, T>(&mut serde_json::Deserializer::from_slice(json));
        let field = found.err().map(|error| error.path().to_string());
        Mismatch::new::<T>(what, field.filter(|path| path != "."), &error.to_string())
    })
}

/// The member `name` of an object, whose JSON is `json`.
pub(super) fn read_member<T: DeserializeOwned>(name: &str, json: &str) -> Result<T, Mismatch> {
    read("payload", json.as_bytes()).map_err(|mismatch| mismatch.inside(name))
}

/// The value at `path` in the payload `body`: a member's name, or several with dots between them. Of members with the
/// same name it is the last one, as [`Value::get`](crate::json::Value::get) has it.
pub(super) fn read_in<T: DeserializeOwned>(body: &[u8], path: &str) -> Result<T, Mismatch> {
    let (name, rest) = path
        .split_once('.')
        .map_or((path, None), |(name, rest)| (name, Some(rest)));
    let missing = || Mismatch::new::<T>("payload", None, &format!("missing field `{name}`"));
    let members: BTreeMap<String, &RawValue> =
        serde_json::from_slice(body).map_err(|error| Mismatch::new::<T>("payload", None, &error.to_string()))?;
    let json = members.get(name).ok_or_else(missing)?.get();
    match rest {
        Some(rest) => read_in(json.as_bytes(), rest).map_err(|mismatch| mismatch.inside(name)),
        None => read_member(name, json),
    }
}

impl Mismatch {
    /// `what` is no `T` because of `field`. `problem` is serde's message, which is shown without the value in it.
    pub fn new<T>(what: &str, field: Option<String>, problem: &str) -> Self {
        Self {
            what: what.to_owned(),
            type_name: short_name(type_name::<T>()).to_owned(),
            field: field.map(|path| cut(&path)),
            problem: cut(&without_value(problem)),
        }
    }

    /// The same, of the member `name` of an object.
    fn inside(self, name: &str) -> Self {
        let field = match self.field {
            Some(field) if field.starts_with('[') => format!("{name}{field}"),
            Some(field) => format!("{name}.{field}"),
            None => name.to_owned(),
        };
        Self {
            field: Some(cut(&field)),
            ..self
        }
    }
}

/// `Order` of `shop::orders::Order`.
fn short_name(name: &str) -> &str {
    let base = name.split_once('<').map_or(name, |(base, _)| base);
    base.rsplit("::").next().unwrap_or(base)
}

/// serde's message without the payload's value, which it quotes, and without the position, which the field's name says
/// better: ``invalid type: string "a@b.co", expected i64 at line 1 column 9``.
fn without_value(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(text, _)| text);
    // These only quote a field of the hook's own type.
    if message.starts_with("missing field") || message.starts_with("duplicate field") {
        return message.to_owned();
    }
    let (found, expected) = match message.rsplit_once(", expected ") {
        Some((found, expected)) => (found, Some(expected)),
        None => (message, None),
    };
    let unquoted = found.split(['"', '`']).next().unwrap_or_default();
    let unquoted = unquoted.trim_end_matches([' ', ':']);
    match expected {
        Some(expected) => format!("{unquoted}, expected {expected}"),
        None => unquoted.to_owned(),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// ``the payload is not a valid `Order`: payment.amount: invalid type: string, expected i64``
impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} is not a valid `{}`: ", self.what, self.type_name)?;
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    struct Order {
        payment: Payment,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only read")]
    struct Payment {
        amount: i64,
        currency: Option<Currency>,
        parts: Option<Vec<u8>>,
        payer: Option<BTreeMap<String, bool>>,
        mail: Option<Mail>,
    }

    #[derive(Debug, Deserialize)]
    enum Currency {
        Cop,
    }

    /// Its own error quotes the value.
    #[derive(Debug, Deserialize)]
    #[serde(try_from = "String")]
    struct Mail;

    impl TryFrom<String> for Mail {
        type Error = String;

        fn try_from(text: String) -> Result<Self, String> {
            Err(format!("no mail address: {text:?}"))
        }
    }

    fn mismatch(body: &str) -> String {
        read::<Order>("payload", body.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_mismatch_names_the_field_and_never_the_value() {
        let found = [
            r#"{"payment":{"amount":"juan@example.com"}}"#,
            r#"{"payment":{"amount":"juan\", expected nothing"}}"#,
            r#"{"payment":{"amount":1.5}}"#,
            r#"{"payment":{"amount":92233720368547758070}}"#,
            r#"{"payment":{"amount":null}}"#,
            r#"{"payment":{"amount":1,"parts":[1,300]}}"#,
            r#"{"payment":{"amount":1,"currency":"juan`, expected juan"}}"#,
            r#"{"payment":{"amount":1,"nickname":"juan"}}"#,
            r#"{"payment":{"amount":1,"payer":{"name":"juan"}}}"#,
            r#"{"payment":{"amount":1,"mail":"juan"}}"#,
            r#"{"payment":{"currency":null}}"#,
            r#"{"payment":{"amount":1,"amount":2}}"#,
            r#"{"payment":"juan"}"#,
            r#"["juan"]"#,
            r#"{"payment":{"amount":"\ud800"}}"#,
        ];
        let reasons: Vec<String> = found.iter().map(|body| mismatch(body)).collect();
        assert!(reasons.iter().all(|reason| !reason.contains("juan")), "{reasons:#?}");
        insta::assert_snapshot!(reasons.join("\n"), @r"
        the payload is not a valid `Order`: payment.amount: invalid type: string, expected i64
        the payload is not a valid `Order`: payment.amount: invalid type: string, expected i64
        the payload is not a valid `Order`: payment.amount: invalid type: floating point, expected i64
        the payload is not a valid `Order`: payment.amount: invalid type: floating point, expected i64
        the payload is not a valid `Order`: payment.amount: invalid type: null, expected i64
        the payload is not a valid `Order`: payment.parts[1]: invalid value: integer, expected u8
        the payload is not a valid `Order`: payment.currency: unknown variant, expected `Cop`
        the payload is not a valid `Order`: payment.nickname: unknown field, expected one of `amount`, `currency`, `parts`, `payer`, `mail`
        the payload is not a valid `Order`: payment.payer.name: invalid type: string, expected a boolean
        the payload is not a valid `Order`: payment.mail: no mail address
        the payload is not a valid `Order`: payment: missing field `amount`
        the payload is not a valid `Order`: payment: duplicate field `amount`
        the payload is not a valid `Order`: payment: invalid type: string, expected struct Payment
        the payload is not a valid `Order`: [0]: invalid type: string, expected struct Payment
        the payload is not a valid `Order`: payment.amount: unexpected end of hex escape
        ");
    }

    #[test]
    fn a_resource_is_read_at_its_path() {
        let at = |body: &str| read_in::<Order>(body.as_bytes(), "data.object").map(|order| order.payment.amount);
        assert_eq!(at(r#"{"data":{"object":{},"object":{"payment":{"amount":7}}}}"#), Ok(7));
        let reasons = [
            r#"{"data":{"object":{"payment":{"amount":"juan"}}}}"#,
            r#"{"data":{"object":"juan"}}"#,
            r#"{"data":{}}"#,
            r#"{"data":"juan"}"#,
            "{}",
        ]
        .map(|body| at(body).unwrap_err().to_string());
        insta::assert_snapshot!(reasons.join("\n"), @r"
        the payload is not a valid `Order`: data.object.payment.amount: invalid type: string, expected i64
        the payload is not a valid `Order`: data.object: invalid type: string, expected struct Order
        the payload is not a valid `Order`: data: missing field `object`
        the payload is not a valid `Order`: data: invalid type: string, expected a map
        the payload is not a valid `Order`: missing field `data`
        ");
    }

    #[test]
    fn a_reason_is_short_for_any_payload() {
        let long = "k".repeat(100_000);
        let reason = mismatch(&format!(r#"{{"payment":{{"amount":1,"payer":{{"{long}":1}}}}}}"#));
        assert!(reason.chars().count() < 2 * LONGEST + 50, "{reason}");
    }

    #[test]
    fn a_fitting_payload_is_read_exactly() {
        let order: Order = read("payload", br#"{"payment":{"amount":7,"currency":"Cop"}}"#).unwrap();
        assert_eq!(order.payment.amount, 7);
        let amounts: BTreeMap<String, Box<RawValue>> = read("payload", br#"{"amount":9007199254740993.10}"#).unwrap();
        assert_eq!(amounts["amount"].get(), "9007199254740993.10");
    }
}
