//! Calls to a provider's management API, with time-outs and retries.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use acuse_aws::system::{SystemClock, SystemRandom};
use acuse_core::clock::{Clock, Random};
use acuse_core::endpoint::{many, pages, single};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, HeaderName, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};
use http_body_util::{BodyExt, Limited};
use reqwest::redirect::Policy;
use reqwest::{Body, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::error::ApiError;
use super::hidden::shown;
use super::retry::{ATTEMPTS, CallOutcome, LONGEST_WAIT, Repeat, retry_after};
use super::{ChoiceError, Webhook, check_url};
use crate::http::{ClientError, builder};
use crate::terminal::note;

/// No answer of these APIs is longer.
const LONGEST_BODY: usize = 4 * 1024 * 1024;

/// No account has webhooks on more pages: this ends a list that does not end.
const MOST_PAGES: u64 = 50;

/// How long calls may take, and where time and randomness come from.
pub struct Pace {
    /// The time-out of a connection.
    pub connect: Duration,
    /// The time-out of one attempt, from connecting to the end of the answer.
    pub whole: Duration,
    /// Waits between attempts.
    pub clock: Box<dyn Clock>,
    /// Spreads the waits.
    pub random: Box<dyn Random>,
    /// Gets a line of text before each wait.
    pub on_wait: Box<dyn Fn(&str) + Send + Sync>,
}

impl Default for Pace {
    /// The machine's clock, 5 s for a connection, 20 s for an attempt, and a note of each wait.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            whole: Duration::from_secs(20),
            clock: Box::new(SystemClock),
            random: Box::new(SystemRandom),
            on_wait: Box::new(note),
        }
    }
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pace")
            .field("connect", &self.connect)
            .field("whole", &self.whole)
            .finish_non_exhaustive()
    }
}

/// A provider's management API. Its `Debug` shows no credentials.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    token: Option<SecretString>,
    /// Where the credentials come from, for the advice when they are refused.
    credentials: &'static str,
    pace: Pace,
}

pub(super) struct Call<'a> {
    pub(super) method: Method,
    pub(super) id: Option<&'a str>,
    /// The page of a list; `None` is the first.
    pub(super) page: Option<u64>,
    pub(super) body: Option<Value>,
    pub(super) repeat: Repeat,
    /// Left out of errors if the answer repeats it.
    pub(super) secret: Option<&'a SecretString>,
}

impl<'a> Call<'a> {
    /// A call without a body, for all webhooks or for one id.
    pub(super) fn of(method: Method, id: Option<&'a str>) -> Self {
        Self {
            method,
            id,
            page: None,
            body: None,
            repeat: Repeat::Safe,
            secret: None,
        }
    }
}

/// A header of every call: its name, what it is called in an error, its value.
pub(super) type Header<'a> = (&'static str, &'static str, &'a str);

pub(crate) struct Answer {
    /// The call's method and URL.
    pub(crate) call: String,
    is_read: bool,
    status: u16,
    wait: Option<Duration>,
    pub(crate) body: Bytes,
}

/// How an attempt ended without a whole answer, and why.
type NoAnswer = (CallOutcome, Box<dyn StdError + Send + Sync>);

