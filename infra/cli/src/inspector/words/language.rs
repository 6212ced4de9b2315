//! The reader's language.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use super::{EN, ES, Words};

impl Words {
    /// Those of a request: in the language of the cookie, or else the browser's.
    pub(in super::super) fn of(headers: &HeaderMap) -> &'static Self {
        let text = |name| {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default()
        };
        let mut cookies = text(header::COOKIE).split(';');
        let cookie = cookies.find_map(|pair| pair.trim().strip_prefix("lang="));
        let wanted = cookie.unwrap_or_else(|| text(header::ACCEPT_LANGUAGE));
        match wanted.to_ascii_lowercase().starts_with("es") {
            true => &ES,
            false => &EN,
        }
    }
}

impl<S: Sync> FromRequestParts<S> for &'static Words {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Words::of(&parts.headers))
    }
}
