//! A destination, well or in trouble.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::BodyExt;
use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::error::Error;
use crate::server::{Server, json};
use acuse_work as work;

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Trouble {
    /// Nothing.
    None,
    /// It never answers.
    Hangs,
    /// Nobody listens.
    Refuses,
    /// It answers 500 at once.
    Fails,
    /// It answers 200 after 8 seconds.
    Slow,
}

impl Trouble {
    pub(crate) const ALL: [Self; 5] = [Self::None, Self::Hangs, Self::Refuses, Self::Fails, Self::Slow];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Hangs => "hangs, to its time-out of 10 s",
            Self::Refuses => "refuses connections",
            Self::Fails => "answers 500",
            Self::Slow => "answers 200 after 8 s",
        }
    }
}

/// Where it receives, and what it got.
pub(crate) struct Receiver {
    pub(crate) url: String,
    got: Arc<Got>,
}

#[derive(Default)]
struct Got {
    /// When the payments of which numbers came first.
    payments: Mutex<BTreeMap<usize, Instant>>,
    news: Notify,
}

impl Receiver {
    /// Starts it. Without trouble it answers 200 after `answer`.
    pub(crate) async fn start(trouble: Trouble, answer: Duration) -> Result<Self, Error> {
        Self::answering(trouble, move |_| answer).await
    }

    /// The same; without trouble the event of each payment has an answer after a time of its own.
    pub(crate) async fn answering(
        trouble: Trouble,
        answer: impl Fn(usize) -> Duration + Copy + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let got = Arc::new(Got::default());
        let own = Arc::clone(&got);
        let server = Server::start(None, move |asked| {
            let got = Arc::clone(&own);
            async move {
                let body = asked.into_body().collect().await.map(|body| body.to_bytes());
                let body: Value = serde_json::from_slice(&body.unwrap_or_default()).unwrap_or_default();
                let number = body["resource"]["id"].as_str().and_then(work::number);
                let number = number.unwrap_or_default();
                match trouble {
                    Trouble::Hangs => std::future::pending().await,
                    Trouble::Fails => return json(500, "{}"),
                    Trouble::Slow => tokio::time::sleep(Duration::from_secs(8)).await,
                    Trouble::None | Trouble::Refuses => tokio::time::sleep(answer(number)).await,
                }
                let mut payments = got.payments.lock().unwrap_or_else(PoisonError::into_inner);
                payments.entry(number).or_insert_with(Instant::now);
                drop(payments);
                got.news.notify_waiters();
                json(200, "{}")
            }
        });
        let address = server.await.map_err(Error::Listen)?.address;
        let url = match trouble {
            Trouble::Refuses => "http://127.0.0.1:1/webhooks".to_owned(),
            _ => format!("http://{address}/webhooks"),
        };
        Ok(Self { url, got })
    }

    /// When it had this many events.
    pub(crate) async fn got(&self, count: usize) -> Instant {
        loop {
            let news = self.got.news.notified();
            if self.answered() >= count {
                return Instant::now();
            }
            news.await;
        }
    }

    /// How many events it has answered with 200.
    pub(crate) fn answered(&self) -> usize {
        self.payments().len()
    }

    /// When it answered with 200, by the payment's number.
    pub(crate) fn payments(&self) -> BTreeMap<usize, Instant> {
        self.got.payments.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
