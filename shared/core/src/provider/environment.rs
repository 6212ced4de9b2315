//! Test money or real money, in the words that providers have for it.

use super::{Former, Unreadable};
use crate::json::Value;

/// Test money or real money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Environment {
    /// Nothing real moved.
    Test,
    /// Real money; OnePay also calls it `production`.
    Live,
}

impl Environment {
    /// `test` or `live`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Live => "live",
        }
    }

    /// Reads a [`name`](Self::name), or `production`, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "test" => Some(Self::Test),
            "live" | "production" => Some(Self::Live),
            _ => None,
        }
    }

    /// Reads a provider's word for it, in any case and with space around it. `None` where it is not known, and
    /// so is not to be taken for live.
    pub fn from_word(word: &str) -> Option<Self> {
        match word.trim().to_ascii_lowercase().as_str() {
            "test" | "testing" | "sandbox" | "staging" | "stage" | "stg" | "development" | "develop" | "dev"
            | "demo" | "qa" | "uat" => Some(Self::Test),
            "live" | "production" | "prod" => Some(Self::Live),
            _ => None,
        }
    }
}

/// The environment that a payload names, in the member `environment` of `places` or of `objects`, or by a flag
/// there. `objects`: the resource, and what else the event is about. `None` where nothing names one.
///
/// What can't be understood is never live, nor is what contradicts itself: the event is set aside. So each member
/// of a name counts, not the last one alone.
pub(crate) fn environment(
    places: &[Option<&Value<'_>>],
    objects: &[Option<&Value<'_>>],
    former: &mut Former,
) -> Result<Option<Environment>, Unreadable> {
    // What version 0.1 looked at, and the words that it knew.
    let mut first = places.iter().flatten().filter_map(|place| place.get("environment"));
    let first = first.find(|said| !is_empty(said));
    let known = |said: &Value<'_>| {
        said.scalar_text()
            .is_some_and(|said| Environment::from_name(&said).is_some())
    };
    former.no_environment = first.is_none();
    former.unreadable |= first.is_some_and(|said| !known(said));

    let all = || places.iter().chain(objects).copied().flatten();
    let mut word = None;
    let words = all().flat_map(|place| members(place, "environment"));
    for said in words.filter(|said| !is_empty(said)) {
        let said = said.scalar_text().unwrap_or_else(|| "no text".to_owned());
        let environment = Environment::from_word(&said).ok_or(Unreadable::Environment(said))?;
        word = Some(agreed(word, environment)?);
    }
    let mut flag = None;
    for environment in all().flat_map(flags) {
        flag = Some(agreed(flag, environment?)?);
    }
    match (word, flag) {
        (Some(Environment::Live), Some(Environment::Test)) => agreed(word, Environment::Test).map(Some),
        // A sandbox may mark nothing.
        (Some(word), _) => Ok(Some(word)),
        (None, flag) => Ok(flag),
    }
}

/// All members of this name, as `live_mode` is also written `liveMode`.
fn members<'a>(place: &'a Value<'_>, name: &'static str) -> impl Iterator<Item = &'a Value<'a>> {
    let all = place.as_object().unwrap_or_default().iter();
    all.filter(move |(own, _)| own.as_str().is_some_and(|own| is_called(own, name)))
        .map(|(_, value)| value)
}

fn is_called(own: &str, name: &str) -> bool {
    let letters = own.bytes().filter(|byte| *byte != b'_');
    letters.map(|byte| byte.to_ascii_lowercase()).eq(name.bytes())
}

fn is_empty(word: &Value<'_>) -> bool {
    match word {
        Value::Null => true,
        Value::String(text) => text.to_string_lossy().trim().is_empty(),
        _ => false,
    }
}

/// Two that differ say that one of them is wrong.
fn agreed(named: Option<Environment>, other: Environment) -> Result<Environment, Unreadable> {
    match named {
        Some(named) if named != other => Err(Unreadable::Environment("both test and live".to_owned())),
        _ => Ok(other),
    }
}

/// What the flags of an object say.
fn flags<'a>(place: &'a Value<'_>) -> impl Iterator<Item = Result<Environment, Unreadable>> + 'a {
    let strict = [("livemode", true), ("istest", false), ("testmode", false)];
    let strict = strict.into_iter().flat_map(|(name, live)| {
        let values = members(place, name).filter(|value| !is_empty(value));
        values.map(move |value| {
            let unclear = || Unreadable::Environment(format!("`{name}`, which is neither true nor false"));
            truth(value).ok_or_else(unclear).map(|set| environment_of(set == live))
        })
    });
    // Common words: what is not plainly about the environment is about something else. A form has texts alone.
    let loose = ["test", "sandbox"].into_iter().flat_map(|name| members(place, name));
    let loose = loose.filter_map(truth).map(|set| environment_of(!set));
    let modes = members(place, "mode").filter_map(|mode| Environment::from_word(&mode.scalar_text()?));
    strict.chain(loose.chain(modes).map(Ok))
}

