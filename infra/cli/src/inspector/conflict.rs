//! An event's conflicts: how they differ from it, and releasing or dismissing them.

use std::sync::Arc;

use acuse_aws::ledger::record::Record;
use acuse_core::ledger::Status;
use axum::extract::{Form, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::page::{Question, encoded, moment, page, status};
use super::words::Words;
use super::{Failed, Inspector, Key};
use crate::stack::bindings::Bindings;
use crate::stack::conflicts::{self, DecisionOutcome, compared};
use crate::stack::difference::{Difference, Member};
use crate::stack::lookup;
use crate::terminal::escape;

/// The form of a dismissal.
#[derive(Debug, Deserialize)]
pub(super) struct Dismissal {
    key: String,
    reason: String,
}

/// The conflicts of an event, or the event that a conflict belongs to.
pub(super) async fn conflicts(inspector: &Inspector, words: &Words, record: &Record) -> Result<Markup, Failed> {
    let ledger = inspector.target.ledger()?;
    let records = ledger.partition(lookup::partition(&record.key)).await?;
    let mut shown = Vec::new();
    let own = conflicts::of(&record.key, &records);
    for conflict in own.chain(record.conflict_of.is_some().then_some(record)) {
        let difference = compared(&ledger, conflict, &records).await?;
        let open = conflict.status == Status::Conflict.name();
        let other = match &conflict.conflict_of {
            Some(first) if conflict.key == record.key => first,
            _ => &conflict.key,
        };
        shown.push(html! {
            p {
                a href={ "/event?key=" (encoded(other)) } { @if conflict.key == record.key { (words.conflict_of) } @else { (moment(conflict.received_at.as_deref())) } }
                " " (status(words, conflict.status))
                @if open {
                    " · " a href={ "/conflict/release?key=" (encoded(&conflict.key)) } { (words.release) }
                    " · " a href={ "/conflict/dismiss?key=" (encoded(&conflict.key)) } { (words.dismiss) }
                }
            }
            (table(difference.as_ref(), words))
        });
    }
    Ok(html! {
        @if !shown.is_empty() {
            h2 { (words.conflicts) }
            @for conflict in &shown { section.conflict { (conflict) } }
        }
    })
}

/// The difference, with a row for each member.
fn table(difference: Option<&Difference>, words: &Words) -> Markup {
    let value = |value: &Option<String>| escape(value.as_deref().unwrap_or_default());
    match difference {
        Some(Difference::Members(members)) => html! {
            table.differences {
                thead { tr { @for head in [words.member, words.event, words.conflict] { th scope="col" { (head) } } } }
                tbody { @for Member { path, before, after } in members { tr {
                    td { (escape(path)) }
                    td { @if before.is_some() { del { (value(before)) } } }
                    td { @if after.is_some() { ins { (value(after)) } } }
                } } }
            }
        },
        Some(Difference::Notation | Difference::None) => html! { p.dim { (words.same_values) } },
        Some(Difference::Bytes { .. }) | None => html! { p.dim { (words.not_comparable) } },
    }
}

/// The record, as a confirmation shows it.
async fn described(inspector: &Inspector, words: &Words, key: &str) -> Result<Markup, Failed> {
    Ok(match inspector.record(key).await? {
        None => html! { (words.not_found) },
        Some(record) => html! { code { (escape(&record.key)) } " " (status(words, record.status)) },
    })
}

/// The page that asks whether to decide on the conflict, with `more` fields in its form.
async fn confirm(
    inspector: &Inspector,
    words: &Words,
    key: &str,
    text: &str,
    path: &str,
    more: &Markup,
) -> Result<Markup, Failed> {
    let question = Question {
        text,
        what: described(inspector, words, key).await?,
        path,
        back: &format!("/event?key={}", encoded(key)),
        field: ("key", key),
    };
    Ok(question.page(inspector, words, more))
}

pub(super) async fn confirm_release(
    State(inspector): State<Arc<Inspector>>,
    Query(Key { key }): Query<Key>,
    words: &'static Words,
) -> Result<Markup, Failed> {
    let (text, path) = (words.will_let_through, "/conflict/release");
    confirm(&inspector, words, &key, text, path, &html! {}).await
}

pub(super) async fn release(
    State(inspector): State<Arc<Inspector>>,
    words: &'static Words,
    Form(Key { key }): Form<Key>,
) -> Result<Response, Failed> {
    decide(&inspector, words, &key, None).await
}

pub(super) async fn confirm_dismiss(
    State(inspector): State<Arc<Inspector>>,
    Query(Key { key }): Query<Key>,
    words: &'static Words,
) -> Result<Markup, Failed> {
    let reason = html! { label { (words.reason) input name="reason" required autofocus size="40"; } };
    let (text, path) = (words.will_dismiss, "/conflict/dismiss");
    confirm(&inspector, words, &key, text, path, &reason).await
}

pub(super) async fn dismiss(
    State(inspector): State<Arc<Inspector>>,
    words: &'static Words,
    Form(Dismissal { key, reason }): Form<Dismissal>,
) -> Result<Response, Failed> {
    // A browser requires the reason; other clients are asked again.
    if reason.trim().is_empty() {
        let ask = format!("/conflict/dismiss?key={}", encoded(&key));
        return Ok(Redirect::to(&ask).into_response());
    }
    decide(&inspector, words, &key, Some(reason.trim())).await
}

/// Dismisses the conflict for `reason`, or releases it without one. Redirects to the record, or says that nothing was
/// changed.
async fn decide(inspector: &Inspector, words: &Words, key: &str, reason: Option<&str>) -> Result<Response, Failed> {
    let conflict = inspector.record(key).await?;
    let conflict = conflict.filter(|record| record.conflict_of.is_some());
    let outcome = match (conflict, reason) {
        (None, _) => DecisionOutcome::Gone,
        (Some(conflict), None) => {
            let target = &inspector.target;
            let bindings = Bindings::of(target).read(target, std::slice::from_ref(&conflict));
            conflicts::release(target, &bindings.await?, &conflict).await?
        }
        (Some(conflict), Some(reason)) => conflicts::dismiss(&inspector.target, &conflict, reason).await?,
    };
    let back = format!("/event?key={}", encoded(key));
    if matches!(outcome, DecisionOutcome::Done | DecisionOutcome::Again) {
        return Ok(Redirect::to(&back).into_response());
    }
    let what = described(inspector, words, key).await?;
    let content = html! { p { (words.decided_before) } p { (what) } p { a href=(back) { "←" } } };
    Ok(page(inspector, words, "", &content).into_response())
}
