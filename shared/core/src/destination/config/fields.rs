//! One destination as JSON.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::{Destination, OwnHeaders, Problem, Target};
use crate::destination::DestinationName;
use crate::destination::filter::{Filters, Pattern};
use crate::destination::sign::SigningSecret;
use crate::event::Environment;
use crate::json::{Text, Value};

/// The fields of a destination.
pub(super) const NAMES: [&str; 12] = [
    "url",
    "signing_secrets",
    "providers",
    "accounts",
    "environments",
    "types",
    "kinds",
    "timeout_seconds",
    "headers",
    "parallel",
    "allow_private",
    "paused",
];

/// The most secrets that requests are signed with: each makes the signature's header longer.
const MOST_SECRETS: usize = 4;

const URL: &str =
    "a URL such as https://shop.example/webhooks, or a queue such as sqs:arn:aws:sqs:us-east-1:123456789012:events";

/// Reads a destination, and its filters if they can be read although something else can't.
pub(super) fn read(name: &DestinationName, value: &Value<'_>) -> (Result<Destination, Problem>, Option<Filters>) {
    let fields = value.as_object().ok_or(Problem::NotADestination).and_then(Fields::of);
    // A field that is misspelt, or there twice, may be a filter.
    let read = fields.and_then(|fields| Ok((fields.filters()?, fields)));
    match read {
        Ok((filters, fields)) => (fields.destination(name, filters.clone()), Some(filters)),
        Err(problem) => (Err(problem), None),
    }
}

