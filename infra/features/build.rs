//! Nothing: without a build script, cargo ignores build dependencies and their features.

fn main() {}
