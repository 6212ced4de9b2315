//! `acuse secrets put`.

use std::process::ExitCode;

use acuse_aws::system::SystemClock;
use acuse_core::account::Environment;
use acuse_core::clock::Clock;
use acuse_core::receive::secrets::{Problem, SecretError, StoredAccount};

use super::bind::Binding;
use super::{ACCEPTED_AFTER, Place, WITHDRAWN_AFTER, ask};
use crate::command::Failure;
use crate::stack::filter::account_option;
use crate::{note, say};

pub(super) async fn run(place: &Place, option: Option<Binding>, no_token: bool) -> Result<ExitCode, Failure> {
    let (scope, provider) = (place.scope(), place.provider);
    if no_token && provider.scheme.token.is_none() {
        return Err(Failure::new(format!(
            "{} never sends a token: leave `--no-token` out",
            provider.name
        )));
    }
    let mut new = ask(provider, &place.account, no_token).map_err(|mut failure| {
        let error = failure.error.downcast_ref::<SecretError>();
        if error.is_some_and(|error| matches!(error.problem, Problem::MissingToken { .. })) {
            failure.advice = Some(format!(
                "if its webhook has no token, add `--no-token`: `{} --no-token`",
                place.command("put")
            ));
        }
        failure
    })?;
    if no_token && !new.has_no_token() {
        return Err(Failure::new(
            "`--no-token` states that there is no token, but one was given: leave one of the two out",
        ));
    }
    let stored = place.secret.get_replaceable().await?;
    if let Some(error) = &stored.invalid {
        note!("what was stored can't be read, and is replaced: {error}");
    }
    let old = stored.account(&place.account);
    let (is_new, bound) = (old.is_none(), bound(option, new.environment, old)?);
    let now = SystemClock.now();
    new.environment = bound.environment;
    new.changed_at = Some(now);
    let replaced = place.secret.replace(&stored, &place.account, Some(new.clone()));
    place.acting("secrets put", replaced).await?;
    place.note_kept(&stored);
    match is_new {
        true => say!("stored the secret for {scope} at {now}"),
        false => say!("replaced the secret for {scope} at {now}: only the new one is stored"),
    }
    place.note_no_token(&new);
    if !place.account.is_default() || bound.environment.is_some() {
        say!("it is {}", bound.text());
    }
    let accepted = format!(
        "every running function accepts the new one after {} s",
        ACCEPTED_AFTER.as_secs()
    );
    match is_new {
        true => say!("{accepted}"),
        false => say!(
            "{accepted}, and may accept the old one until {}",
            now.plus(WITHDRAWN_AFTER)
        ),
    }
    say!(
        "then release deliveries that were refused before: `acuse quarantine release --provider {}{}`",
        provider.name,
        account_option(&place.account)
    );
    if is_new && !place.account.is_default() {
        let url = place.target.webhook_url(provider, &place.account)?;
        say!("its webhook's URL is {url}");
    }
    Ok(ExitCode::SUCCESS)
}

/// What the account is bound to from now on.
#[derive(Debug, PartialEq)]
struct Bound {
    environment: Option<Environment>,
    /// Whether neither the option nor the object names it.
    kept: bool,
}

/// The environment that the option or the object names; else the one that the account has.
fn bound(option: Option<Binding>, given: Option<Environment>, old: Option<&StoredAccount>) -> Result<Bound, Failure> {
    let environment = match (option, given) {
        (Some(Binding(option)), Some(given)) if option != Some(given) => {
            return Err(Failure::new(format!(
                "`--environment {}` contradicts the object's `environment`, which is {}: leave one of the two out",
                Binding(option).name(),
                given.name()
            )));
        }
        (Some(Binding(option)), _) => option,
        (None, Some(given)) => Some(given),
        (None, None) => old.and_then(|old| old.environment),
    };
    let kept = option.is_none() && given.is_none() && old.is_some();
    Ok(Bound { environment, kept })
}

impl Bound {
    fn text(&self) -> String {
        match self.environment {
            Some(environment) if self.kept => format!(
                "still bound to the environment {}; `--environment any` unbinds it",
                environment.name()
            ),
            environment => Binding(environment).text(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_the_given_one_or_stays() {
        use Environment::{Live, Test};
        let old = |environment| StoredAccount {
            environment,
            ..StoredAccount::default()
        };
        let (live, none) = (old(Some(Live)), old(None));
        for (option, given, old, expected, kept) in [
            (None, None, None, None, false),
            (None, None, Some(&live), Some(Live), true),
            (None, None, Some(&none), None, true),
            (None, Some(Test), Some(&live), Some(Test), false),
            (Some(Some(Test)), None, Some(&live), Some(Test), false),
            (Some(Some(Test)), Some(Test), None, Some(Test), false),
            (Some(None), None, Some(&live), None, false),
        ] {
            let bound = bound(option.map(Binding), given, old).unwrap();
            assert_eq!((bound.environment, bound.kept), (expected, kept));
        }
        for (option, expected) in [(Some(Live), "`--environment live`"), (None, "`--environment any`")] {
            let error = bound(Some(Binding(option)), Some(Test), None).unwrap_err();
            let lines = error.lines().join("\n");
            assert!(lines.contains(expected) && lines.contains("which is test"), "{lines}");
        }
    }

    #[test]
    fn the_text_says_what_the_binding_does() {
        let text = |environment, kept| Bound { environment, kept }.text();
        assert_eq!(
            text(Some(Environment::Test), false),
            "bound to the environment test: deliveries of another one are recorded, and reach no hook"
        );
        assert_eq!(
            text(Some(Environment::Live), true),
            "still bound to the environment live; `--environment any` unbinds it"
        );
        let none = "not bound to an environment: it takes test and live deliveries";
        assert_eq!([text(None, true), text(None, false)], [none, none]);
    }
}
