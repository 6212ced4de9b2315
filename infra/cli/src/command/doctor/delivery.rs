//! A signed test delivery, through the public URL into the ledger.

use std::time::{Duration, Instant};

use acuse_aws::system::SystemClock;
use acuse_cli::http::post;
use acuse_cli::sample::Sample;
use acuse_cli::stack::target::Target;
use acuse_core::clock::{Clock, Timestamp};
use acuse_core::error::chain;
use acuse_core::event::key::IdempotencyKey;
use acuse_core::event::{Event, TEST_DELIVERY_MEMBER};
use acuse_core::provider::Provider;
use acuse_core::receive::TEST_DELIVERY_HEADER;
use acuse_core::receive::canonical;
use acuse_core::receive::secrets::Secrets;
use acuse_core::receive::signature::test_body;
use acuse_core::wire::delivery::{CanonicalForm, DeliveryId};
use acuse_core::wire::envelope::Envelope;

use crate::command::secrets::ACCEPTED_AFTER;

/// How long a test delivery may take to reach the ledger.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sends one, and looks for it under its key until it is there.
pub(super) async fn arrives(target: &Target, provider: &'static Provider, secrets: &Secrets) -> Result<String, String> {
    let now = SystemClock.now();
    let body = test_body(&provider.scheme, TEST_DELIVERY_MEMBER, &now.to_string());
    let keys = keys(target, provider, &body, now);
    let sample = Sample::signed(provider, body.into_bytes(), secrets, now, None);
    let mut sample = sample.map_err(|error| chain(&error))?;
    sample.headers.push((TEST_DELIVERY_HEADER, "1".to_owned()));
    let url = target.webhook_url(provider).map_err(|error| chain(&error))?;
    let started = Instant::now();
    let answer = post(&url, &sample.headers, &sample.body, Duration::from_secs(10)).await;
    let answer = answer.map_err(|error| chain(&error))?;
    let (status, took) = (answer.status, started.elapsed());
    if status != 200 {
        return Err(format!(
            "{url} answers {status}: is the secret that of the function (one stored less than {} s ago may not be read yet), or a deployment of another version?",
            ACCEPTED_AFTER.as_secs()
        ));
    }
    let ledger = target.ledger().map_err(|error| chain(&error))?;
    let mut last = None;
    while started.elapsed() < PATIENCE {
        for key in &keys {
            let found = ledger.partition(&key.partition).await;
            for record in found.map_err(|error| chain(&error))? {
                if record.status == "REJECTED" {
                    return Ok(format!(
                        "answered 200 in {} ms, in the ledger after {} ms",
                        took.as_millis(),
                        started.elapsed().as_millis()
                    ));
                }
                last = Some(format!("{} {}", record.status, record.error.unwrap_or_default()));
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let seconds = PATIENCE.as_secs();
    Err(match last {
        Some(last) => format!("answered 200, and not done after {seconds} s: {last}"),
        None => format!(
            "answered 200, and not in the ledger after {seconds} s: look at the consumer's log, and whether its queue is enabled"
        ),
    })
}

/// The key that it has in the ledger, for each form in which its body may have been signed.
fn keys(target: &Target, provider: &'static Provider, body: &str, now: Timestamp) -> Vec<IdempotencyKey> {
    let raw = body.to_owned().into();
    let forms = [CanonicalForm::Raw, CanonicalForm::JavaScript, CanonicalForm::Python];
    let forms = forms.map(|form| canonical::bytes(&raw, form).ok());
    let mut keys: Vec<IdempotencyKey> = Vec::new();
    for body in forms.into_iter().flatten() {
        let envelope = Envelope {
            provider: provider.name.to_owned(),
            content: Default::default(),
            delivery_id: DeliveryId::new(now, [0; 10]),
            received_at: now,
            form: CanonicalForm::Raw,
            body,
            replay: None,
        };
        let key = Event::read(envelope, provider, target.environment()).key;
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}
