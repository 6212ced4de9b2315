//! What a destination is owed, whoever dies when.

use acuse_model::{Destination, Wrong};
use stateright::{Checker, Model};

const WORLD: Destination = Destination {
    deaths: 3,
    failures: 3,
    repeats: 2,
    wrong: None,
};

#[test]
fn an_event_reaches_its_destination_whoever_dies_when() {
    let checker = WORLD.checker().threads(2).spawn_dfs().join();
    println!("destinations: {} states", checker.unique_state_count());
    checker.assert_properties();
}

#[test]
fn wrong_rules_are_noticed() {
    let owed = "what is owed has a hint, or somebody who works on it";
    for (wrong, property) in [
        (Wrong::CommitBeforeHint, owed),
        (Wrong::DeleteBeforeWrite, owed),
        (Wrong::EarlyHintIsDropped, owed),
        (Wrong::WriteBeforeRequest, "what is delivered was taken"),
    ] {
        let wrong = Some(wrong);
        let checker = Destination { wrong, ..WORLD }.checker().spawn_bfs().join();
        let path = checker.discovery(property).expect(property);
        println!("{wrong:?}, not: {property}. {:?}", path.into_actions());
    }
}
