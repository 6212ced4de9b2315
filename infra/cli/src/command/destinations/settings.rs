//! The options of a destination, for `add` and `update`.

use std::time::Duration;

use acuse_core::account::Environment;
use acuse_core::destination::Destination;
use acuse_core::destination::config::{OwnHeaders, Target};
use acuse_core::destination::filter::Pattern;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::input;
use crate::command::Failure;

/// What a destination gets, and how.
#[derive(Debug, Default, Args)]
pub(super) struct Settings {
    /// Only events of this provider; `*` stands for any characters. Filters can be repeated, or separated by commas
    #[arg(long = "provider", alias = "providers", value_name = "PATTERN", value_parser = pattern, value_delimiter = ',', help_heading = "Which events")]
    providers: Vec<Pattern>,
    /// Only events of this account
    #[arg(long = "account", alias = "accounts", value_name = "PATTERN", value_parser = pattern, value_delimiter = ',', help_heading = "Which events")]
    accounts: Vec<Pattern>,
    /// Only events of this environment
    #[arg(long = "environment", alias = "environments", value_name = "NAME", value_parser = environment(), value_delimiter = ',', help_heading = "Which events")]
    environments: Vec<Environment>,
    /// Only events of this type, such as payment.approved or 'payment.*'; or of a `--kind`
    #[arg(long = "type", alias = "types", value_name = "PATTERN", value_parser = pattern, value_delimiter = ',', help_heading = "Which events")]
    types: Vec<Pattern>,
    /// Only events of this kind, such as PaymentSucceeded or 'Payment*', whatever their provider calls them
    #[arg(long = "kind", alias = "kinds", value_name = "PATTERN", value_parser = pattern, value_delimiter = ',', help_heading = "Which events")]
    kinds: Vec<Pattern>,
    /// Seconds that an answer may take; 10 unless you set it
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=30), help_heading = "How to send")]
    timeout: Option<u32>,
    /// A header to send beside Acuse's own, `NAME: VALUE`; `NAME: -` reads the value from standard input. Can be
    /// repeated
    #[arg(long = "header", value_name = "HEADER", help_heading = "How to send")]
    headers: Vec<String>,
    /// Requests at a time, at most; 10 unless you set it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000), help_heading = "How to send")]
    parallel: Option<u32>,
    /// Allow an address in a private network, such as a VPC's
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true", help_heading = "How to send")]
    allow_private: Option<bool>,
}

/// [`Settings`] with what was read from standard input, to be applied any number of times.
#[derive(Debug)]
pub(super) struct Changes {
    settings: Settings,
    headers: Vec<(String, Option<String>)>,
}

impl Settings {
    pub(super) fn read(self) -> Result<Changes, Failure> {
        let headers = self.headers.iter().map(|header| input::header(header));
        Ok(Changes {
            headers: headers.collect::<Result<_, _>>()?,
            settings: self,
        })
    }

    /// Whether none is given.
    pub(super) fn is_empty(&self) -> bool {
        let no_filter = self.providers.is_empty() && self.accounts.is_empty() && self.environments.is_empty();
        let no_filter = no_filter && self.types.is_empty() && self.kinds.is_empty();
        let no_number = self.timeout.is_none() && self.parallel.is_none();
        no_filter && no_number && self.headers.is_empty() && self.allow_private.is_none()
    }
}

impl Changes {
    /// Changes what is given.
    pub(super) fn apply(&self, destination: &mut Destination) -> Result<(), Failure> {
        let own = &self.settings;
        self.check(destination)?;
        let filters = &mut destination.filters;
        let lists = [
            (&own.providers, &mut filters.providers),
            (&own.accounts, &mut filters.accounts),
            (&own.types, &mut filters.types),
            (&own.kinds, &mut filters.kinds),
        ];
        for (given, list) in lists {
            if !given.is_empty() {
                list.clone_from(given);
            }
        }
        if !own.environments.is_empty() {
            filters.environments.clone_from(&own.environments);
        }
        if let Some(seconds) = own.timeout {
            destination.timeout = Duration::from_secs(seconds.into());
        }
        destination.parallel = own.parallel.unwrap_or(destination.parallel);
        destination.allow_private = own.allow_private.unwrap_or(destination.allow_private);
        if !self.headers.is_empty() {
            destination.headers = self.changed(&destination.headers)?;
        }
        Ok(())
    }