fn environment_of(live: bool) -> Environment {
    match live {
        true => Environment::Live,
        false => Environment::Test,
    }
}

/// A flag as JSON, as a text, or as PHP writes it.
fn truth(value: &Value<'_>) -> Option<bool> {
    if let Value::Bool(set) = value {
        return Some(*set);
    }
    match value.scalar_text()?.trim().to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn read(payload: &str) -> String {
        let payload = json::parse(payload.as_bytes()).unwrap();
        let places = [payload.get("event"), Some(&payload)];
        match environment(&places, &[payload.get("data")], &mut Former::default()) {
            Ok(Some(environment)) => environment.name().to_owned(),
            Ok(None) => "-".to_owned(),
            Err(_) => "set aside".to_owned(),
        }
    }

    #[test]
    fn the_words_that_providers_use() {
        for (word, environment) in [
            ("test", "test"),
            ("TESTING", "test"),
            ("sandbox", "test"),
            (" Staging\\n", "test"),
            ("dev", "test"),
            ("development", "test"),
            ("qa", "test"),
            ("live ", "live"),
            ("Prod", "live"),
            ("production", "live"),
            ("", "-"),
            (" ", "-"),
            ("live|test", "set aside"),
            ("moon", "set aside"),
            ("liv\\ud800", "set aside"),
        ] {
            assert_eq!(read(&format!(r#"{{"environment":"{word}"}}"#)), environment, "{word}");
            assert_eq!(
                read(&format!(r#"{{"event":{{"environment":"{word}"}}}}"#)),
                environment,
                "{word}"
            );
        }
    }

    #[test]
    fn flags_say_it_too_and_nothing_that_is_unclear_is_live() {
        for (payload, environment) in [
            (r#"{"livemode":true}"#, "live"),
            (r#"{"livemode":false}"#, "test"),
            (r#"{"live_mode":"false"}"#, "test"),
            (r#"{"liveMode":false}"#, "test"),
            (r#"{"Environment":"sandbox"}"#, "test"),
            (r#"{"isTest":"true"}"#, "test"),
            (r#"{"data":{"test_mode":true}}"#, "test"),
            (r#"{"mode":"test"}"#, "test"),
            (r#"{"mode":"PSE"}"#, "-"),
            (r#"{"data":{"is_test":true}}"#, "test"),
            (r#"{"data":{"is_test":0}}"#, "live"),
            (r#"{"data":{"test":true}}"#, "test"),
            (r#"{"event":{"sandbox":false}}"#, "live"),
            (r#"{"data":{"test":"blood"}}"#, "-"),
            (r#"{"data":{"test":2}}"#, "-"),
            // As a form has them.
            (r#"{"test":"1"}"#, "test"),
            (r#"{"sandbox":"true"}"#, "test"),
            (r#"{"data":{"environment":"sandbox"}}"#, "test"),
            (r#"{"data":{"environment":"moon"}}"#, "set aside"),
            (r#"{"environment":"live","data":{"environment":"test"}}"#, "set aside"),
            // Hooks may read the first one.
            (r#"{"environment":"test","environment":"live"}"#, "set aside"),
            (r#"{"environment":"test","environment":null}"#, "test"),
            (r#"{"is_test":true,"is_test":false}"#, "set aside"),
            (r#"{"livemode":null,"environment":null}"#, "-"),
            (r#"{"livemode":"perhaps"}"#, "set aside"),
            (r#"{"is_test":{}}"#, "set aside"),
            (r#"{"environment":{"name":"live"}}"#, "set aside"),
            (r#"{"environment":true}"#, "set aside"),
            (r#"{"environment":"live","event":{"environment":"test"}}"#, "set aside"),
            (r#"{"environment":"live","data":{"is_test":true}}"#, "set aside"),
            (r#"{"environment":"test","data":{"is_test":false}}"#, "test"),
            (r#"{"environment":"live","livemode":true}"#, "live"),
            (r#"{"livemode":true,"data":{"is_test":true}}"#, "set aside"),
            (r#"{"data":{"is_test":true},"livemode":true}"#, "set aside"),
        ] {
            assert_eq!(read(payload), environment, "{payload}");
        }
    }

    #[test]
    fn version_0_1_read_other_words() {
        let former = |payload: &str| {
            let payload = json::parse(payload.as_bytes()).unwrap();
            let mut former = Former::default();
            environment(&[Some(&payload)], &[], &mut former).unwrap();
            (former.unreadable, former.no_environment)
        };
        assert_eq!(
            former(r#"{"environment":"Production","livemode":true}"#),
            (false, false)
        );
        assert_eq!(former(r#"{"livemode":false}"#), (false, true));
        assert_eq!(
            former(r#"{"environment":"live","event":{"environment":"prod"}}"#),
            (false, false)
        );
        assert_eq!(former(r#"{"environment":"sandbox"}"#), (true, false));
        assert_eq!(former(r#"{"environment":" live"}"#), (true, false));
    }
}
