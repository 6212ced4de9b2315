//! `acuse secrets bind`, and the option `--environment`.

use std::process::ExitCode;

use acuse_aws::system::SystemClock;
use acuse_core::account::Environment;
use acuse_core::clock::Clock;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::{Place, WITHDRAWN_AFTER};
use crate::command::Failure;
use crate::say;

/// The environment that an account is bound to, if any.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Binding(pub(crate) Option<Environment>);

impl Binding {
    pub(crate) fn parser() -> impl TypedValueParser<Value = Self> {
        PossibleValuesParser::new(["live", "test", "any"]).map(|name| Self(Environment::from_name(&name)))
    }

    /// `live`, `test` or `any`.
    pub(crate) fn name(self) -> &'static str {
        self.0.map_or("any", Environment::name)
    }

    pub(super) fn text(self) -> String {
        match self.0 {
            Some(environment) => format!(
                "bound to the environment {}: deliveries of another one are recorded, and reach no hook",
                environment.name()
            ),
            None => "not bound to an environment: it takes test and live deliveries".to_owned(),
        }
    }
}

pub(super) async fn run(place: &Place, binding: Binding) -> Result<ExitCode, Failure> {
    let stored = place.secret.get().await?;
    let mut account = place.find(&stored)?.clone();
    let now = SystemClock.now();
    account.environment = binding.0;
    account.changed_at = Some(now);
    let put = place.secret.put(&stored, &place.account, account);
    place.acting("secrets bind", put).await?;
    say!("{} is {}", place.scope(), binding.text());
    say!("every running function knows of it by {}", now.plus(WITHDRAWN_AFTER));
    Ok(ExitCode::SUCCESS)
}
