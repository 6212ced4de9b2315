//! The filters as a form and as a link.

use std::collections::BTreeSet;

use acuse_core::account::AccountName;
use maud::{Markup, html};

use super::super::super::element::encoded;
use super::super::super::words::Words;
use super::Filters;
use crate::registry::providers;
use crate::stack::filter::StatusFilter;
use crate::stack::pages::Place;

impl Filters {
    /// The query of the same filters, at another place.
    pub(super) fn link(&self, from: Option<&Place>) -> String {
        let from = from.map(ToString::to_string).unwrap_or_default();
        let fields = [
            ("provider", &self.provider),
            ("account", &self.account),
            ("type", &self.type_name),
            ("status", &self.status),
            ("environment", &self.environment),
            ("duplicates", &self.duplicates),
            ("since", &self.since),
            ("until", &self.until),
            ("q", &self.q),
            ("from", &from),
        ];
        let set = fields.iter().filter(|(_, value)| !value.is_empty());
        let pairs: Vec<String> = set.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        pairs.join("&")
    }
}

pub(super) fn form(filters: &Filters, accounts: &BTreeSet<&AccountName>, words: &Words) -> Markup {
    let names: Vec<&str> = providers().names().collect();
    let types: BTreeSet<&str> = providers()
        .iter()
        .flat_map(|provider| provider.types)
        .copied()
        .collect();
    let statuses: Vec<&str> = StatusFilter::names().collect();
    let select = |name: &str, label: &str, value: &str, options: &[&str]| {
        html! {
            label { (label)
                select name=(name) {
                    option value="" { (words.all) }
                    @for option in options { option value=(option) selected[value == *option] translate="no" { (words.status(option)) } }
                }
            }
        }
    };
    html! {
        form.filters role="search" method="get" action="/events" {
            label.search { (words.search)
                input type="search" name="q" value=(filters.q) placeholder=(words.search_hint) accesskey="s";
            }
            (select("provider", words.provider, &filters.provider, &names))
            // Most stacks have one account. A platform has too many for a list of choices.
            @if accounts.len() > 1 || !filters.account.is_empty() {
                label { (words.account) input name="account" list="accounts" value=(filters.account) size="12"; }
                datalist id="accounts" { @for name in accounts { option value=(name) {} } }
            }
            label { (words.kind) input name="type" list="types" value=(filters.type_name) size="22" autocomplete="off"; }
            datalist id="types" { @for name in types { option value=(name) {} } }
            (select("status", words.status, &filters.status, &statuses))
            (select("environment", words.environment, &filters.environment, &["live", "test"]))
            label { (words.since) input name="since" placeholder="2h, 2026-11-20" value=(filters.since) size="12"; }
            label { (words.until) input name="until" placeholder="2026-11-21" value=(filters.until) size="12"; }
            label { input type="checkbox" name="duplicates" value="1" checked[!filters.duplicates.is_empty()]; (words.with_duplicates) }
            button { (words.search) }
        }
    }
}
