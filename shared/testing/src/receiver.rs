//! Another system, for hooks that call a URL.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::Response;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpListener;

/// An HTTP server in the test's process that keeps every request and answers as told. Clones are the same server.
#[derive(Debug, Clone)]
pub struct Receiver {
    url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    requests: Vec<Request>,
    script: VecDeque<Answer>,
    usual: Answer,
    hanging: u32,
}

/// A request that a hook made.
#[derive(Debug, Clone)]
pub struct Request {
    /// `POST`, …
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// All headers.
    pub headers: HeaderMap,
    /// The body as received.
    pub body: Bytes,
}

/// What a [`Receiver`] answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// This status, without a body.
    Status(u16),
    /// 200, with this JSON.
    Json(String),
    /// This status, with this JSON.
    Refusal(u16, String),
    /// Nothing: the hook is cut off at its deadline, for which the stack's clock does not wait.
    Hang,
}

impl Answer {
    /// 200, with this as JSON.
    #[track_caller]
    pub fn json(value: impl Serialize) -> Self {
        Self::Json(serde_json::to_string(&value).expect("the answer should be JSON"))
    }

    /// This status, with this as JSON.
    #[track_caller]
    pub fn refusal(status: u16, value: impl Serialize) -> Self {
        let json = serde_json::to_string(&value).expect("the answer should be JSON");
        Self::Refusal(status, json)
    }
}

impl Receiver {
    /// A server that answers every request with status 200.
    pub async fn start() -> Self {
        Self::answering(Answer::Status(200)).await
    }

    /// A server that answers every request with `usual`.
    pub async fn answering(usual: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            state: Arc::new(Mutex::new(State {
                requests: Vec::new(),
                script: VecDeque::new(),
                usual,
                hanging: 0,
            })),
        };
        let own = receiver.clone();
        let answer = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let own = own.clone();
            async move { own.answer(method, &uri, headers, body).await }
        };
        let router = Router::new().fallback(answer);
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    /// The URL of the server, without a slash at its end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Answers the next requests like this, one after the other; then as usual.
    pub fn answers(&self, script: impl IntoIterator<Item = Answer>) {
        self.state().script.extend(script);
    }

    /// The requests so far, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.state().requests.clone()
    }

    /// The only request. An assertion: it panics if there is none, or another one.
    #[track_caller]
    pub fn only_request(&self) -> Request {
        let mut requests = self.requests();
        assert!(
            requests.len() == 1,
            "{} requests were made, not one: {requests:#?}",
            requests.len()
        );
        requests.remove(0)
    }

    /// The number of requests that hang and were not counted before.
    pub(crate) fn take_hanging(&self) -> u32 {
        std::mem::take(&mut self.state().hanging)
    }

    async fn answer(&self, method: Method, uri: &Uri, headers: HeaderMap, body: Bytes) -> Response {
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let answer = {
            let mut state = self.state();
            state.requests.push(Request {
                method,
                path,
                headers,
                body,
            });
            let answer = state.script.pop_front().unwrap_or_else(|| state.usual.clone());
            state.hanging += u32::from(answer == Answer::Hang);
            answer
        };
        match answer {
            Answer::Status(status) => {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::from_u16(status).unwrap();
                response
            }
            Answer::Json(json) => with_json(200, json),
            Answer::Refusal(status, json) => with_json(status, json),
            Answer::Hang => pending().await,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn with_json(status: u16, json: String) -> Response {
    let json_type = [(header::CONTENT_TYPE, "application/json")];
    let status = StatusCode::from_u16(status).unwrap();
    axum::response::IntoResponse::into_response((status, json_type, json))
}

impl Request {
    /// The header `name`, if it is there and text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The header `idempotency-key`.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.header("idempotency-key")
    }

    /// The body as a type of yours, or as a `serde_json::Value`.
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }
}
