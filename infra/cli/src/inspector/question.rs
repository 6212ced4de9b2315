//! A change that the reader must confirm.

use maud::{Markup, html};

use super::page::Page;

/// A change that the reader must confirm.
pub(super) struct Question<'a> {
    pub(super) text: &'a str,
    /// What would change.
    pub(super) what: Markup,
    /// The path that the form posts to.
    pub(super) path: &'a str,
    /// The path of "no".
    pub(super) back: &'a str,
    /// The fields that name what to change, with their values.
    pub(super) fields: &'a [(&'a str, &'a str)],
}

impl Question<'_> {
    /// The page that asks, with `more` fields in its form.
    pub(super) fn page(&self, page: &Page, more: &Markup) -> Markup {
        let words = page.words;
        let content = html! {
            h1 { (words.confirm) }
            p { (self.text) }
            div.what translate="no" { (self.what) }
            form method="post" action=(self.path) {
                input type="hidden" name="token" value=(page.inspector.token);
                @for (name, value) in self.fields { input type="hidden" name=(name) value=(value); }
                (more)
                button autofocus { (words.yes) }
                " " a href=(self.back) { (words.no) }
            }
        };
        page.show("", &content)
    }
}
