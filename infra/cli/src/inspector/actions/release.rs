//! Releasing deliveries from the quarantine.

use std::sync::Arc;

use aws_sdk_sqs::types::Message;
use axum::extract::{Form, Query, State};
use axum::response::Response;
use maud::{Markup, html};

use super::super::page::Page;
use super::super::question::Question;
use super::super::view::dates::LOOKED_AT;
use super::super::view::quarantine;
use super::super::{Failed, Inspector, selection};
use super::Left;
use crate::stack::audit::Action;
use crate::stack::quarantine::{Quarantined, Reverifier};
use crate::stack::queue::{Walk, attribute};
use crate::terminal::escape;

pub(crate) async fn confirm(
    State(inspector): State<Arc<Inspector>>,
    Query(query): Query<Vec<(String, String)>>,
    page: Page,
) -> Result<Markup, Failed> {
    let (words, ids) = (page.words, selection::ids(&query));
    let chosen = |item: &Quarantined| ids.contains(&item.delivery_id().as_str());
    let found = quarantine::look(&inspector, LOOKED_AT, chosen).await?;
    let shown = ids.iter().map(
        |id| match found.iter().find(|item| item.delivery.delivery_id() == **id) {
            None => html! { p translate="yes" { (words.not_found) } },
            Some(item) => html! {
                p { (escape(&item.delivery.scope())) " " code { (escape(id)) } br; span translate="yes" { (escape(&words.advice(&item.diagnosis))) } }
            },
        },
    );
    let shown: Vec<Markup> = shown.collect();
    let question = Question {
        text: words.will_release,
        what: html! { @for delivery in &shown { (delivery) } @if shown.is_empty() { span translate="yes" { (words.none_chosen) } } },
        path: "/release",
        back: "/quarantine",
        fields: &selection::fields(&ids),
    };
    Ok(question.page(&page, &html! {}))
}

pub(crate) async fn release(
    State(inspector): State<Arc<Inspector>>,
    page: Page,
    Form(form): Form<Vec<(String, String)>>,
) -> Result<Response, Failed> {
    let (target, ids) = (&inspector.target, selection::ids(&form));
    let mut walk = Walk::list(target, "QuarantineQueueUrl").await?;
    let mut reverifier = Reverifier::new(target)?;
    let left = async {
        let chosen = |message: &Message| ids.contains(&attribute(message, "delivery_id").unwrap_or("?"));
        let found = walk.find_all(ids.len(), chosen).await?;
        let found: Vec<Quarantined> = found.into_iter().map(Quarantined::open).collect();
        let found: Vec<&Quarantined> = found.iter().collect();
        // What does not verify stays, and its diagnosis is in the list.
        let action = Action::new("quarantine release");
        let begun = inspector.begin(match ids.as_slice() {
            [id] => action.on(id),
            _ => action,
        });
        let begun = begun.await?;
        let released = reverifier
            .release(&found, &mut walk, &begun)
            .await
            .map_err(Failed::from);
        let count = released.as_ref().map_or(0, Vec::len);
        begun.end(count, released).await?;
        Ok::<_, Failed>(Left {
            missing: ids.len().saturating_sub(found.len()),
            refused: Vec::new(),
        })
    };
    let left = left.await;
    let left = walk.end(left).await?;
    Ok(left.answer(&page, "/quarantine"))
}
