//! A table that becomes a list of cards on a narrow screen.

use maud::{Markup, html};

use super::encoded;

/// A column.
pub(in super::super) struct Head<'a> {
    /// The class of its cells.
    pub(in super::super) class: &'static str,
    /// Its name; empty for one without.
    pub(in super::super) name: &'a str,
}

impl<'a> Head<'a> {
    pub(in super::super) const fn new(class: &'static str, name: &'a str) -> Self {
        Self { class, name }
    }
}

/// A row.
pub(in super::super) struct Row {
    /// Identifies it from one version of the page to the next.
    pub(in super::super) key: String,
    /// A cell for each column.
    pub(in super::super) cells: Vec<Markup>,
}

/// The table. On a narrow screen each cell has its column's name beside it. The roles keep it a table for screen
/// readers there.
pub(in super::super) fn table(name: &str, heads: &[Head<'_>], rows: &[Row]) -> Markup {
    let heads: Vec<(&str, String)> = heads.iter().map(|head| (head.class, capital(head.name))).collect();
    html! {
        table role="table" aria-label=(name) {
            thead role="rowgroup" { tr role="row" {
                @for (class, name) in &heads {
                    @if name.is_empty() { td role="cell" {} } @else { th.(class) role="columnheader" scope="col" { (name) } }
                }
            } }
            tbody role="rowgroup" translate="no" { @for row in rows {
                tr data-key=(row.key) id={ "row-" (encoded(&row.key)) } role="row" {
                    @for ((class, name), cell) in heads.iter().zip(&row.cells) {
                        td.(class) role="cell" data-label=(name) { (cell) }
                    }
                }
            } }
        }
    }
}

/// With a capital, since some names are statuses too.
fn capital(name: &str) -> String {
    let mut chars = name.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}
