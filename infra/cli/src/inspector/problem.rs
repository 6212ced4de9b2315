//! What could not be done, as a page in the reader's language.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

use super::page::described;
use super::words::Words;
use crate::terminal::escape;

/// Why a request is not answered as it was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Problem {
    /// It was sent to another host name than this machine's.
    OtherHost,
    /// It is from another site's page.
    OtherSite,
    /// Its form is not from our own pages, or from before a restart.
    OutdatedForm,
    /// Too many pages are notified of changes.
    TooManyPages,
    /// This error of the stack, or of AWS.
    Failed(String),
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = match self {
            Self::OtherHost => StatusCode::MISDIRECTED_REQUEST,
            Self::OtherSite | Self::OutdatedForm => StatusCode::FORBIDDEN,
            Self::TooManyPages => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed(_) => StatusCode::BAD_GATEWAY,
        };
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The response, with a page that says what is wrong if it is an error, whoever answered with it.
pub(super) fn shown(response: Response, words: &Words) -> Response {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let problem = response.extensions().get::<Problem>();
    let page = page(words, text(words, status, problem), detail(problem)).into_string();
    let (mut parts, _) = response.into_parts();
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, html);
    Response::from_parts(parts, page.into())
}

fn text(words: &Words, status: StatusCode, problem: Option<&Problem>) -> &'static str {
    match problem {
        Some(Problem::OtherHost) => words.other_host,
        Some(Problem::OtherSite) => words.other_site,
        Some(Problem::OutdatedForm) => words.outdated_form,
        Some(Problem::TooManyPages) => words.too_many_pages,
        Some(Problem::Failed(_)) => words.could_not,
        None if status == StatusCode::NOT_FOUND => words.no_such_page,
        None if status.is_client_error() => words.not_understood,
        None => words.could_not,
    }
}

/// What AWS or a library says, which is in English.
fn detail(problem: Option<&Problem>) -> Option<&str> {
    match problem {
        Some(Problem::Failed(error)) => Some(error),
        _ => None,
    }
}

fn page(words: &Words, text: &str, detail: Option<&str>) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(words.lang) {
            head { (described(words.error)) }
            body {
                header { nav aria-label="Acuse" {
                    a href="/" { (words.start) }
                    a href="/events" { (words.events) }
                    a href="/dead-letters" { (words.dead_letters) }
                    a href="/quarantine" { (words.quarantine) }
                } }
                main {
                    h1 { (words.error) }
                    p { (text) }
                    @if let Some(detail) = detail {
                        p.dim { (words.details) }
                        p.error lang="en" translate="no" { (escape(detail)) }
                    }
                }
            }
        }
    }
}
