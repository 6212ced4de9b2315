//! The layout of every page.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use maud::{DOCTYPE, Markup, html};

use super::Inspector;
use super::counts::Counts;
use super::words::Words;

/// What every page is made of: whose stack it shows, in which language, and what waits in its queues.
pub(super) struct Page {
    pub(super) inspector: Arc<Inspector>,
    pub(super) words: &'static Words,
    pub(super) counts: Counts,
}

impl FromRequestParts<Arc<Inspector>> for Page {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, inspector: &Arc<Inspector>) -> Result<Self, Infallible> {
        Ok(Self {
            inspector: Arc::clone(inspector),
            words: <&Words>::from_request_parts(parts, inspector).await?,
            counts: Counts::of(&inspector.target).await,
        })
    }
}

/// What every page's head has.
pub(super) fn described(title: &str) -> Markup {
    html! {
        meta charset="utf-8";
        meta name="viewport" content="width=device-width, initial-scale=1";
        meta name="color-scheme" content="light dark";
        title { "Acuse · " (title) }
        link rel="icon" href="data:,";
        link rel="stylesheet" href="/inspector.css";
    }
}

impl Page {
    /// The page at the path `here`. The script patches `content` when the ledger changes.
    pub(super) fn show(&self, here: &str, content: &Markup) -> Markup {
        self.paced(here, 0, content)
    }

    /// The same, patched at most once in so many milliseconds.
    pub(super) fn paced(&self, here: &str, pace: u32, content: &Markup) -> Markup {
        let (words, target) = (self.words, &self.inspector.target);
        html! {
            (DOCTYPE)
            html lang=(words.lang) {
                head {
                    (described(target.name()))
                    script src="/idiomorph.js" defer {}
                    script src="/inspector.js" defer {}
                }
                body {
                    header {
                        (self.nav(here))
                        @if here != "/events" { (self.search()) }
                        span.where translate="no" {
                            (target.name())
                            @if target.is_local() { " · " span translate="yes" { (words.local) } }
                            " · " span #live translate="yes" data-on=(words.live) data-off=(words.not_live) {}
                        }
                        button type="button" data-lang=(words.other_lang) lang=(words.other_lang) translate="no" { (words.other_name) }
                    }
                    (self.banner())
                    main #content data-pace=(pace) { (content) }
                    div #fresh role="status" { button type="button" hidden data-one=(words.one_new) data-many=(words.many_new) {} }
                    (self.keys())
                }
            }
        }
    }

    fn nav(&self, here: &str) -> Markup {
        let (words, counts) = (self.words, self.counts);
        let link = |path: &str, text: &str, count: Option<u64>, what: &str| {
            html! {
                a href=(path) aria-current=[(path == here).then_some("page")] {
                    (text)
                    @if let Some(count) = count.filter(|count| *count > 0) { " " span.count title=(what) { (count) } }
                }
            }
        };
        html! {
            nav aria-label="Acuse" {
                (link("/", words.start, None, ""))
                (link("/events", words.events, counts.waiting, words.waiting))
                (link("/dead-letters", words.dead_letters, counts.dead_letters, words.dead_letters))
                (link("/quarantine", words.quarantine, counts.quarantine, words.quarantine))
            }
        }
    }

    fn search(&self) -> Markup {
        html! {
            form.search role="search" method="get" action="/events" {
                input type="search" name="q" aria-label=(self.words.search) placeholder=(self.words.search_hint) accesskey="s";
            }
        }
    }

    /// Says where test events reach hooks, since they look like real ones there.
    fn banner(&self) -> Markup {
        let text = match self.inspector.target.parameter("Environment") {
            "any" => self.words.takes_any,
            "test" => self.words.takes_test,
            _ => return html! {},
        };
        html! { aside.banner aria-label=(self.words.environment) { (text) } }
    }

    /// The keyboard's help, opened by `?`.
    fn keys(&self) -> Markup {
        let words = self.words;
        let keys = [
            ("j", words.key_down),
            ("k", words.key_up),
            ("Enter", words.key_open),
            ("/", words.key_search),
            ("?", words.key_help),
        ];
        html! {
            dialog #keys aria-labelledby="keys-title" {
                h2 #keys-title { (words.keyboard) }
                dl { @for (key, what) in keys { dt { kbd translate="no" { (key) } } dd { (what) } } }
                form method="dialog" { button { (words.close) } }
            }
        }
    }
}
