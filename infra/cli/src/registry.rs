//! The providers that the tool knows.

use std::sync::OnceLock;

use acuse_core::provider::Providers;

static PROVIDERS: OnceLock<Providers> = OnceLock::new();

/// Those that [`run`](crate::run) was given; the built-in ones if this library is used without it. Global because the
/// tool is one program, and clap's parsers take no parameter.
pub(crate) fn providers() -> Providers {
    PROVIDERS.get().copied().unwrap_or(acuse_core::providers::ALL)
}

/// Sets them. Only the first call counts.
pub(crate) fn set(providers: Providers) {
    let _ = PROVIDERS.set(providers);
}
