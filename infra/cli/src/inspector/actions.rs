//! Actions: a page that shows what will happen, then the change itself.

use std::sync::Arc;
use std::time::Duration;

use acuse_aws::system::SystemClock;
use acuse_core::account::AccountName;
use acuse_core::clock::Clock;
use acuse_core::consume::SetAside;
use acuse_core::receive::Outbox;
use aws_sdk_sqs::types::Message;
use axum::extract::{Form, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::page::{Question, page, status};
use super::view::dead_letters;
use super::view::quarantine::{self, Item};
use super::words::Words;
use super::{Failed, Inspector, Key};
use crate::http::post;
use crate::registry::providers;
use crate::sample::{self, Break, Sample};
use crate::stack::bindings::Bindings;
use crate::stack::dead_letters::{DeadLetter, send_back};
use crate::stack::events::{replayed, set_aside_reason};
use crate::stack::quarantine::{Quarantined, Reverifier};
use crate::stack::queue::{Walk, attribute};
use crate::terminal::escape;

/// As long as a provider waits for an answer.
const TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, Deserialize)]
pub(super) struct Id {
    id: String,
}

pub(super) async fn confirm_replay(
    State(inspector): State<Arc<Inspector>>,
    Query(Key { key }): Query<Key>,
    words: &'static Words,
) -> Result<Markup, Failed> {
    let what = match inspector.record(&key).await? {
        None => html! { (words.not_found) },
        Some(record) => html! {
            code { (escape(&record.key)) } " " (status(words, record.status)) " " (escape(record.error.as_deref().unwrap_or_default()))
            (warning(words, set_aside_reason(&record)))
        },
    };
    let question = Question {
        text: words.will_replay,
        what,
        path: "/replay",
        back: "/",
        field: ("key", &key),
    };
    Ok(question.page(&inspector, words, &html! {}))
}

/// What the reader should know of an event that was set aside.
fn warning(words: &Words, set_aside: Option<SetAside>) -> Markup {
    let text = match set_aside {
        None | Some(SetAside::TestDelivery) => return html! {},
        Some(SetAside::AccountEnvironment { .. }) => words.of_other_environment,
        Some(SetAside::WrongEnvironment(_) | SetAside::Expired(_)) => words.set_aside,
    };
    html! { br; strong { (text) } }
}

pub(super) async fn replay(
    State(inspector): State<Arc<Inspector>>,
    Form(Key { key }): Form<Key>,
) -> Result<Redirect, Failed> {
    let target = &inspector.target;
    let Some(record) = inspector.record(&key).await? else {
        return Ok(Redirect::to("/"));
    };
    let bindings = Bindings::of(target).read(target, std::slice::from_ref(&record));
    let bindings = bindings.await?;
    if let Some((group, message)) = replayed(&target.ledger()?, &bindings, &record).await? {
        target.outbox()?.queue(&group, message).await?;
    }
    Ok(Redirect::to("/"))
}

pub(super) async fn confirm_redrive(
    State(inspector): State<Arc<Inspector>>,
    Query(Id { id }): Query<Id>,
    words: &'static Words,
) -> Result<Markup, Failed> {
    let found = dead_letters::first(&inspector).await?;
    let dead = found.iter().find(|dead| dead.message.message_id() == Some(&id));
    let mut bindings = Bindings::of(&inspector.target);
    if let Some(dead) = dead {
        bindings.load(&inspector.target, &dead.provider).await?;
    }
    let what = match dead {
        None => html! { (words.not_found) },
        Some(dead) => html! {
            (dead.row().map(|text| escape(&text)).join(" · "))
            (warning(words, dead.set_aside_reason(&inspector.target, SystemClock.now())))
            @if let Err(error) = dead.check(&bindings) { br; strong { (escape(&error.to_string())) } }
        },
    };
    let question = Question {
        text: words.will_redrive,
        what,
        path: "/redrive",
        back: "/dead-letters",
        field: ("id", &id),
    };
    Ok(question.page(&inspector, words, &html! {}))
}

