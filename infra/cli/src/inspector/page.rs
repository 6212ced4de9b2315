//! The layout of every page.

use maud::{DOCTYPE, Markup, html};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

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

/// A change that the reader must confirm.
pub(super) struct Question<'a> {
    pub(super) text: &'a str,
    /// What would change.
    pub(super) what: Markup,
    /// The path that the form posts to.
    pub(super) path: &'a str,
    /// The path of "no".
    pub(super) back: &'a str,
    /// The field that names what to change, with its value.
    pub(super) field: (&'a str, &'a str),
}

impl Question<'_> {
    /// The page that asks, with `more` fields in its form.
    pub(super) fn page(&self, inspector: &Inspector, words: &Words, more: &Markup) -> Markup {
        let content = html! {
            h1 { (words.confirm) }
            p { (self.text) }
            p.what { (self.what) }
            form method="post" action=(self.path) {
                input type="hidden" name="token" value=(inspector.token);
                input type="hidden" name=(self.field.0) value=(self.field.1);
                (more)
                button autofocus { (words.yes) }
                " " a href=(self.back) { (words.no) }
            }
        };
        page(inspector, words, "", &content)
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

/// Text that is encoded for a query string.
pub(super) fn encoded(text: &str) -> PercentEncode<'_> {
    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');
    utf8_percent_encode(text, ESCAPED)
}
