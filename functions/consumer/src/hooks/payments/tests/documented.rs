//! The table in docs/hooks.md: written from the code, and read as the rule for random sequences.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::super::state::{Of, STATES, State};

/// The table as the code has it.
fn table() -> String {
    let mut table = "| | state | by an event of kind | always followed by | followed by, where it is later |\n\
                     |---|---|---|---|---|\n"
        .to_owned();
    for state in &STATES {
        let of = match state.of {
            Of::Payment => "payment, charge",
            Of::Payout => "payout",
            Of::Subscription => "subscription",
        };
        let others = || {
            STATES
                .iter()
                .filter(|other| other.of == state.of && other.status != state.status)
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
            "| {of} | `{}` | {} | {always} | {later} |",
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
fn the_pages_table_is_the_codes() {
    assert!(
        page().contains(&table()),
        "docs/hooks.md should have this table:\n{}",
        table()
    );
}

#[test]
fn no_two_states_are_at_the_same_place() {
    let places: BTreeSet<_> = STATES
        .iter()
        .map(|s| (format!("{:?}", s.of), s.level, s.stage))
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
        "a kind says one thing"
    );
}

/// What the page says of one state.
pub(super) struct Rule {
    /// How far down the table.
    pub(super) line: usize,
    pub(super) kinds: Vec<String>,
    pub(super) always: BTreeSet<String>,
    pub(super) later: BTreeSet<String>,
}

/// What the page says, by what has states, then by state.
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
