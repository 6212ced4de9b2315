//! A signed test delivery, from the public URL to the ledger.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use acuse_aws::system::SystemClock;
use acuse_core::account::Account;
use acuse_core::clock::{Clock, Timestamp};
use acuse_core::event::TEST_DELIVERY_MEMBER;
use acuse_core::provider::Provider;
use acuse_core::receive::TEST_DELIVERY_HEADER;
use acuse_core::receive::canonical;
use acuse_core::receive::secrets::Secrets;
use acuse_core::receive::signature::test_body;
use acuse_core::wire::delivery::CanonicalForm;
use bytes::Bytes;

use super::{Checked, Problem};
use crate::command::secrets::ACCEPTED_AFTER;
use crate::http::Poster;
use crate::sample::{About, Sample};
use crate::stack::events::status_word;
use crate::stack::lookup::partition;
use crate::stack::target::Target;

/// How long a test delivery may take to reach the ledger.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn arrives(target: &Target, provider: &'static Provider, secrets: &Secrets) -> Checked {
    let ways = provider.scheme.signatures;
    if !ways.is_empty() && ways.iter().all(|way| way.digest.is_public()) {
        return Ok("not sent: only the provider has the private key that signs".to_owned());
    }
    let now = SystemClock.now();
    let body = test_body(&provider.scheme, TEST_DELIVERY_MEMBER, &now.to_string());
    let account = secrets.account();
    let mut sample = Sample::signed(provider, body.into_bytes(), secrets, now, None)?;
    let keys = keys(target, provider, account, &sample.body, now);
    sample.headers.push((TEST_DELIVERY_HEADER, "1".to_owned()));
    let url = target.webhook_url(provider, &account.name)?;
    let started = Instant::now();
    let poster = Poster::new(Duration::from_secs(10))?;
    let answer = poster.post(&sample.url(&url), &sample.headers, &sample.body).await?;
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
            for record in ledger.partition(partition(key)).await? {
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
    body: &Bytes,
    now: Timestamp,
) -> HashSet<String> {
    let forms = [CanonicalForm::Raw, CanonicalForm::JavaScript, CanonicalForm::Python];
    let bodies = forms.iter().filter_map(|form| canonical::bytes(body, *form).ok());
    let read = |body| About::read(provider, &body, account, target.environment(), now);
    bodies.filter_map(read).map(|about| about.key).collect()
}