    fn check(&self, destination: &Destination) -> Result<(), Failure> {
        if matches!(destination.target, Target::Http(_)) {
            return Ok(());
        }
        let own = &self.settings;
        let useless = [
            ("--timeout", own.timeout.is_some()),
            ("--header", !own.headers.is_empty()),
            ("--allow-private", own.allow_private == Some(true)),
        ];
        match useless.into_iter().find(|(_, given)| *given) {
            Some((option, _)) => Err(Failure::new(format!("a queue has no use for `{option}`: leave it out"))),
            None => Ok(()),
        }
    }

    /// The headers with those that are given in place of others of their names.
    fn changed(&self, headers: &OwnHeaders) -> Result<OwnHeaders, Failure> {
        let is_kept = |name: &str| !self.headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name));
        let kept = headers.expose().filter(|(name, _)| is_kept(name));
        let given = self
            .headers
            .iter()
            .map(|(name, value)| Some((name.as_str(), value.as_deref()?)));
        let mut changed = OwnHeaders::default();
        for (name, value) in kept.chain(given.flatten()) {
            let added = changed.add(name, value);
            added.map_err(|problem| Failure::new(format!("the header `{name}` can't be sent: {problem}")))?;
        }
        Ok(changed)
    }
}

fn pattern(text: &str) -> Result<Pattern, &'static str> {
    Pattern::parse(text).ok_or(Pattern::EXPECTED)
}

fn environment() -> impl TypedValueParser<Value = Environment> {
    PossibleValuesParser::new(["live", "test"]).try_map(|name| Environment::from_name(&name).ok_or("live or test"))
}

#[cfg(test)]
mod tests {
    use acuse_core::destination::DestinationName;

    use super::*;

    fn destination(url: &str) -> Destination {
        let name = DestinationName::parse("shop").unwrap();
        Destination::new(name, Target::parse(url).unwrap(), Vec::new())
    }

    fn headers(destination: &Destination) -> Vec<(&str, &str)> {
        destination.headers.expose().collect()
    }

    #[test]
    fn only_what_is_given_changes() {
        let mut shop = destination("https://shop.example/");
        shop.headers.add("x-a", "1").unwrap();
        shop.headers.add("x-b", "2").unwrap();
        shop.filters.types = vec![Pattern::parse("payment.*").unwrap()];
        let before = shop.clone();
        Settings::default().read().unwrap().apply(&mut shop).unwrap();
        assert_eq!(shop, before);
        let given = Settings {
            headers: ["X-A:", "X-C: 3"].map(str::to_owned).into(),
            parallel: Some(2),
            ..Settings::default()
        };
        given.read().unwrap().apply(&mut shop).unwrap();
        assert_eq!(headers(&shop), [("x-b", "2"), ("x-c", "3")]);
        assert_eq!((shop.parallel, shop.timeout), (2, before.timeout));
        assert_eq!(shop.filters, before.filters);
    }

    #[test]
    fn a_header_of_ours_and_what_a_queue_has_no_use_for_are_refused() {
        let refused = |url: &str, given: Settings| {
            let failure = given.read().unwrap().apply(&mut destination(url)).unwrap_err();
            failure.lines().join("\n")
        };
        let own = Settings {
            headers: vec!["webhook-id: hunter2".to_owned()],
            ..Settings::default()
        };
        let error = refused("https://shop.example/", own);
        assert_eq!(
            error,
            "error: the header `webhook-id` can't be sent: Acuse or HTTP itself sets it; remove it"
        );
        let timeout = Settings {
            timeout: Some(5),
            ..Settings::default()
        };
        let queue = "sqs:arn:aws:sqs:us-east-1:123456789012:jobs";
        assert_eq!(
            refused(queue, timeout),
            "error: a queue has no use for `--timeout`: leave it out"
        );
    }
}
