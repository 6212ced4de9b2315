//! A signed test delivery, from the public URL to the ledger.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use acuse_aws::system::SystemClock;
use acuse_core::account::Account;
use acuse_core::clock::{Clock, Timestamp};
use acuse_core::event::key::IdempotencyKey;
use acuse_core::event::{Event, TEST_DELIVERY_MEMBER};
use acuse_core::provider::Provider;
use acuse_core::receive::TEST_DELIVERY_HEADER;
use acuse_core::receive::canonical;
use acuse_core::receive::secrets::Secrets;
use acuse_core::receive::signature::test_body;
use acuse_core::wire::delivery::{CanonicalForm, DeliveryId};
use acuse_core::wire::envelope::Envelope;

use super::{Checked, Problem};
use crate::command::secrets::ACCEPTED_AFTER;
use crate::http::post;
use crate::sample::Sample;
use crate::stack::events::status_word;
use crate::stack::target::Target;

/// How long a test delivery may take to reach the ledger.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn arrives(target: &Target, provider: &'static Provider, secrets: &Secrets) -> Checked {
    let now = SystemClock.now();
    let body = test_body(&provider.scheme, TEST_DELIVERY_MEMBER, &now.to_string());
    let account = secrets.account();
    let keys = keys(target, provider, account, &body, now);
    let mut sample = Sample::signed(provider, body.into_bytes(), secrets, now, None)?;
    sample.headers.push((TEST_DELIVERY_HEADER, "1".to_owned()));
    let url = target.webhook_url(provider, &account.name)?;
    let started = Instant::now();
    let answer = post(&url, &sample.headers, &sample.body, Duration::from_secs(10)).await?;
    let (status, took) = (answer.status, started.elapsed());
    if status != 200 {
        return Err(Problem(format!(
            "{url} answers {status}: has the function another secret (it may take {} s to read a new one), or is it of another version?",
            ACCEPTED_AFTER.as_secs()
        )));
    }
    let ledger = target.ledger()?;
    let mut last = None;
    while started.elapsed() < PATIENCE {
        for key in &keys {
            for record in ledger.partition(&key.partition).await? {
                if record.status == "REJECTED" {
                    return Ok(format!(
                        "answered 200 in {} ms, in the ledger after {} ms",
                        took.as_millis(),
                        started.elapsed().as_millis()
                    ));
                }
                last = Some(format!(
                    "{} {}",
                    status_word(record.status),
                    record.error.unwrap_or_default()
                ));
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let seconds = PATIENCE.as_secs();
    Err(Problem(match last {
        Some(last) => format!("answered 200, but not processed after {seconds} s: {last}"),
        None => format!(
            "answered 200, but not in the ledger after {seconds} s: look at the consumer's log, and whether its queue is enabled"
        ),
    }))
}

/// Its possible keys in the ledger: one for each canonical form in which its body may be signed.
fn keys(
    target: &Target,
    provider: &'static Provider,
    account: &Account,
    body: &str,
    now: Timestamp,
) -> HashSet<IdempotencyKey> {
    let raw = body.to_owned().into();
    let forms = [CanonicalForm::Raw, CanonicalForm::JavaScript, CanonicalForm::Python];
    let bodies = forms.iter().filter_map(|form| canonical::bytes(&raw, *form).ok());
    let keys = bodies.map(|body| {
        let envelope = Envelope {
            account: account.clone(),
            provider: provider.name.to_owned(),
            content: Default::default(),
            delivery_id: DeliveryId::new(now, [0; 10]),
            received_at: now,
            form: CanonicalForm::Raw,
            body,
            replay: None,
        };
        Event::read(envelope, provider, target.environment()).key
    });
    keys.collect()
}
