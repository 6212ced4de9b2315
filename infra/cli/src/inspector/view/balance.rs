//! Whether anything is missing: a sentence for the start page, and a page that names what is.

use std::sync::Arc;

use acuse_core::wire::delivery::DeliveryId;
use axum::extract::State;
use maud::{Markup, html};

use super::super::Inspector;
use super::super::balance::Known;
use super::super::element::{Head, Row, encoded, moment, table};
use super::super::page::Page;
use super::super::words::{Words, counted};
use crate::stack::balance::{Balance, NotCounted, Place, in_flight};
use crate::stack::target::Target;
use crate::terminal::escape;

/// How many missing deliveries are shown.
const MOST: usize = 100;

pub(crate) async fn show(State(inspector): State<Arc<Inspector>>, page: Page) -> Markup {
    let words = page.words;
    let counted = inspector.counted().await;
    let content = html! {
        h1 { (words.is_anything_missing) }
        @match &counted.balance {
            Err(error) => (not_counted(error, words)),
            Ok(balance) => {
                p.balance { (sentence(balance, words)) }
                p.dim { (words.counted_from) " " (moment(Some(&balance.period.since.to_string()))) " – " (moment(Some(&balance.period.until.to_string()))) ". " (words.younger) " " (in_flight(&inspector.target).as_secs()) " s." }
                (missing(balance, words))
                (notes(balance, words))
            }
        }
        p { (words.other_window) " " code { (command(&inspector.target)) } }
    };
    page.show("/balance", &content)
}

/// The start page's line.
pub(super) fn line(target: &Target, known: &Known, words: &Words) -> Markup {
    let class = match known.last.as_deref().map(|counted| &counted.balance) {
        Some(Ok(balance)) if balance.books.missing() > 0 => "balance alarm",
        Some(Ok(balance)) if balance.books.is_sure() => "balance",
        None => "balance",
        Some(_) => "balance unsure",
    };
    html! {
        p class=(class) data-again=(known.again.as_millis()) {
            strong { (words.is_anything_missing) } " "
            @match known.last.as_deref().map(|counted| &counted.balance) {
                None => span.dim { (words.counting) },
                Some(Err(error)) => (not_counted(error, words)),
                Some(Ok(balance)) => {
                    @match balance.books.missing() {
                        0 if balance.books.is_sure() => (words.nothing_missing),
                        0 => a href="/balance" { (words.cannot_tell) },
                        _ => a href="/balance" { (words.name_missing) },
                    }
                    " " span.sum { (sentence(balance, words)) }
                    " " span.dim { "(" (words.window) " " (in_flight(target).as_secs()) " s, " (words.until_then) " " a href="/balance" { (moment(Some(&balance.period.until.to_string()))) } ")" }
                }
            }
        }
    }
}

/// `accepted 29 = 13 completed + 10 waiting + 4 rejected (1 dead-lettered) + 2 duplicates; 5 in quarantine; 0 missing`
fn sentence(balance: &Balance, words: &Words) -> Markup {
    let books = &balance.books;
    let term = |count: usize, text: &str, path: &str| {
        let text = counted(count, text);
        html! { @if count > 0 && !path.is_empty() { a href=(path) { (text) } } @else { (text) } }
    };
    let place = |place, text, path| term(books.count(place), text, path);
    html! {
        (words.accepted) " " (balance.accepted())
        " = " (place(Place::Completed, words.n_completed, "/events?status=COMPLETED"))
        " + " (term(balance.waiting(), words.n_waiting, "/events?status=RELEASED"))
        " + " (place(Place::Rejected, words.n_rejected, "/events?status=REJECTED"))
        @if books.dead_lettered > 0 { " (" (term(books.dead_lettered, words.n_dead_lettered, "/dead-letters")) ")" }
        " + " (place(Place::Duplicate, words.n_duplicates, ""))
        @if books.count(Place::Conflict) > 0 { " + " (place(Place::Conflict, words.n_conflicts, "/events?status=CONFLICT")) }
        @if books.missing() > 0 { " + " (term(books.missing(), words.n_missing, "/balance")) }
        "; " (term(books.quarantine, words.n_in_quarantine, "/quarantine"))
        "; " (term(books.missing(), words.n_missing, "/balance"))
        @if books.count(Place::Test) > 0 { "; " (place(Place::Test, words.n_tests, "")) }
    }
}

/// The deliveries that have no record, if some of them are missing.
fn missing(balance: &Balance, words: &Words) -> Markup {
    let books = &balance.books;
    if books.missing() == 0 {
        return html! { @if books.is_sure() { p { (words.nothing_missing) } } };
    }
    let heads = [
        Head::new("", words.received),
        Head::new("", words.provider),
        Head::new("id", words.delivery),
    ];
    let row = |id: &DeliveryId| {
        let provider = balance.accepted.queued.get(id).map_or("?", String::as_str);
        let id = (id.to_string(), id.received_at().map(|at| at.to_string()));
        Row {
            cells: vec![
                html! { a href={ "/events?q=" (encoded(&id.0)) } { (moment(id.1.as_deref())) } },
                html! { (escape(provider)) },
                html! { code { (id.0) } },
            ],
            key: id.0,
        }
    };
    let rows: Vec<Row> = books.unrecorded.iter().take(MOST).map(row).collect();
    html! {
        h2 { (counted(books.missing(), words.n_missing)) }
        p {
            (words.what_is_missing)
            @if books.queued() > 0 { " " (words.some_are_queued) " " (books.queued()) "." }
        }
        (table(words.is_anything_missing, &heads, &rows))
        @if books.unrecorded.len() > MOST { p.more { (MOST) " · " (words.more_missing) } }
        p { (words.ask_again) }
    }
}

fn notes(balance: &Balance, words: &Words) -> Markup {
    let books = &balance.books;
    html! {
        @if books.missing() == 0 && books.queued() > 0 { p.dim { (words.without_record) " " (books.queued()) "." } }
        @if books.released > 0 { p.dim { (words.n_released) " " (books.released) "." } }
        @if !books.is_sure() { p.unsure { strong { (words.cannot_tell) } " " (counted(books.unlogged.len(), words.n_unlogged)) " " (words.why_unlogged) } }
    }
}

fn not_counted(error: &NotCounted, words: &Words) -> Markup {
    let text = match error {
        NotCounted::Watched => words.not_counted_watched,
        NotCounted::LogLevel(_) => words.not_counted_level,
        NotCounted::Sampled(_) => words.not_counted_sampled,
        NotCounted::Logs(_) | NotCounted::Stack(_) => {
            let error = acuse_core::error::chain(error);
            return html! { span.error { (words.not_counted) " " span translate="no" lang="en" { (escape(&error)) } } };
        }
    };
    html! { span.dim { (text) } }
}

/// The command for any other window.
fn command(target: &Target) -> String {
    match target.is_local() {
        true => "acuse balance --since 24h".to_owned(),
        false => format!("acuse balance --since 24h --stack {}", target.name()),
    }
}
