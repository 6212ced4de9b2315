//! Test money or real money, in the words that providers use for it.

use super::{Environment, LegacyReading, Unreadable};
use crate::json::Value;

/// The environment that a payload names, in the member `environment` of `places` or `objects`, or by a flag there.
/// `objects` are the resource and whatever else the event is about. `None` if nothing names one.
///
/// ```
/// # use acuse_core::json::parse;
/// # use acuse_core::provider::{Environment, environment};
/// let payload = parse(br#"{"event": "payment.paid", "data": {"id": "p1", "livemode": false}}"#)?;
/// let environment = environment(&[Some(&payload)], &[payload.get("data")]);
/// assert_eq!(environment, Ok(Some(Environment::Test)));
/// # Ok::<(), acuse_core::json::Error>(())
/// ```
///
/// All members of one name are read, since a hook may read another one than the last.
///
/// # Errors
/// [`Unreadable::Environment`] if a word or flag is unknown or two contradict each other: that is never live.
pub fn environment(
    places: &[Option<&Value<'_>>],
    objects: &[Option<&Value<'_>>],
) -> Result<Option<Environment>, Unreadable> {
    let all = || places.iter().chain(objects).copied().flatten();
    let mut named = None;
    let words = all().flat_map(|place| members(place, "environment"));
    for word in words.filter(|word| !is_empty(word)) {
        let word = word.scalar_text().unwrap_or_else(|| "no text".to_owned());
        let environment = Environment::from_word(&word).ok_or(Unreadable::Environment(word))?;
        named = Some(same(named, environment)?);
    }
    let mut flagged = None;
    for environment in all().flat_map(flags) {
        flagged = Some(same(flagged, environment?)?);
    }
    match (named, flagged) {
        (Some(Environment::Live), Some(Environment::Test)) => same(named, Environment::Test).map(Some),
        // A sandbox's own objects may be flagged as live.
        (Some(named), _) => Ok(Some(named)),
        (None, flagged) => Ok(flagged),
    }
}

impl LegacyReading {
    /// [`environment`](super::environment()) for a provider of version 0.1, which looked in `places` only and knew two
    /// words.
    ///
    /// # Errors
    /// As [`environment`](super::environment()).
    pub fn environment(
        &mut self,
        places: &[Option<&Value<'_>>],
        objects: &[Option<&Value<'_>>],
    ) -> Result<Option<Environment>, Unreadable> {
        let mut first = places.iter().flatten().filter_map(|place| place.get("environment"));
        let first = first.find(|word| !is_empty(word));
        let known = |word: &Value<'_>| {
            word.scalar_text()
                .is_some_and(|word| Environment::from_name(&word).is_some())
        };
        self.no_environment = first.is_none();
        self.unreadable |= first.is_some_and(|word| !known(word));
        environment(places, objects)
    }
}

/// All members called `name`, in snake or camel case (`live_mode`, `liveMode`).
fn members<'a>(place: &'a Value<'_>, name: &'static str) -> impl Iterator<Item = &'a Value<'a>> {
    let is_called = |own: &str| {
        let letters = own.bytes().filter(|byte| *byte != b'_');
        letters.map(|byte| byte.to_ascii_lowercase()).eq(name.bytes())
    };
    let all = place.as_object().unwrap_or_default().iter();
    all.filter(move |(own, _)| own.as_str().is_some_and(is_called))
        .map(|(_, value)| value)
}

fn is_empty(word: &Value<'_>) -> bool {
    match word {
        Value::Null => true,
        Value::String(text) => text.to_string_lossy().trim().is_empty(),
        _ => false,
    }
}

/// If two differ, one of them is wrong.
fn same(found: Option<Environment>, other: Environment) -> Result<Environment, Unreadable> {
    match found {
        Some(found) if found != other => Err(Unreadable::Environment("both test and live".to_owned())),
        _ => Ok(other),
    }
}

/// The environments that an object's flags name.
fn flags<'a>(place: &'a Value<'_>) -> impl Iterator<Item = Result<Environment, Unreadable>> + 'a {
    let strict = [("livemode", true), ("istest", false), ("testmode", false)];
    let strict = strict.into_iter().flat_map(|(name, live)| {
        let values = members(place, name).filter(|value| !is_empty(value));
        values.map(move |value| {
            let unclear = || Unreadable::Environment(format!("`{name}`, which is neither true nor false"));
            boolean(value)
                .ok_or_else(unclear)
                .map(|set| Environment::live_if(set == live))
        })
    });
    // These are common words: unless the value is clearly a flag, they are about something else.
    let loose = ["test", "sandbox"].into_iter().flat_map(|name| members(place, name));
    let loose = loose.filter_map(boolean).map(|set| Environment::live_if(!set));
    let modes = members(place, "mode").filter_map(|mode| Environment::from_word(&mode.scalar_text()?));
    strict.chain(loose.chain(modes).map(Ok))
}

/// A flag as JSON, as text (forms have nothing else), or as PHP writes it.
fn boolean(value: &Value<'_>) -> Option<bool> {
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
        match environment(&places, &[payload.get("data")]) {
            Ok(Some(environment)) => environment.name().to_owned(),
            Ok(None) => "-".to_owned(),
            Err(_) => "set aside".to_owned(),
        }
    }

    #[test]
    fn reads_the_words_that_providers_use() {
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
    fn flags_count_and_unclear_payloads_are_never_live() {
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
    fn notes_what_version_0_1_did_not_read() {
        let read_by_0_1 = |payload: &str| {
            let payload = json::parse(payload.as_bytes()).unwrap();
            let mut legacy = LegacyReading::default();
            legacy.environment(&[Some(&payload)], &[]).unwrap();
            (legacy.unreadable, legacy.no_environment)
        };
        assert_eq!(
            read_by_0_1(r#"{"environment":"Production","livemode":true}"#),
            (false, false)
        );
        assert_eq!(read_by_0_1(r#"{"livemode":false}"#), (false, true));
        assert_eq!(
            read_by_0_1(r#"{"environment":"live","event":{"environment":"prod"}}"#),
            (false, false)
        );
        assert_eq!(read_by_0_1(r#"{"environment":"sandbox"}"#), (true, false));
        assert_eq!(read_by_0_1(r#"{"environment":" live"}"#), (true, false));
    }
}
