//! Actions: a page that shows what will happen, then the change itself.

pub(super) mod redrive;
pub(super) mod release;
pub(super) mod replay;
pub(super) mod send;

use acuse_core::consume::SetAside;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};

use super::page::Page;
use super::words::Words;
use crate::terminal::escape;

/// What the reader should know of an event that was set aside.
fn warning(words: &Words, set_aside: Option<SetAside>) -> Markup {
    let text = match set_aside {
        None | Some(SetAside::TestDelivery) => return html! {},
        Some(SetAside::AccountEnvironment { .. }) => words.of_other_environment,
        Some(SetAside::WrongEnvironment(_) | SetAside::Expired(_)) => words.set_aside,
    };
    html! { br; strong translate="yes" { (text) } }
}

/// What was not done, and why.
#[derive(Debug, Default)]
struct Left {
    /// Messages that are not there: gone, or someone else is looking at them right now.
    missing: usize,
    /// Why others stay.
    refused: Vec<String>,
}

impl Left {
    /// Redirects to the list, or says what was not done.
    fn answer(self, page: &Page, back: &str) -> Response {
        if self.missing == 0 && self.refused.is_empty() {
            return Redirect::to(back).into_response();
        }
        let words = page.words;
        let content = html! {
            h1 { (words.not_all) }
            div.what {
                @if self.missing > 0 { p { (self.missing) " · " (words.not_found) } }
                @for reason in &self.refused { p.error { (escape(reason)) } }
            }
            p { a href=(back) { "←" } }
        };
        page.show("", &content).into_response()
    }
}
