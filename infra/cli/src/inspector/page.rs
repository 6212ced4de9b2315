//! The layout of every page.

use maud::{DOCTYPE, Markup, html};

use super::Inspector;
use super::words::Words;

/// A page. The script reloads `content` when the ledger changes.
pub(super) fn page(inspector: &Inspector, words: &Words, here: &str, content: &Markup) -> Markup {
    let link = |path: &str, text: &str| {
        html! { a href=(path) aria-current=[(path == here).then_some("page")] { (text) } }
    };
    html! {
        (DOCTYPE)
        html lang=(words.lang) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Acuse" }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/inspector.css";
                script src="/inspector.js" defer {}
            }
            body {
                header {
                    strong { "Acuse" }
                    nav {
                        (link("/", words.events))
                        (link("/dead-letters", words.dead_letters))
                        (link("/quarantine", words.quarantine))
                    }
                    span.where { (inspector.target.name()) @if inspector.target.is_local() { " · " (words.local) } }
                    button type="button" data-lang=(words.other_lang) { (words.other_name) }
                }
                main id="content" { (content) }
            }
        }
    }
}

/// A page without script or navigation.
pub(super) fn bare(title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { (title) }
                link rel="stylesheet" href="/inspector.css";
            }
            body { main { (content) } }
        }
    }
}

/// A status, in colour.
pub(super) fn status(words: &Words, status: &str) -> Markup {
    html! { span.status data-status=(status) title=(status) { (words.status(status)) } }
}

/// A short time, with the full time as a tooltip.
pub(super) fn moment(at: Option<&str>) -> Markup {
    let Some(at) = at else {
        return html! { "–" };
    };
    let short = at.replace('T', " ");
    let short = short.trim_end_matches('Z');
    html! { time datetime=(at) title=(at) { (short) } }
}
