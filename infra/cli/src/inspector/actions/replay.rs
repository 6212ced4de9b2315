//! Queueing an event again.

use std::sync::Arc;

use acuse_core::event::key::IdempotencyKey;
use acuse_core::receive::Outbox;
use axum::extract::{Form, Query, State};
use axum::response::Redirect;
use maud::{Markup, html};

use super::super::element::{encoded, status};
use super::super::page::Page;
use super::super::question::Question;
use super::super::{Failed, Inspector, Key};
use super::warning;
use crate::stack::audit::Action;
use crate::stack::bindings::Bindings;
use crate::stack::events::{replayed, set_aside_reason};
use crate::terminal::escape;

pub(crate) async fn confirm(
    State(inspector): State<Arc<Inspector>>,
    Query(Key { key }): Query<Key>,
    page: Page,
) -> Result<Markup, Failed> {
    let words = page.words;
    let what = match inspector.record(&key).await? {
        None => html! { span translate="yes" { (words.not_found) } },
        Some(record) => html! {
            code { (escape(&record.key)) } " " (status(words, record.status)) " " span translate="yes" { (escape(&words.reason(record.error.as_deref().unwrap_or_default()))) }
            (warning(words, set_aside_reason(&record)))
        },
    };
    let question = Question {
        text: words.will_replay,
        what,
        path: "/replay",
        back: &format!("/event?key={}", encoded(&key)),
        fields: &[("key", &key)],
    };
    Ok(question.page(&page, &html! {}))
}

pub(crate) async fn replay(
    State(inspector): State<Arc<Inspector>>,
    Form(Key { key }): Form<Key>,
) -> Result<Redirect, Failed> {
    let target = &inspector.target;
    let Some(record) = inspector.record(&key).await? else {
        return Ok(Redirect::to("/events"));
    };
    let bindings = Bindings::of(target).read(target, std::slice::from_ref(&record));
    let bindings = bindings.await?;
    if let Some((group, message)) = replayed(&target.ledger()?, &bindings, &record).await? {
        let begun = inspector.begin(Action::new("events replay").on(&record.key)).await?;
        let queued = async {
            begun.to_events(IdempotencyKey::parse(&record.key)).await?;
            Ok::<_, Failed>(target.outbox()?.queue(&group, message).await?)
        };
        begun.end(1, queued.await).await?;
    }
    Ok(Redirect::to(&format!("/event?key={}", encoded(&key))))
}
