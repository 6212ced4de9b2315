//! A small emulation of the Lambda Runtime API: gives events, takes answers, and keeps the time.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::sync::{mpsc, oneshot};

use crate::error::Error;
use crate::server::{Answer, Asked, Server, json};

/// Nothing takes longer, not on a busy machine either.
const TIMEOUT: Duration = Duration::from_secs(60);

/// An invocation's time-out, as Lambda would have it.
const TIME_OUT: Duration = Duration::from_secs(30);

/// The Runtime API of one function at a time.
pub(crate) struct Lambda {
    pub(crate) server: Server,
    calls: mpsc::UnboundedReceiver<Call>,
}

/// A call to the Runtime API, and when it came.
enum Call {
    Next(Instant, oneshot::Sender<Bytes>),
    Answered(Instant, Bytes),
    Failed(Bytes),
}

/// A function that waits for its next event.
pub(crate) struct Ready {
    /// When it began to wait.
    pub(crate) since: Instant,
    event: oneshot::Sender<Bytes>,
}

/// An invocation that is over.
pub(crate) struct Invoked {
    /// From the event to the answer.
    pub(crate) took: Duration,
    /// The answer.
    pub(crate) answer: Bytes,
}

impl Lambda {
    pub(crate) async fn start() -> Result<Self, Error> {
        let (sender, calls) = mpsc::unbounded_channel();
        let server = Server::start(None, move |asked| answer(asked, sender.clone()))
            .await
            .map_err(Error::Listen)?;
        Ok(Self { server, calls })
    }

    /// Forgets the calls of a function that has ended.
    pub(crate) fn forget(&mut self) {
        while self.calls.try_recv().is_ok() {}
        self.server.take_connections();
    }

    /// Waits until the function asks for its next event.
    pub(crate) async fn ready(&mut self) -> Result<Ready, Error> {
        match self.next_call().await? {
            Call::Next(since, event) => Ok(Ready { since, event }),
            Call::Answered(_, body) | Call::Failed(body) => Err(Error::Answer(text(&body))),
        }
    }

    /// Gives `event` to the function that waits for it.
    pub(crate) async fn invoke(&mut self, ready: Ready, event: Bytes) -> Result<Invoked, Error> {
        let began = Instant::now();
        let _ = ready.event.send(event);
        match self.next_call().await? {
            Call::Answered(at, answer) => Ok(Invoked {
                took: at.duration_since(began),
                answer,
            }),
            Call::Failed(body) => Err(Error::Answer(text(&body))),
            Call::Next(..) => Err(Error::Answer("no answer before the next event was asked for".into())),
        }
    }

    async fn next_call(&mut self) -> Result<Call, Error> {
        match tokio::time::timeout(TIMEOUT, self.calls.recv()).await {
            Ok(Some(call)) => Ok(call),
            Ok(None) | Err(_) => Err(Error::Silent),
        }
    }
}

async fn answer(asked: Asked, calls: mpsc::UnboundedSender<Call>) -> Answer {
    let path = asked.uri().path().to_owned();
    if path.ends_with("/invocation/next") {
        let (event, given) = oneshot::channel();
        let _ = calls.send(Call::Next(Instant::now(), event));
        return match given.await {
            Ok(event) => invocation(event),
            // The driver has what it wants: the function is about to be ended.
            Err(_) => std::future::pending().await,
        };
    }
    let body = asked.into_body().collect().await.map(|body| body.to_bytes());
    let body = body.unwrap_or_default();
    let _ = calls.send(match path.ends_with("/response") {
        true => Call::Answered(Instant::now(), body),
        false => Call::Failed(body),
    });
    json(202, r#"{"status":"OK"}"#)
}

fn invocation(event: Bytes) -> Answer {
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + TIME_OUT;
    let mut answer = json(200, event);
    let headers = answer.headers_mut();
    for (name, value) in [
        // As Lambda says it: Python's runtime reads no other JSON.
        ("content-type", "application/json"),
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:123456789012:function:benchmark",
        ),
        (
            "lambda-runtime-trace-id",
            "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
        ),
    ] {
        headers.insert(name, http::HeaderValue::from_static(value));
    }
    if let Ok(deadline) = deadline.as_millis().to_string().parse() {
        headers.insert("lambda-runtime-deadline-ms", deadline);
    }
    answer
}

fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body).into_owned()
}
