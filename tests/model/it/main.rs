//! The protocol's properties in every state that is reached within bounds, and mutants that break them.
//!
//! `ACUSE_MODEL=wide` visits many more: see docs/guarantees.md.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod destinations;
mod mutants;
mod worlds;

use std::time::Instant;

use acuse_model::{ALWAYS, Bounds, Mutant, Protocol, SOMETIMES};
use stateright::{Checker, HasDiscoveries, Model};

/// The result of a visit.
struct Visit {
    broken: Vec<&'static str>,
    unreached: Vec<&'static str>,
}

/// Visits every state within `bounds` and prints how many there are.
fn visit(name: &str, bounds: Bounds) -> Visit {
    let begun = Instant::now();
    let protocol = Protocol { bounds, mutant: None };
    let checker = protocol.checker().threads(2).spawn_dfs().join();
    let seconds = begun.elapsed().as_secs_f32();
    let (states, depth) = (checker.unique_state_count(), checker.max_depth());
    println!("{name}: {states} states, at most {depth} steps, {seconds:.1} s");
    let found = checker.discoveries();
    let pick = |names: &[&'static str], wanted: bool| {
        let names = names.iter().copied();
        names.filter(|name| found.contains_key(name) == wanted).collect()
    };
    Visit {
        broken: pick(&ALWAYS, true),
        unreached: pick(&SOMETIMES, false),
    }
}

/// Every property is true, and everything but `unreachable` is reached.
fn verify(name: &str, bounds: Bounds, unreachable: &[&str]) {
    let visit = visit(name, bounds);
    assert_eq!(visit.broken, [""; 0], "{name}");
    assert_eq!(visit.unreached, unreachable, "{name}");
}

/// Finds a way to break `property`, and prints it.
fn breaks(mutant: Option<Mutant>, bounds: Bounds, property: &'static str) {
    assert!(ALWAYS.contains(&property), "{property}");
    let checker = Protocol { bounds, mutant }
        .checker()
        .finish_when(HasDiscoveries::AllOf([property].into()))
        .spawn_bfs()
        .join();
    let path = checker.discovery(property).expect(property);
    println!("{mutant:?}, not: {property}. {:?}", path.into_actions());
}
