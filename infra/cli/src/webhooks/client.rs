//! The calls themselves: time-outs, tries, and errors that say what to do.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use acuse_aws::system::{SystemClock, SystemRandom};
use acuse_core::clock::{Clock, Random};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::{Client as Hyper, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use thiserror::Error;

use super::error::ApiError;
use super::hidden::shown;
use super::retry::{Outcome, Repeat, TRIES, retry_after};
use super::{ChoiceError, Webhook, check_url, many};
use crate::http::connector;

/// No answer of these APIs is longer.
const LONGEST_BODY: usize = 4 * 1024 * 1024;

/// How long calls may take, and where time and randomness come from.
pub struct Pace {
    /// Until there is a connection.
    pub connect: Duration,
    /// One try as a whole.
    pub whole: Duration,
    /// Waits between tries.
    pub clock: Box<dyn Clock>,
    /// Spreads them.
    pub random: Box<dyn Random>,
    /// Is told, in words, of each wait.
    pub on_wait: Box<dyn Fn(&str) + Send + Sync>,
}

impl Default for Pace {
    /// The machine's clock: 5 s for a connection, 20 s for a try.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            whole: Duration::from_secs(20),
            clock: Box::new(SystemClock),
            random: Box::new(SystemRandom),
            on_wait: Box::new(|_| {}),
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

/// A provider's management API. Shows no credentials.
#[derive(Debug)]
pub struct Client {
    http: Hyper<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: Url,
    headers: HeaderMap,
    token: Option<SecretString>,
    /// Where the credentials come from, for who has to correct them.
    credentials: &'static str,
    pace: Pace,
}

/// What to call.
pub(super) struct Call<'a> {
    pub(super) method: Method,
    pub(super) id: Option<&'a str>,
    pub(super) body: Option<Value>,
    pub(super) repeat: Repeat,
    /// Hidden wherever the answer repeats it.
    pub(super) secret: Option<&'a SecretString>,
}

impl<'a> Call<'a> {
    /// One without a body, for all webhooks or the one of this id.
    pub(super) fn of(method: Method, id: Option<&'a str>) -> Self {
        Self {
            method,
            id,
            body: None,
            repeat: Repeat::Safe,
            secret: None,
        }
    }
}

/// A success.
pub(super) struct Answer {
    method: Method,
    url: String,
    status: u16,
    body: Bytes,
}

/// A try without an answer.
struct NoAnswer {
    outcome: Outcome,
    source: Box<dyn StdError + Send + Sync>,
}

/// The time is over.
#[derive(Debug, Error)]
#[error("no whole answer within {0:?}")]
struct TooSlow(Duration);

impl Client {
    /// The API at `base`, which is called with `token`.
    pub(super) fn new(
        base: &str,
        token: Option<SecretString>,
        credentials: &'static str,
        pace: Pace,
    ) -> Result<Self, ApiError> {
        let base = check_base(base).map_err(ApiError::Base)?;
        let connector = connector(pace.connect).map_err(ApiError::Roots)?;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let agent = HeaderValue::from_static(concat!("acuse/", env!("CARGO_PKG_VERSION")));
        headers.insert(USER_AGENT, agent);
        let mut client = Self {
            http: Hyper::builder(TokioExecutor::new()).build(connector),
            base,
            headers,
            token: None,
            credentials,
            pace,
        };
        if let Some(token) = token {
            let bearer = format!("Bearer {}", token.expose_secret());
            client.set(AUTHORIZATION.as_str(), "the API token", &bearer)?;
            client.token = Some(token);
        }
        Ok(client)
    }

    /// Sends this header with every call; `what` names it where it can't be one.
    pub(super) fn set(&mut self, name: &'static str, what: &'static str, value: &str) -> Result<(), ApiError> {
        let mut value = HeaderValue::from_str(value).map_err(|_| ApiError::Header(what))?;
        if value.is_empty() {
            return Err(ApiError::Header(what));
        }
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(())
    }

    /// All webhooks.
    pub(super) async fn list(&self) -> Result<Vec<Webhook>, ApiError> {
        let answer = self.call(Call::of(Method::GET, None)).await?;
        answer.read("a list of webhooks", many)
    }

    /// Deletes one. False where the list does not have it: it was gone before. A 404 alone does not say so, since
    /// a wrong base URL answers it as well.
    pub(super) async fn delete(&self, id: &str) -> Result<bool, ApiError> {
        match self.call(Call::of(Method::DELETE, Some(id))).await {
            Ok(_) => Ok(true),
            Err(error @ ApiError::Refused { status: 404, .. }) => match self.list().await {
                Ok(present) if present.iter().all(|webhook| webhook.id != id) => Ok(false),
                _ => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// Calls until there is an answer that counts.
    pub(super) async fn call(&self, call: Call<'_>) -> Result<Answer, ApiError> {
        let url = self.url(call.id)?;
        let body = call.body.as_ref().map(Value::to_string).map(Bytes::from);
        let mut unsure = false;
        let mut tries = 0;
        loop {
            tries += 1;
            let tried = self.once(&call.method, &url, body.clone()).await;
            let outcome = match &tried {
                Ok((status @ 200..=299, _, body)) => return Ok(Answer::new(&call, &url, *status, body.clone())),
                // It is gone: an earlier try, whose answer was lost, did it.
                Ok((404, _, _)) if call.method == Method::DELETE && unsure => {
                    return Ok(Answer::new(&call, &url, 404, Bytes::new()));
                }
                Ok((status, wait, _)) => Outcome::Status(*status, *wait),
                Err(lost) => lost.outcome,
            };
            unsure |= outcome.is_unsure();
            let again = tries < TRIES && call.repeat.allows(outcome);
            let delay = outcome.delay(tries, self.pace.random.as_ref());
            let (true, Some(delay)) = (again, delay) else {
                return Err(self.error(&call, &url, tried, tries, unsure));
            };
            let what = match outcome {
                Outcome::Status(status, _) => format!("answers {status}"),
                Outcome::Unconnected => "can't be reached".to_owned(),
                Outcome::Lost => "did not answer".to_owned(),
            };
            (self.pace.on_wait)(&format!(
                "{} {what}; try {} of {TRIES} in {:.1} s",
                self.base,
                tries + 1,
                delay.as_secs_f64()
            ));
            self.pace.clock.sleep(delay).await;
        }
    }

    /// One try: status, `Retry-After`, body.
    async fn once(
        &self,
        method: &Method,
        url: &Url,
        body: Option<Bytes>,
    ) -> Result<(u16, Option<Duration>, Bytes), NoAnswer> {
        let lost = |outcome, source| NoAnswer { outcome, source };
        let mut request = Request::new(Full::new(body.clone().unwrap_or_default()));
        *request.method_mut() = method.clone();
        let uri = url.as_str().parse();
        *request.uri_mut() = uri.map_err(|error: http::uri::InvalidUri| lost(Outcome::Lost, error.into()))?;
        request.headers_mut().clone_from(&self.headers);
        if body.is_some() {
            let json = HeaderValue::from_static("application/json");
            request.headers_mut().insert(CONTENT_TYPE, json);
        }
        let answer = async {
            let answer = self.http.request(request).await.map_err(|error| {
                let outcome = if error.is_connect() {
                    Outcome::Unconnected
                } else {
                    Outcome::Lost
                };
                lost(outcome, error.into())
            })?;
            let (parts, body) = answer.into_parts();
            let body = Limited::new(body, LONGEST_BODY).collect().await;
            let body = body.map_err(|error| lost(Outcome::Lost, error))?.to_bytes();
            let wait = parts.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            let wait = wait.and_then(|value| retry_after(value, self.pace.clock.as_ref()));
            Ok((parts.status.as_u16(), wait, body))
        };
        let answer = tokio::time::timeout(self.pace.whole, answer).await;
        answer.unwrap_or_else(|_| Err(lost(Outcome::Lost, TooSlow(self.pace.whole).into())))
    }

    fn error(
        &self,
        call: &Call<'_>,
        url: &Url,
        tried: Result<(u16, Option<Duration>, Bytes), NoAnswer>,
        tries: u32,
        unsure: bool,
    ) -> ApiError {
        let (method, url) = (call.method.clone(), url.to_string());
        match tried {
            Ok((status, wait, body)) => {
                let secrets = call.secret.into_iter().chain(&self.token).cloned();
                ApiError::Refused {
                    method,
                    url,
                    status,
                    body: shown(&body, &secrets.collect::<Vec<_>>()),
                    wait: wait.filter(|&wait| wait > super::retry::LONGEST_WAIT),
                    unsure,
                    credentials: self.credentials,
                }
            }
            Err(lost) => ApiError::NoAnswer {
                method,
                url,
                tries,
                unsure,
                source: lost.source,
            },
        }
    }

    fn url(&self, id: Option<&str>) -> Result<Url, ApiError> {
        let mut url = self.base.clone();
        let mut path = url.path_segments_mut().map_err(|()| ApiError::Id(String::new()))?;
        path.pop_if_empty().extend(["v1", "webhooks"]);
        match id {
            // A dot would not be a segment of its own: it would be another place. Nor would one with a tab or line
            // feed in it, which a URL drops (https://url.spec.whatwg.org/#concept-basic-url-parser).
            Some(id) if ["", ".", ".."].contains(&id.trim()) || id.contains(char::is_control) => {
                return Err(ApiError::Id(id.to_owned()));
            }
            Some(id) => drop(path.push(id)),
            None => {}
        }
        drop(path);
        Ok(url)
    }
}

/// The place that `/v1/webhooks` is at.
fn check_base(text: &str) -> Result<Url, ChoiceError> {
    let mut url = check_url(text)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(ChoiceError::Url {
            url: text.to_owned(),
            reason: "a base URL ends with its path",
        });
    }
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/v1").unwrap_or(path).to_owned();
    url.set_path(&path);
    Ok(url)
}

impl Answer {
    fn new(call: &Call<'_>, url: &Url, status: u16, body: Bytes) -> Self {
        Self {
            method: call.method.clone(),
            url: url.to_string(),
            status,
            body,
        }
    }

    /// What `read` finds in the JSON.
    pub(super) fn read<T>(
        &self,
        expected: &'static str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<T, ApiError> {
        let json: Option<Value> = serde_json::from_slice(&self.body).ok();
        json.as_ref().and_then(read).ok_or_else(|| ApiError::Unreadable {
            method: self.method.clone(),
            url: self.url.clone(),
            status: self.status,
            expected,
            bytes: self.body.len(),
        })
    }
}
