//! `acuse destinations test`.

use std::process::ExitCode;
use std::sync::Arc;

use acuse_aws::destinations::send::{Sender, Sent};
use acuse_aws::system::SystemClock;
use acuse_core::account::{Account, AccountName};
use acuse_core::clock::Clock;
use acuse_core::destination::answer::Verdict;
use acuse_core::event::Event;
use acuse_core::provider::Provider;
use clap::Args;
use serde_json::json;

use super::{Place, Which};
use crate::command::Failure;
use crate::registry::providers;
use crate::stack::destinations::{find, test_event};
use crate::stack::filter::provider_parser;
use crate::terminal::{self, cut, quoted};
use crate::{note, sample, say};

#[derive(Debug, Args)]
pub(crate) struct Test {
    /// Send a sample of this type instead: a payment that never happened
    #[arg(long = "type", value_name = "TYPE")]
    type_name: Option<String>,
    /// The provider whose type it is, if several have it
    #[arg(long, value_parser = provider_parser(), requires = "type_name")]
    provider: Option<&'static Provider>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    which: Which,
}

impl Test {
    pub(super) async fn run(&self) -> Result<ExitCode, Failure> {
        let place = self.which.find().await?;
        let destinations = place.stack.configuration.get().await?;
        let destination = find(&destinations, &place.name)?;
        let event = self.event(&place)?;
        let sender = Sender::new(place.target.sdk.clone(), Arc::new(SystemClock))?;
        note!("sending {} to {}", event.type_name, destination.target);
        let sent = sender.send(destination, &event).await;
        match self.json {
            true => terminal::json(json(&event, &sent)),
            false => print(&sent),
        }
        if sent
            .detail
            .as_ref()
            .is_some_and(|detail| detail.contains("--allow-private"))
        {
            note!(
                "if it is meant to be in your own network: `acuse destinations update {} --allow-private`",
                destination.name
            );
        }
        Ok(match sent.outcome.verdict() {
            Verdict::Delivered => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        })
    }

    fn event(&self, place: &Place) -> Result<Event, Failure> {
        let Some(type_name) = &self.type_name else {
            let first = providers().iter().next();
            return first
                .map(test_event::new)
                .ok_or_else(|| Failure::new("this tool knows no provider"));
        };
        let having = |provider: &&'static Provider| provider.types.contains(&type_name.as_str());
        let provider = self.provider.or_else(|| providers().iter().find(having));
        let provider = provider.ok_or_else(|| {
            Failure::with_advice(
                format!("no provider's guide has the type `{type_name}`"),
                "`acuse send PROVIDER x` lists the types of a provider",
            )
        })?;
        let account = Account {
            name: AccountName::DEFAULT,
            environment: None,
        };
        let body = sample::event(provider, type_name, &account, SystemClock.now())?;
        Ok(test_event::read(
            provider,
            account,
            body.into(),
            place.target.environment(),
        ))
    }
}

/// What came of it, in one line and the answer's body.
fn print(sent: &Sent) {
    say!("{}", line(sent));
    print_body(sent);
}

/// The body of the answer, if there is one.
pub(crate) fn print_body(sent: &Sent) {
    if let Some(answer) = sent.answer.as_ref().filter(|answer| !answer.body.trim().is_empty()) {
        quoted("  ", &answer.body)
            .iter()
            .for_each(|line| terminal::line(&cut(line, 300)));
    }
}

/// A try in a line: `200 in 31 ms`, or why it failed.
pub(crate) fn line(sent: &Sent) -> String {
    let detail = sent
        .detail
        .as_ref()
        .map_or_else(String::new, |detail| format!(": {detail}"));
    match (&sent.answer, sent.outcome.verdict()) {
        (Some(answer), Verdict::Delivered) => format!("{} in {} ms", answer.status, answer.took_ms),
        (Some(answer), _) => format!("{}{detail} ({} ms)", sent.outcome, answer.took_ms),
        (None, _) => format!("{}{detail}", sent.outcome),
    }
}

/// A try as JSON.
pub(crate) fn json(event: &Event, sent: &Sent) -> serde_json::Value {
    let answer = sent.answer.as_ref();
    let delivered = sent.outcome.verdict() == Verdict::Delivered;
    json!({
        "webhook_id": event.idempotency_key(),
        "provider": event.provider,
        "account": event.account.name.as_str(),
        "type": event.type_name,
        "key": event.key.to_string(),
        "delivered": delivered,
        "status": answer.map(|answer| answer.status),
        "milliseconds": answer.map(|answer| answer.took_ms),
        "answer": answer.map(|answer| &answer.body),
        "error": (!delivered).then(|| line(sent)),
    })
}
