//! A request of a hook's.

use std::time::Duration;

use acuse_core::clock::within;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use http_body_util::{BodyExt, Limited};
use serde::Serialize;

use super::{CALL, Http, HttpError, Response};
use crate::hook::SecretText;

/// What a request takes at most, unless it says otherwise.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A request ends this long before the attempt does, so that its error is recorded, with the host's name.
const BEFORE_DEADLINE: Duration = Duration::from_millis(250);

/// The longest answer that is read, in bytes.
const LONGEST_ANSWER: usize = 6 * 1024 * 1024;

/// A request that is not sent yet.
#[must_use = "a request is sent by `send`"]
pub struct Request<'c> {
    http: &'c Http,
    method: Method,
    url: Result<Uri, String>,
    headers: HeaderMap,
    body: Bytes,
    timeout: Duration,
    /// The first thing that is wrong with it.
    problem: Option<String>,
}

impl<'c> Request<'c> {
    pub(super) fn new(http: &'c Http, method: Method, url: &str) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_static("acuse"));
        Self {
            http,
            method,
            url: parsed(url),
            headers,
            body: Bytes::new(),
            timeout: TIMEOUT,
            problem: None,
        }
    }

    /// Sets a header.
    pub fn header(self, name: &str, value: impl AsRef<str>) -> Self {
        match HeaderName::try_from(name) {
            Ok(known) => self.with(known, value.as_ref(), false),
            Err(_) => self.wrong(format!("{name:?} is not a name of a header")),
        }
    }

    /// Sets the header `authorization` to `Bearer …`.
    pub fn bearer(self, token: &SecretText) -> Self {
        self.with(AUTHORIZATION, &format!("Bearer {}", token.expose()), true)
    }

    /// Sets a JSON body.
    pub fn json(self, body: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(body) {
            Ok(json) => self.body("application/json", json),
            // Its text may quote a value.
            Err(_) => self.wrong("its body can't be written as JSON".to_owned()),
        }
    }

    /// Sets a body of any other type.
    pub fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.with(CONTENT_TYPE, content_type, false)
    }

    /// The longest time until the whole answer is there, instead of 10 s. It ends before the attempt's deadline in any
    /// case.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sends it.
    ///
    /// # Errors
    /// [`HttpError`] if there is no answer, or one that is not 2xx.
    pub async fn send(self) -> Result<Response, HttpError> {
        let (client, clock, method) = (self.http.client.clone(), self.http.clock.clone(), self.method.clone());
        let problem = self.problem.clone().or_else(|| self.url.as_ref().err().cloned());
        let (url, None) = (self.url.unwrap_or_default(), &problem) else {
            let problem = problem.unwrap_or_default();
            return Err(HttpError::Invalid { method, problem });
        };
        let host = url.host().unwrap_or_default().to_owned();
        if let Err(forbidden) = self.http.egress.check_host(&host) {
            let source = forbidden.into();
            return Err(HttpError::NoAnswer { method, host, source });
        }
        let (left, trace) = CALL
            .try_with(|call| {
                let left = call.deadline.minus(BEFORE_DEADLINE).since(clock.now());
                (left, call.trace.clone())
            })
            .unwrap_or((self.timeout, None));
        let timeout = self.timeout.min(left);
        if timeout.is_zero() {
            return Err(HttpError::NoTime { method, host });
        }

        let mut request = http::Request::new(SdkBody::from(self.body));
        *request.method_mut() = method.clone();
        *request.uri_mut() = url;
        *request.headers_mut() = self.headers;
        if let Some(trace) = trace.and_then(|trace| HeaderValue::try_from(trace).ok()) {
            request.headers_mut().entry("x-amzn-trace-id").or_insert(trace);
        }
        let answered = async {
            let (head, body) = client.request(request).await?.into_parts();
            let body = Limited::new(body, LONGEST_ANSWER).collect().await?.to_bytes();
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>((head, body))
        };
        let (head, body) = match within(&*clock, timeout, answered).await {
            Some(Ok(answer)) => answer,
            Some(Err(source)) => return Err(HttpError::NoAnswer { method, host, source }),
            None => return Err(HttpError::TimedOut { method, host, timeout }),
        };
        let response = Response {
            host: host.clone(),
            status: head.status,
            headers: head.headers,
            body,
        };
        if response.status.is_success() {
            return Ok(response);
        }
        let response = Box::new(response);
        Err(HttpError::Status { method, host, response })
    }

    fn with(mut self, name: HeaderName, value: &str, secret: bool) -> Self {
        match HeaderValue::try_from(value) {
            // They follow from URL and body.
            Ok(_) if name == HOST => self.wrong("the header `host` follows from the URL".to_owned()),
            Ok(mut value) => {
                value.set_sensitive(secret);
                self.headers.insert(name, value);
                self
            }
            Err(_) => self.wrong(format!("the value of the header `{name}` has control characters")),
        }
    }

    fn wrong(mut self, problem: String) -> Self {
        self.problem.get_or_insert(problem);
        self
    }
}

/// An absolute URL. The error does not contain it: it may be secret.
fn parsed(url: &str) -> Result<Uri, String> {
    let uri: Uri = url.parse().map_err(|_| "its URL is not valid".to_owned())?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(host)) if !host.is_empty() => Ok(uri),
        _ => Err("its URL should start with `https://` and a host".to_owned()),
    }
}

/// Without URL, headers and body.
impl std::fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}
