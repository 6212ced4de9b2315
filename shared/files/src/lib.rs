//! The repository's payload files and template as data, for the CLI and for tests. No function that runs on Lambda
//! depends on this crate.

pub mod change;
pub mod payload;
pub mod template;
