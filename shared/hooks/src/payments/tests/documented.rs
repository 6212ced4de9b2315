//! The table of states in docs/hooks.md. It must match the code, and is the rule for the test of random sequences.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::super::state::{Lifecycle, STATES, State};

/// The table that the code implies.
fn table() -> String {
    let mut table = "| | state | by an event of kind | always followed by | followed by, if it is later |\n\
                     |---|---|---|---|---|\n"
        .to_owned();
    for state in &STATES {
        let lifecycle = match state.lifecycle {
            Lifecycle::Payment => "payment, charge",
            Lifecycle::Payout => "payout",
            Lifecycle::Subscription => "subscription",
        };
        let others = || {
            STATES
                .iter()
                .filter(|other| other.lifecycle == state.lifecycle && other.status != state.status)
        };
        let names = |states: Vec<&State>| -> String {
            let names: Vec<_> = states.iter().map(|state| format!("`{}`", state.status)).collect();
            names.join(", ")
        };
        let kinds: Vec<_> = state.kinds.iter().map(|kind| format!("`{kind:?}`")).collect();
        let always = names(others().filter(|other| other.level > state.level).collect());
        let later = names(others().filter(|other| other.level == state.level).collect());
        writeln!(
            table,
            "| {lifecycle} | `{}` | {} | {always} | {later} |",
            state.status,
            kinds.join(", ")
        )
        .unwrap();
    }
    table
}

fn page() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/hooks.md");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_table_in_the_documentation_matches_the_code() {
    assert!(
        page().contains(&table()),
        "docs/hooks.md should contain this table:\n{}",
        table()
    );
}

#[test]
fn no_two_states_have_the_same_position() {
    let places: BTreeSet<_> = STATES
        .iter()
        .map(|s| (format!("{:?}", s.lifecycle), s.level, s.stage))
        .collect();
    assert_eq!(places.len(), STATES.len());
    let kinds: BTreeSet<_> = STATES
        .iter()
        .flat_map(|s| s.kinds)
        .map(|kind| format!("{kind:?}"))
        .collect();
    assert_eq!(
        kinds.len(),
        STATES.iter().flat_map(|s| s.kinds).count(),
        "a kind leads to one state"
    );
}

/// A row of the table.
pub(super) struct Rule {
    /// The row's number.
    pub(super) line: usize,
    pub(super) kinds: Vec<String>,
    pub(super) always: BTreeSet<String>,
    pub(super) later: BTreeSet<String>,
}

/// The rows of the table, by kind of resource and state.
pub(super) fn rules() -> BTreeMap<String, BTreeMap<String, Rule>> {
    let mut rules: BTreeMap<String, BTreeMap<String, Rule>> = BTreeMap::new();
    let page = page();
    let lines = page.lines().skip_while(|line| !line.starts_with("| | state |")).skip(2);
    for (line, row) in lines.take_while(|line| line.starts_with('|')).enumerate() {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [of, state, kinds, always, later] = cells[..] else {
            panic!("{row}");
        };
        let names = |cell: &str| -> Vec<String> {
            cell.split(", ")
                .map(|name| name.trim_matches('`').to_owned())
                .filter(|name| !name.is_empty())
                .collect()
        };
        let rule = Rule {
            line,
            kinds: names(kinds),
            always: names(always).into_iter().collect(),
            later: names(later).into_iter().collect(),
        };
        rules
            .entry(of.to_owned())
            .or_default()
            .insert(state.trim_matches('`').to_owned(), rule);
    }
    rules
}
