//! An event's conflicts: how they differ from it, and releasing or dismissing them.

use acuse_aws::ledger::record::Record;
use acuse_core::event::key::IdempotencyKey;
use acuse_core::ledger::Status;
use axum::extract::{Form, Query};
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::element::{encoded, moment, status};
use super::page::Page;
use super::question::Question;
use super::words::Words;
use super::{Failed, Inspector, Key};
use crate::stack::audit::Action;
use crate::stack::bindings::Bindings;
use crate::stack::conflicts::{self, DecisionOutcome, compared};
use crate::stack::difference::{Difference, Member};
use crate::stack::lookup;
use crate::stack::target::Target;
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
                @if conflict.key != record.key { " " (status(words, conflict.status)) }
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
            table.differences aria-label=(words.differences) {
                thead { tr { @for head in [words.member, words.event, words.conflict] { th scope="col" { (head) } } } }
                tbody translate="no" { @for Member { path, before, after } in members { tr {
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
        None => html! { span translate="yes" { (words.not_found) } },
        Some(record) => html! { code { (escape(&record.key)) } " " (status(words, record.status)) },
    })
}

/// The page that asks whether to decide on the conflict, with `more` fields in its form.
async fn confirm(page: &Page, key: &str, text: &str, path: &str, more: &Markup) -> Result<Markup, Failed> {
    let question = Question {
        text,
        what: described(&page.inspector, page.words, key).await?,
        path,
        back: &format!("/event?key={}", encoded(key)),
        fields: &[("key", key)],
    };
    Ok(question.page(page, more))
}

pub(super) async fn confirm_release(Query(Key { key }): Query<Key>, page: Page) -> Result<Markup, Failed> {
    let (text, path) = (page.words.will_let_through, "/conflict/release");
    confirm(&page, &key, text, path, &html! {}).await
}

pub(super) async fn release(page: Page, Form(Key { key }): Form<Key>) -> Result<Response, Failed> {
    decide(&page, &key, None).await
}

pub(super) async fn confirm_dismiss(Query(Key { key }): Query<Key>, page: Page) -> Result<Markup, Failed> {
    let reason = html! { label { (page.words.reason) input name="reason" required autofocus size="40"; } };
    let (text, path) = (page.words.will_dismiss, "/conflict/dismiss");
    confirm(&page, &key, text, path, &reason).await
}

pub(super) async fn dismiss(page: Page, Form(Dismissal { key, reason }): Form<Dismissal>) -> Result<Response, Failed> {
    // A browser requires the reason; other clients are asked again.
    if reason.trim().is_empty() {
        let ask = format!("/conflict/dismiss?key={}", encoded(&key));
        return Ok(Redirect::to(&ask).into_response());
    }
    decide(&page, &key, Some(reason.trim())).await
}

async fn decided(target: &Target, conflict: &Record, reason: Option<&str>) -> Result<DecisionOutcome, Failed> {
    if let Some(reason) = reason {
        return Ok(conflicts::dismiss(target, conflict, reason).await?);
    }
    let bindings = Bindings::of(target).read(target, std::slice::from_ref(conflict));
    Ok(conflicts::release(target, &bindings.await?, conflict).await?)
}

/// Dismisses the conflict for `reason`, or releases it without one. Redirects to the record, or says that nothing was
/// changed.
async fn decide(page: &Page, key: &str, reason: Option<&str>) -> Result<Response, Failed> {
    let (inspector, words) = (&*page.inspector, page.words);
    let conflict = inspector.record(key).await?;
    let conflict = conflict.filter(|record| record.conflict_of.is_some());
    let outcome = match conflict {
        None => DecisionOutcome::Gone,
        Some(conflict) => {
            let action = match reason {
                None => Action::new("events release"),
                Some(reason) => Action::new("events dismiss").because(reason),
            };
            let begun = inspector.begin(action.on(key)).await?;
            let decided = async {
                begun.to_events(IdempotencyKey::parse(key)).await?;
                decided(&inspector.target, &conflict, reason).await
            };
            let decided = decided.await;
            let count = usize::from(matches!(decided, Ok(DecisionOutcome::Done)));
            begun.end(count, decided).await?
        }
    };
    let back = format!("/event?key={}", encoded(key));
    if matches!(outcome, DecisionOutcome::Done | DecisionOutcome::Again) {
        return Ok(Redirect::to(&back).into_response());
    }
    let what = described(inspector, words, key).await?;
    let content = html! {
        h1 { (words.conflict) }
        p { (words.decided_before) }
        p { (what) }
        p { a href=(back) { "←" } }
    };
    Ok(page.show("", &content).into_response())
}
