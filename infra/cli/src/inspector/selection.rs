//! Choosing rows of a list, to act on all of them at once.

use maud::{Markup, html};

use super::words::Words;

/// The form that asks at `path` about the chosen rows.
pub(super) fn form(path: &str, what: &str, words: &Words) -> Markup {
    html! {
        form #chosen.chosen method="get" action=(path) {
            label { input type="checkbox" data-all; (words.choose_all) }
            button { (what) }
        }
    }
}

/// A row's box. `name` tells screen readers which row it is.
pub(super) fn checkbox(id: &str, name: &str, words: &Words) -> Markup {
    html! { input type="checkbox" form="chosen" name="id" value=(id) aria-label={ (words.choose) " " (name) }; }
}

/// The ids in a query or form.
pub(super) fn ids(fields: &[(String, String)]) -> Vec<&str> {
    let ids = fields.iter().filter(|(name, _)| name == "id");
    ids.map(|(_, value)| value.as_str()).collect()
}

/// The same as fields of a form.
pub(super) fn fields<'a>(ids: &[&'a str]) -> Vec<(&'static str, &'a str)> {
    ids.iter().map(|id| ("id", *id)).collect()
}
