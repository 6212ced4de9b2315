//! The function `endpoints`: reads on a schedule what providers' APIs list, and counts the webhooks that are not as they
//! should be. It changes nothing.

mod configuration;

use std::sync::Arc;
use std::time::Duration;

use acuse_core::clock::{Clock, within};
use acuse_core::endpoint::{Checked, Expected, Webhook, check, many, pages};
use acuse_core::error::chain;
use acuse_core::metric;
use acuse_core::provider::Providers;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde::de::IgnoredAny;
use thiserror::Error;
use tracing::{error, info, warn};

use crate::config::Variables;
use crate::consumer::deadline;
use crate::hook::{Http, HttpError, Secret, Setup};
use crate::sdk;
use crate::sdk::resolver::Egress;
use crate::system::SystemClock;
use crate::telemetry;
use configuration::{Configuration, Endpoint};

/// Kept free at the end of an invocation, to write its numbers.
const RESERVE: Duration = Duration::from_secs(2);

/// No account has webhooks on more pages: this ends a list that does not end.
const MOST_PAGES: u64 = 50;

/// Checks the webhooks at providers whenever it is invoked, until Lambda ends the process.
///
/// Reads `ENDPOINTS_SECRET_ID`, the secret with the APIs to ask, and `WEBHOOK_URLS`, the URLs that reach the stack,
/// separated by commas, the one to register first: `https://…`, or `kuenta=https://…` if it takes one provider's deliveries
/// alone.
///
/// # Errors
/// A missing variable, by name; the runtime's own errors.
pub async fn run_endpoints(providers: Providers) -> Result<(), Error> {
    let variables = Variables::ENVIRONMENT;
    let urls = variables.required("WEBHOOK_URLS", "the URLs of the stack, separated by commas")?;
    let setup = Setup::new(sdk::load()?, variables);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let watch = Watch {
        providers,
        urls: urls.split(',').map(StackUrl::parse).collect(),
        // Read at each check, so that a new token counts at once.
        secret: setup.secret("ENDPOINTS_SECRET_ID")?.kept_for(Duration::ZERO),
        public: Http::within(Egress::Public, Arc::clone(&clock))?,
        private: Http::within(Egress::Private, Arc::clone(&clock))?,
        clock,
    };
    let watch = &watch;
    run(service_fn(|event: LambdaEvent<IgnoredAny>| async move {
        let now = SystemClock.now();
        let left = deadline(event.context.deadline, now).minus(RESERVE).since(now);
        watch.check_all(left).await;
        telemetry::flush_metrics();
        Ok::<_, Error>(())
    }))
    .await
}

/// What checks the endpoints.
struct Watch {
    providers: Providers,
    urls: Vec<StackUrl>,
    secret: Secret,
    public: Http,
    /// For entries with `allow_private`.
    private: Http,
    clock: Arc<dyn Clock>,
}

/// A URL that reaches the stack.
#[derive(Debug, Clone)]
struct StackUrl {
    /// The only provider whose deliveries it takes, if it is that of a function.
    provider: Option<String>,
    url: String,
}

impl StackUrl {
    fn parse(text: &str) -> Self {
        let text = text.trim().trim_end_matches('/');
        let (provider, url) = match text.split_once('=') {
            Some((provider, url)) if !provider.contains(':') => (Some(provider.to_owned()), url),
            _ => (None, text),
        };
        Self {
            provider,
            url: url.to_owned(),
        }
    }

    fn takes(&self, provider: &str) -> bool {
        self.provider.as_deref().is_none_or(|only| only == provider)
    }
}

/// What became of one check. The names are those of the metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Well,
    Wrong,
    /// The API did not answer, or not with a list.
    Unknown,
}

/// The API does not tell.
#[derive(Debug, Error)]
enum ListError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("the answer is something other than a list of webhooks")]
    NotAList,
    #[error("no time is left")]
    NoTime,
}

impl Watch {
    /// Checks all endpoints of the secret in the time that is left. Each that can't be checked is counted as such, so
    /// that a missing answer is never taken for a good one.
    async fn check_all(&self, left: Duration) -> Vec<Outcome> {
        let configuration = match self.configuration().await {
            Ok(configuration) => configuration,
            Err(reason) => {
                error!(
                    reason,
                    "the secret with the providers' APIs can't be used: nothing is watched"
                );
                metric::endpoint(None, Outcome::Unknown.name());
                return vec![Outcome::Unknown];
            }
        };
        let until = self.clock.now().plus(left);
        let mut outcomes = Vec::new();
        for endpoint in &configuration.endpoints {
            let left = until.since(self.clock.now());
            let listed = within(&*self.clock, left, self.list(endpoint)).await;
            let outcome = report(endpoint, listed.unwrap_or(Err(ListError::NoTime)), &self.urls);
            metric::endpoint(Some((endpoint.provider, &endpoint.account)), outcome.name());
            outcomes.push(outcome);
        }
        outcomes
    }

    async fn configuration(&self) -> Result<Configuration, String> {
        let text = self.secret.text().await.map_err(|error| chain(&error))?;
        Configuration::parse(text.expose(), self.providers).map_err(|error| chain(&error))
    }

    /// All webhooks that the endpoint's API lists, of all pages.
    async fn list(&self, endpoint: &Endpoint) -> Result<Vec<Webhook>, ListError> {
        let http = match endpoint.allow_private {
            true => &self.private,
            false => &self.public,
        };
        let (mut webhooks, mut last, mut page) = (Vec::new(), 1, 1);
        while page <= last {
            let url = match page {
                1 => endpoint.url.clone(),
                page => with_page(&endpoint.url, page),
            };
            let mut request = http.get(&url).header("accept", "application/json");
            for (name, value) in &endpoint.headers {
                request = request.header(name, value);
            }
            let answer: serde_json::Value =
                serde_json::from_slice(request.send().await?.body()).map_err(|_| ListError::NotAList)?;
            webhooks.extend(many(&answer).ok_or(ListError::NotAList)?);
            if page == 1 {
                last = pages(&answer).min(MOST_PAGES);
            }
            page += 1;
        }
        Ok(webhooks)
    }
}

/// The URL of a further page. The secret's URL may have a query of its own.
fn with_page(url: &str, page: u64) -> String {
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}page={page}")
}

/// Compares and logs.
fn report(endpoint: &Endpoint, listed: Result<Vec<Webhook>, ListError>, urls: &[StackUrl]) -> Outcome {
    let scope = endpoint.account.scope(endpoint.provider);
    let webhooks = match listed {
        Ok(webhooks) => webhooks,
        Err(error) => {
            warn!(endpoint = %scope, error = chain(&error), "the provider's API does not tell");
            return Outcome::Unknown;
        }
    };
    let own = urls.iter().filter(|url| url.takes(endpoint.provider));
    let urls: Vec<String> = own.map(|own| format!("{}/webhooks/{scope}", own.url)).collect();
    let expected = Expected {
        urls: &urls,
        events: &endpoint.events,
        environment: endpoint.environment,
    };
    match check(&webhooks, expected) {
        None => {
            warn!(endpoint = %scope, "the token lists the webhooks of the other environment");
            Outcome::Unknown
        }
        Some(Checked { findings, .. }) if findings.is_empty() => {
            info!(endpoint = %scope, "the webhook is as it should be");
            Outcome::Well
        }
        Some(Checked { findings, .. }) => {
            for finding in findings {
                error!(endpoint = %scope, finding = finding.code(), "{finding}");
            }
            Outcome::Wrong
        }
    }
}

impl Outcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Wrong => "wrong",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests;
