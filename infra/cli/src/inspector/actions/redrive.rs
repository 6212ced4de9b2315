//! Sending dead letters back to the event queue.

use std::sync::Arc;

use acuse_aws::system::SystemClock;
use acuse_core::clock::Clock;
use aws_sdk_sqs::types::Message;
use axum::extract::{Form, Query, State};
use axum::response::Response;
use maud::{Markup, html};

use super::super::page::Page;
use super::super::question::Question;
use super::super::view::dates::LOOKED_AT;
use super::super::view::dead_letters;
use super::super::words::Words;
use super::super::{Failed, Inspector, selection};
use super::{Left, warning};
use crate::stack::audit::{Action, Begun};
use crate::stack::bindings::Bindings;
use crate::stack::dead_letters::{DeadLetter, send_back};
use crate::stack::queue::Walk;
use crate::stack::target::Target;
use crate::terminal::escape;

pub(crate) async fn confirm(
    State(inspector): State<Arc<Inspector>>,
    Query(query): Query<Vec<(String, String)>>,
    page: Page,
) -> Result<Markup, Failed> {
    let (words, ids) = (page.words, selection::ids(&query));
    let found = dead_letters::look(&inspector, LOOKED_AT).await?;
    let mut bindings = Bindings::of(&inspector.target);
    let mut shown = Vec::new();
    for id in &ids {
        let Some(dead) = found.iter().find(|dead| dead.message.message_id() == Some(id)) else {
            shown.push(html! { span translate="yes" { (words.not_found) } });
            continue;
        };
        bindings.load(&inspector.target, &dead.provider).await?;
        shown.push(html! {
            (described(dead, words))
            (warning(words, dead.set_aside_reason(&inspector.target, SystemClock.now())))
            @if let Err(error) = dead.check(&bindings) { br; strong translate="yes" { (escape(&words.refused(&error))) } }
        });
    }
    let question = Question {
        text: words.will_redrive,
        what: html! { @for dead in &shown { p { (dead) } } @if shown.is_empty() { span translate="yes" { (words.none_chosen) } } },
        path: "/redrive",
        back: "/dead-letters",
        fields: &selection::fields(&ids),
    };
    Ok(question.page(&page, &html! {}))
}

pub(crate) async fn redrive(
    State(inspector): State<Arc<Inspector>>,
    page: Page,
    Form(form): Form<Vec<(String, String)>>,
) -> Result<Response, Failed> {
    let target = &inspector.target;
    let mut walk = Walk::list(target, "DeadLetterQueueUrl").await?;
    let left = async {
        let begun = inspector.begin(Action::new("dlq redrive")).await?;
        let left = send_chosen(target, page.words, &selection::ids(&form), &mut walk, &begun).await;
        let count = left.as_ref().map_or(0, |(sent, _)| *sent);
        begun.end(count, left).await
    };
    let left: Result<_, Failed> = left.await;
    let (_, left) = walk.end(left).await?;
    Ok(left.answer(&page, "/dead-letters"))
}

/// A dead letter in a line.
fn described(dead: &DeadLetter, words: &Words) -> Markup {
    let [received, provider, type_name, resource, reason] = dead.row();
    let shown = [received, provider, type_name, resource].map(|text| escape(&text));
    html! { (shown.join(" · ")) " · " span translate="yes" { (escape(&words.reason(&reason))) } }
}

/// Sends the messages with these ids back, and counts them, but for those whose account is bound to another environment.
async fn send_chosen(
    target: &Target,
    words: &Words,
    ids: &[&str],
    walk: &mut Walk,
    begun: &Begun<'_>,
) -> Result<(usize, Left), Failed> {
    let chosen = |message: &Message| message.message_id().is_some_and(|id| ids.contains(&id));
    let found = walk.find_all(ids.len(), chosen).await?;
    let (mut bindings, mut left) = (Bindings::of(target), Left::default());
    left.missing = ids.len().saturating_sub(found.len());
    let mut letters = Vec::new();
    for message in found {
        let dead = DeadLetter::open(message, target.environment());
        bindings.load(target, &dead.provider).await?;
        match dead.check(&bindings) {
            Ok(()) => letters.push(dead),
            Err(error) => left.refused.push(words.refused(&error)),
        }
    }
    let letters: Vec<&DeadLetter> = letters.iter().collect();
    let mut sent = 0;
    if !letters.is_empty() {
        let events = letters.iter().flat_map(|dead| &dead.events);
        begun.to_events(events.map(|event| event.key.clone())).await?;
        let returned = send_back(target.output("EventQueueUrl")?, walk, &letters).await?;
        sent = returned.sent.len();
        left.refused
            .extend(returned.refused.iter().map(|why| words.reason(why).into_owned()));
    }
    Ok((sent, left))
}