/// The members of a destination, each known and there once.
struct Fields<'v, 'a>(BTreeMap<&'static str, &'v Value<'a>>);

impl<'v, 'a> Fields<'v, 'a> {
    fn of(members: &'v [(Text<'a>, Value<'a>)]) -> Result<Self, Problem> {
        let mut fields = BTreeMap::new();
        for (place, (name, value)) in (1..).zip(members) {
            let Some(field) = NAMES.into_iter().find(|field| name.as_str() == Some(field)) else {
                return Err(Problem::unknown(&name.to_string_lossy(), place));
            };
            if fields.insert(field, value).is_some() {
                return Err(Problem::Repeated { field });
            }
        }
        Ok(Self(fields))
    }

    fn filters(&self) -> Result<Filters, Problem> {
        let mut environments = Vec::new();
        for name in self.strings("environments")? {
            let environment = Environment::from_name(name).ok_or(Problem::Wrong {
                field: "environments",
                expected: "a list of `test` and `live`",
            })?;
            environments.push(environment);
        }
        Ok(Filters {
            providers: self.patterns("providers")?,
            accounts: self.patterns("accounts")?,
            environments,
            types: self.patterns("types")?,
            kinds: self.patterns("kinds")?,
        })
    }

    fn destination(&self, name: &DestinationName, filters: Filters) -> Result<Destination, Problem> {
        let missing = Problem::Missing {
            field: "url",
            expected: URL,
        };
        let wrong = Problem::Wrong {
            field: "url",
            expected: URL,
        };
        let url = string(self.0.get("url").ok_or(missing)?).ok_or(wrong)?;
        let target = Target::parse(url.trim()).map_err(Problem::Url)?;
        let signing_secrets = self.signing_secrets(&target)?;
        if matches!(target, Target::Sqs(_)) {
            const USELESS: [&str; 3] = ["headers", "timeout_seconds", "allow_private"];
            if let Some(field) = USELESS.into_iter().find(|field| self.0.contains_key(field)) {
                return Err(Problem::NotForQueues { field });
            }
        }
        let default = Destination::new(name.clone(), target, signing_secrets);
        let timeout = match self.0.get("timeout_seconds") {
            Some(value) => {
                let seconds = number(value).filter(|seconds| Destination::TIMEOUT_SECONDS.contains(seconds));
                Duration::from_secs(seconds.ok_or(Problem::Timeout)?.into())
            }
            None => default.timeout,
        };
        let parallel = match self.0.get("parallel") {
            Some(value) => {
                let parallel = number(value).filter(|parallel| Destination::PARALLEL.contains(parallel));
                parallel.ok_or(Problem::Parallel)?
            }
            None => default.parallel,
        };
        Ok(Destination {
            filters,
            timeout,
            parallel,
            headers: self.headers()?,
            allow_private: self.boolean("allow_private")?,
            paused: self.boolean("paused")?,
            ..default
        })
    }

    fn signing_secrets(&self, target: &Target) -> Result<Vec<SigningSecret>, Problem> {
        let texts = self.strings("signing_secrets")?;
        let secrets = (1..).zip(&texts).map(|(place, text)| {
            let secret = SigningSecret::parse(text.trim());
            secret.ok_or(Problem::SigningSecret { place })
        });
        let secrets = secrets.collect::<Result<Vec<_>, _>>()?;
        let (field, is_queue) = ("signing_secrets", matches!(target, Target::Sqs(_)));
        match secrets.len() {
            0 if !is_queue => Err(Problem::Missing {
                field,
                expected: "a list of one to four secrets, the newest first",
            }),
            0..=MOST_SECRETS => Ok(secrets),
            _ => Err(Problem::Wrong {
                field,
                expected: "a list of one to four secrets, the newest first",
            }),
        }
    }

    fn headers(&self) -> Result<OwnHeaders, Problem> {
        let wrong = Problem::Wrong {
            field: "headers",
            expected: "an object of strings, such as {\"authorization\": \"Bearer …\"}",
        };
        let mut headers = OwnHeaders::default();
        let Some(value) = self.0.get("headers") else {
            return Ok(headers);
        };
        for (place, (name, value)) in (1..).zip(value.as_object().ok_or(wrong.clone())?) {
            let (name, value) = (name.to_string_lossy(), string(value).ok_or(wrong.clone())?);
            let added = headers.add(&name, value);
            added.map_err(|problem| Problem::Header { place, problem })?;
        }
        Ok(headers)
    }

    fn patterns(&self, field: &'static str) -> Result<Vec<Pattern>, Problem> {
        let texts = self.strings(field)?.into_iter();
        let patterns = (1..).zip(texts).map(|(place, text)| {
            let pattern = Pattern::parse(text.trim());
            pattern.ok_or(Problem::Pattern { field, place })
        });
        patterns.collect()
    }

    /// The strings of a list; none if the field is absent.
    fn strings(&self, field: &'static str) -> Result<Vec<&'v str>, Problem> {
        let wrong = Problem::Wrong {
            field,
            expected: "a list of strings",
        };
        match self.0.get(field) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => items.iter().map(string).collect::<Option<_>>().ok_or(wrong),
            Some(_) => Err(wrong),
        }
    }

    fn boolean(&self, field: &'static str) -> Result<bool, Problem> {
        match self.0.get(field) {
            None => Ok(false),
            Some(Value::Bool(set)) => Ok(*set),
            Some(_) => Err(Problem::Wrong {
                field,
                expected: "`true` or `false`",
            }),
        }
    }
}

fn string<'v>(value: &'v Value<'_>) -> Option<&'v str> {
    match value {
        Value::String(text) => text.as_str(),
        _ => None,
    }
}

fn number(value: &Value<'_>) -> Option<u32> {
    match value {
        Value::Number(text) => text.parse().ok(),
        _ => None,
    }
}

/// The JSON of the whole configuration. What is as by default is left out.
pub(super) fn write<'a>(destinations: impl Iterator<Item = &'a Destination>) -> String {
    let destinations = destinations.map(|destination| (destination.name.as_str(), Written::of(destination)));
    let whole = BTreeMap::from([("destinations", destinations.collect::<BTreeMap<_, _>>())]);
    serde_json::to_string(&whole).unwrap_or_default()
}

#[derive(Serialize)]
struct Written<'a> {
    url: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    signing_secrets: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    providers: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    accounts: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    environments: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    types: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kinds: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout_seconds: Option<u64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<&'a str, &'a str>,
    parallel: u32,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    allow_private: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    paused: bool,
}

impl<'a> Written<'a> {
    fn of(destination: &'a Destination) -> Self {
        let texts = |patterns: &'a [Pattern]| patterns.iter().map(Pattern::as_str).collect();
        let is_http = matches!(destination.target, Target::Http(_));
        let Filters {
            providers,
            accounts,
            environments,
            types,
            kinds,
        } = &destination.filters;
        Self {
            url: destination.target.expose(),
            signing_secrets: destination.signing_secrets.iter().map(SigningSecret::expose).collect(),
            providers: texts(providers),
            accounts: texts(accounts),
            environments: environments.iter().map(|environment| environment.name()).collect(),
            types: texts(types),
            kinds: texts(kinds),
            timeout_seconds: is_http.then_some(destination.timeout.as_secs()),
            headers: destination.headers.expose().collect(),
            parallel: destination.parallel,
            allow_private: destination.allow_private,
            paused: destination.paused,
        }
    }
}
