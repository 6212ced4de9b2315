//! SQS, Secrets Manager and DynamoDB that answer at once: each has its own port, as each has its own host
//! on AWS, so that connections are counted by service.

mod answers;
mod certificate;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::BodyExt;

use crate::error::Error;
use crate::server::{Answer, Asked, Server};

/// The three services.
pub(crate) struct Backend {
    scheme: &'static str,
    sqs: Server,
    secrets: Server,
    dynamodb: Server,
    seen: Arc<Seen>,
    /// What functions have to trust, where this is TLS.
    pub(crate) authority: Option<PathBuf>,
}

/// What the services have seen.
#[derive(Debug, Default)]
struct Seen {
    calls: Mutex<BTreeMap<String, u32>>,
    delay_micros: AtomicU64,
}

/// What one function did to the services.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub(crate) struct Traffic {
    /// Connections to SQS.
    pub(crate) sqs: u32,
    /// Connections to Secrets Manager.
    pub(crate) secrets: u32,
    /// Connections to DynamoDB.
    pub(crate) dynamodb: u32,
    /// Calls by operation.
    pub(crate) calls: BTreeMap<String, u32>,
}

impl Backend {
    /// Starts the services, over TLS unless `plain`. The authority's certificate is put into `folder`.
    pub(crate) async fn start(plain: bool, folder: &Path) -> Result<Self, Error> {
        let tls = match plain {
            true => None,
            false => Some(certificate::make(folder)?),
        };
        let seen = Arc::new(Seen::default());
        let service = || {
            let seen = Arc::clone(&seen);
            let acceptor = tls.as_ref().map(|(acceptor, _)| acceptor.clone());
            Server::start(acceptor, move |asked| answer(asked, Arc::clone(&seen)))
        };
        Ok(Self {
            scheme: if plain { "http" } else { "https" },
            sqs: service().await.map_err(Error::Listen)?,
            secrets: service().await.map_err(Error::Listen)?,
            dynamodb: service().await.map_err(Error::Listen)?,
            seen,
            authority: tls.map(|(_, authority)| authority),
        })
    }

    /// From now on every answer takes this long.
    pub(crate) fn delay(&self, delay: Duration) {
        let micros = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX);
        self.seen.delay_micros.store(micros, Ordering::Relaxed);
    }

    /// What was seen since the last time this was asked.
    pub(crate) fn take_traffic(&self) -> Traffic {
        let mut calls = self.seen.calls.lock().unwrap_or_else(PoisonError::into_inner);
        Traffic {
            sqs: self.sqs.take_connections(),
            secrets: self.secrets.take_connections(),
            dynamodb: self.dynamodb.take_connections(),
            calls: std::mem::take(&mut calls),
        }
    }

    /// The variables by which SDKs find the services, and what they trust.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        // The name of the certificate; an address would do for some SDKs alone.
        let url = |server: &Server| format!("{}://localhost:{}", self.scheme, server.address.port());
        let mut environment = vec![
            ("AWS_ENDPOINT_URL_SQS", url(&self.sqs)),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", url(&self.secrets)),
            ("AWS_ENDPOINT_URL_DYNAMODB", url(&self.dynamodb)),
            ("EVENT_QUEUE_URL", format!("{}/123456789012/events", url(&self.sqs))),
            (
                "QUARANTINE_QUEUE_URL",
                format!("{}/123456789012/quarantine", url(&self.sqs)),
            ),
            (
                "DEAD_LETTER_QUEUE_URL",
                format!("{}/123456789012/dead-letters", url(&self.sqs)),
            ),
        ];
        if let Some(authority) = &self.authority {
            for name in ["SSL_CERT_FILE", "AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] {
                environment.push((name, authority.display().to_string()));
            }
        }
        environment
    }
}

async fn answer(asked: Asked, seen: Arc<Seen>) -> Answer {
    let target = asked.headers().get("x-amz-target");
    let target = target.and_then(|target| target.to_str().ok()).unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
    let body = asked.into_body().collect().await.map(|body| body.to_bytes());
    let answer = answers::to(&operation, &body.unwrap_or_default());
    *seen
        .calls
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .entry(operation)
        .or_default() += 1;
    let delay = Duration::from_micros(seen.delay_micros.load(Ordering::Relaxed));
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    answer
}
