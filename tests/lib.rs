//! Helpers that several test binaries share.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

pub mod document;
pub mod eventually;
#[cfg(target_os = "linux")]
pub mod killer;
pub mod post;
pub mod proxied;
pub mod proxy;
pub mod receiver;
pub mod recording;
pub mod running;
pub mod template;
