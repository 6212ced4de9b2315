//! Sending a sample, on the local stack.

use std::sync::Arc;
use std::time::Duration;

use acuse_aws::system::SystemClock;
use acuse_core::account::AccountName;
use acuse_core::clock::Clock;
use axum::extract::{Form, State};
use axum::response::Redirect;
use serde::Deserialize;

use super::super::{Failed, Inspector};
use crate::http::Poster;
use crate::registry::providers;
use crate::sample::{self, Break, Sample};

/// As long as a provider waits for an answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The form that sends a sample, on the local stack.
#[derive(Debug, Deserialize)]
pub(crate) struct SampleForm {
    /// `{provider} {type}`
    sample: String,
    twice: Option<String>,
    broken: Option<String>,
}

pub(crate) async fn send(
    State(inspector): State<Arc<Inspector>>,
    Form(form): Form<SampleForm>,
) -> Result<Redirect, Failed> {
    let target = &inspector.target;
    // A sample in a deployed stack looks like real money. `acuse send --stack` warns about that, and does it.
    if !target.is_local() {
        return Ok(Redirect::to("/events"));
    }
    let (name, type_name) = form.sample.split_once(' ').unwrap_or_default();
    let provider = providers()
        .by_name(name)
        .ok_or_else(|| Failed(format!("no provider is called `{name}`").into()))?;
    let provider = target.provider(provider)?;
    let secrets = sample::signer(target, provider, &AccountName::DEFAULT).await?;
    let now = SystemClock.now();
    let payload = sample::event(provider, type_name, secrets.account(), now)?.into_bytes();
    let broken = form.broken.map(|_| Break::Signature);
    let expected = if broken.is_some() { 401 } else { 200 };
    let sample = Sample::signed(provider, payload, &secrets, now, broken)?;
    let url = target.webhook_url(provider, &AccountName::DEFAULT)?;
    let poster = Poster::new(TIMEOUT)?;
    for _ in 0..=u8::from(form.twice.is_some()) {
        let answer = poster.post(&sample.url(&url), &sample.headers, &sample.body).await?;
        if answer.status != expected {
            let text = format!("{url} answered {} to the sample: {}", answer.status, answer.text);
            return Err(Failed(text.into()));
        }
    }
    Ok(Redirect::to("/events"))
}