impl Client {
    /// The API at `base`. Every call carries `token` and `headers`.
    pub(super) fn new(
        base: &str,
        token: Option<SecretString>,
        headers: &[Header<'_>],
        credentials: &'static str,
        pace: Pace,
    ) -> Result<Self, ApiError> {
        let base = check_base(base).map_err(ApiError::Base)?;
        let mut all = HeaderMap::new();
        all.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let agent = HeaderValue::from_static(concat!("acuse/", env!("CARGO_PKG_VERSION")));
        all.insert(USER_AGENT, agent);
        let bearer = token.as_ref().map(|token| format!("Bearer {}", token.expose_secret()));
        let bearer = bearer
            .iter()
            .map(|bearer| (AUTHORIZATION.as_str(), "the API token", bearer.as_str()));
        for (name, what, value) in headers.iter().copied().chain(bearer) {
            let mut value = HeaderValue::from_str(value).map_err(|_| ApiError::Header(what))?;
            if value.is_empty() {
                return Err(ApiError::Header(what));
            }
            value.set_sensitive(true);
            all.insert(HeaderName::from_static(name), value);
        }
        let http = builder()?
            .default_headers(all)
            .connect_timeout(pace.connect)
            .timeout(pace.whole)
            .redirect(Policy::none())
            .build()
            .map_err(ClientError::Setup)?;
        Ok(Self {
            http,
            base,
            token,
            credentials,
            pace,
        })
    }

    /// All webhooks, of all pages.
    pub async fn list(&self) -> Result<Vec<Webhook>, ApiError> {
        let read = |answer: &Value| Some((many(answer)?, pages(answer)));
        let answer = self.call(Call::of(Method::GET, None)).await?;
        let (mut webhooks, last) = answer.read("a list of webhooks", read)?;
        for page in 2..=last.min(MOST_PAGES) {
            let page = Call {
                page: Some(page),
                ..Call::of(Method::GET, None)
            };
            webhooks.extend(self.call(page).await?.read("a list of webhooks", many)?);
        }
        Ok(webhooks)
    }

    /// Deletes a webhook. Returns false if there was none. A 404 alone does not prove that, since a wrong base URL
    /// answers 404 too: the list must also lack the webhook.
    pub async fn delete(&self, id: &str) -> Result<bool, ApiError> {
        match self.call(Call::of(Method::DELETE, Some(id))).await {
            Ok(_) => Ok(true),
            Err(error @ ApiError::Refused { status: 404, .. }) => match self.list().await {
                Ok(present) if present.iter().all(|webhook| webhook.id != id) => Ok(false),
                _ => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// What the API has at `path` below `/v1`, with this query.
    pub(crate) async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Answer, ApiError> {
        let mut url = self.below_v1(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.call_at(Call::of(Method::GET, None), url).await
    }

    /// Calls until the API answers with success, or another attempt would be pointless or unsafe.
    pub(super) async fn call(&self, call: Call<'_>) -> Result<Answer, ApiError> {
        let path = ["webhooks"].into_iter().chain(call.id);
        let mut url = self.below_v1(&path.collect::<Vec<_>>())?;
        if let Some(page) = call.page {
            url.query_pairs_mut().append_pair("page", &page.to_string());
        }
        self.call_at(call, url).await
    }

    async fn call_at(&self, call: Call<'_>, url: Url) -> Result<Answer, ApiError> {
        let (mut attempts, mut unsure) = (0, false);
        loop {
            attempts += 1;
            let result = self.once(&call, &url).await;
            let outcome = match result {
                Ok(answer) if (200..300).contains(&answer.status) => return Ok(answer),
                // An earlier attempt, whose answer was lost, deleted it.
                Ok(answer) if answer.status == 404 && call.method == Method::DELETE && unsure => return Ok(answer),
                Ok(ref answer) => CallOutcome::Status(answer.status, answer.wait),
                Err((outcome, _)) => outcome,
            };
            unsure |= outcome.is_unsure();
            let Some(delay) = call.repeat.delay(outcome, attempts, self.pace.random.as_ref()) else {
                return Err(match result {
                    Ok(answer) => ApiError::Refused {
                        call: answer.call,
                        status: answer.status,
                        body: shown(&answer.body, call.secret.into_iter().chain(&self.token)),
                        wait: answer.wait.filter(|&wait| wait > LONGEST_WAIT),
                        unsure,
                        credentials: self.credentials,
                    },
                    Err((_, source)) => ApiError::NoAnswer {
                        call: format!("{} {url}", call.method),
                        attempts,
                        unsure,
                        source,
                    },
                });
            };
            (self.pace.on_wait)(&format!(
                "{} {outcome}; attempt {} of {ATTEMPTS} in {:.1} s",
                self.base,
                attempts + 1,
                delay.as_secs_f64()
            ));
            self.pace.clock.sleep(delay).await;
        }
    }

    async fn once(&self, call: &Call<'_>, url: &Url) -> Result<Answer, NoAnswer> {
        let mut request = self.http.request(call.method.clone(), url.clone());
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|error| {
            let outcome = match error.is_connect() {
                true => CallOutcome::Unconnected,
                false => CallOutcome::Lost,
            };
            (outcome, error.without_url().into())
        })?;
        let wait = response.headers().get(RETRY_AFTER);
        let wait = wait.and_then(|value| retry_after(value.to_str().ok()?, self.pace.clock.as_ref()));
        let status = response.status().as_u16();
        let body = Limited::new(Body::from(response), LONGEST_BODY).collect().await;
        let body = body.map_err(|source| (CallOutcome::Lost, source))?;
        Ok(Answer {
            call: format!("{} {url}", call.method),
            is_read: call.method == Method::GET,
            status,
            wait,
            body: body.to_bytes(),
        })
    }

    fn below_v1(&self, names: &[&str]) -> Result<Url, ApiError> {
        let mut url = self.base.clone();
        let mut path = url.path_segments_mut().map_err(|()| ApiError::Id(String::new()))?;
        path.pop_if_empty().push("v1");
        for name in names {
            // A URL resolves dots and drops tabs and line feeds: these ids would name another place.
            // https://url.spec.whatwg.org/#concept-basic-url-parser
            if ["", ".", ".."].contains(&name.trim()) || name.contains(char::is_control) {
                return Err(ApiError::Id((*name).to_owned()));
            }
            path.push(name);
        }
        drop(path);
        Ok(url)
    }
}

/// The URL that `/v1/webhooks` is appended to.
fn check_base(text: &str) -> Result<Url, ChoiceError> {
    let mut url = check_url(text)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(ChoiceError::Url {
            url: text.to_owned(),
            reason: "a base URL has no query and no fragment",
        });
    }
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/v1").unwrap_or(path).to_owned();
    url.set_path(&path);
    Ok(url)
}

impl Answer {
    /// The webhook in it; `expected` says which that is.
    pub(super) fn webhook(&self, expected: &'static str) -> Result<Webhook, ApiError> {
        self.read(expected, |answer| Some(single(answer)?.1))
    }

    /// What `read` finds in the JSON; `expected` says what that is.
    pub(super) fn read<T>(
        &self,
        expected: &'static str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<T, ApiError> {
        let json: Option<Value> = serde_json::from_slice(&self.body).ok();
        json.as_ref().and_then(read).ok_or_else(|| ApiError::Unreadable {
            call: self.call.clone(),
            status: self.status,
            expected,
            bytes: self.body.len(),
            unsure: !self.is_read,
        })
    }
}