pub(super) async fn redrive(
    State(inspector): State<Arc<Inspector>>,
    words: &'static Words,
    Form(Id { id }): Form<Id>,
) -> Result<Response, Failed> {
    let target = &inspector.target;
    let sqs = aws_sdk_sqs::Client::new(&target.sdk);
    let mut walk = Walk::list(sqs, target.output("DeadLetterQueueUrl")?).await?;
    let sent = async {
        let Some(message) = walk.find(|message| message.message_id() == Some(&id)).await? else {
            return Ok::<_, Failed>(false);
        };
        let dead = DeadLetter::open(message, target.environment());
        let mut bindings = Bindings::of(target);
        bindings.load(target, &dead.provider).await?;
        dead.check(&bindings)?;
        let returned = send_back(target.output("EventQueueUrl")?, &mut walk, &[&dead]).await?;
        match returned.refused.into_iter().next() {
            None => Ok(true),
            Some(reason) => Err(Failed(reason.into())),
        }
    };
    let sent = sent.await;
    let sent = walk.end(sent).await?;
    Ok(after(&inspector, words, sent, "/dead-letters"))
}

pub(super) async fn confirm_release(
    State(inspector): State<Arc<Inspector>>,
    Query(Id { id }): Query<Id>,
    words: &'static Words,
) -> Result<Markup, Failed> {
    let found = quarantine::first(&inspector).await?;
    let what = match found.iter().find(|item| item.delivery.delivery_id() == id) {
        None => html! { (words.not_found) },
        Some(Item {
            delivery, diagnosis, ..
        }) => {
            html! { (escape(&delivery.scope())) " " code { (escape(&id)) } br; (escape(diagnosis)) }
        }
    };
    let question = Question {
        text: words.will_release,
        what,
        path: "/release",
        back: "/quarantine",
        field: ("id", &id),
    };
    Ok(question.page(&inspector, words, &html! {}))
}

pub(super) async fn release(
    State(inspector): State<Arc<Inspector>>,
    words: &'static Words,
    Form(Id { id }): Form<Id>,
) -> Result<Response, Failed> {
    let target = &inspector.target;
    let sqs = aws_sdk_sqs::Client::new(&target.sdk);
    let mut walk = Walk::list(sqs, target.output("QuarantineQueueUrl")?).await?;
    let mut reverifier = Reverifier::new(target)?;
    let released = async {
        let of_id = |message: &Message| attribute(message, "delivery_id").unwrap_or("?") == id;
        let Some(message) = walk.find(of_id).await? else {
            return Ok::<_, Failed>(false);
        };
        reverifier.release(&[&Quarantined::open(message)], &mut walk).await?;
        Ok(true)
    };
    let released = released.await;
    let released = walk.end(released).await?;
    Ok(after(&inspector, words, released, "/quarantine"))
}

/// Redirects to the list, or says that the message was not found. Someone else may be looking at it right now.
fn after(inspector: &Inspector, words: &Words, found: bool, back: &str) -> Response {
    if found {
        return Redirect::to(back).into_response();
    }
    let content = html! { p { (words.not_found) } p { a href=(back) { "←" } } };
    page(inspector, words, back, &content).into_response()
}

/// The form that sends a sample, on the local stack.
#[derive(Debug, Deserialize)]
pub(super) struct SampleForm {
    /// `{provider} {type}`
    sample: String,
    twice: Option<String>,
    broken: Option<String>,
}

pub(super) async fn send(
    State(inspector): State<Arc<Inspector>>,
    Form(form): Form<SampleForm>,
) -> Result<Redirect, Failed> {
    let target = &inspector.target;
    // A sample in a deployed stack looks like real money. `acuse send --stack` warns about that, and does it.
    if !target.is_local() {
        return Ok(Redirect::to("/"));
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
    for _ in 0..=u8::from(form.twice.is_some()) {
        let answer = post(&url, &sample.headers, &sample.body, TIMEOUT).await?;
        if answer.status != expected {
            let text = format!("{url} answered {} to the sample: {}", answer.status, answer.text);
            return Err(Failed(text.into()));
        }
    }
    Ok(Redirect::to("/"))
}
