//! The form that sends samples, on the local stack.

use maud::{Markup, html};

use super::super::super::Inspector;
use super::super::super::words::Words;
use crate::registry::providers;

pub(super) fn form(inspector: &Inspector, words: &Words) -> Markup {
    html! {
        form.samples method="post" action="/send" {
            input type="hidden" name="token" value=(inspector.token);
            label { (words.sample)
                select name="sample" translate="no" {
                    @for provider in providers() { optgroup label=(provider.name) {
                        @for name in provider.types { option value={ (provider.name) " " (name) } { (provider.name) " · " (name) } }
                    } }
                }
            }
            label { input type="checkbox" name="twice" value="1"; (words.twice) }
            label { input type="checkbox" name="broken" value="1"; (words.broken) }
            button { (words.send) }
        }
    }
}
