//! Nothing: only the features in Cargo.toml matter.
//!
//! Cargo enables those features of a dependency that the packages it builds ask for. `cargo build -p consumer` would ask
//! for fewer than `cargo run -- local`, and the AWS SDK would be compiled once for each. `.ci/features` checks that all
//! builds agree, and `.ci/features --write` adapts Cargo.toml.
