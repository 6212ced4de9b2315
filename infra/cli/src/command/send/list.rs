//! Lists of scenarios, and of a scenario's events.

use std::collections::BTreeSet;

use acuse_files::scenario::{self, Entry, Scenario};
use jiff::SignedDuration;
use serde_json::json;

use crate::command::Failure;
use crate::terminal::{self, Table};
use crate::{registry, say};

/// In seconds.
const DAY: i64 = 24 * 60 * 60;

/// Prints all scenarios.
pub(super) fn scenarios(as_json: bool) -> Result<(), Failure> {
    let mut scenarios = scenario::all(registry::providers())?;
    scenarios.sort_by_key(|scenario| (providers(scenario), scenario.name.clone()));
    let mut table = Table::new([
        ("SCENARIO", 30),
        ("PROVIDER", 20),
        ("EVENTS", 6),
        ("ENDS", 60),
        ("WHAT HAPPENS", 100),
    ]);
    for scenario in &scenarios {
        let (providers, count) = (providers(scenario), scenario.entries.len());
        if as_json {
            terminal::json(json!({
                "name": scenario.name, "about": scenario.about, "providers": providers, "events": count,
                "ends": scenario.ends,
            }));
        }
        table.add_row([
            scenario.name.clone(),
            providers.join(", "),
            count.to_string(),
            ends(scenario),
            scenario.about.clone(),
        ]);
    }
    if !as_json {
        table.print();
    }
    Ok(())
}

/// Prints a scenario's events.
pub(super) fn events(scenario: &Scenario, as_json: bool) {
    if as_json {
        for entry in &scenario.entries {
            terminal::json(json!({
                "provider": entry.provider.name, "type": entry.type_name, "resource": entry.resource,
                "at_seconds": entry.at.as_secs(), "delay_seconds": entry.delay.as_secs_f64(), "twice": entry.twice,
            }));
        }
        return;
    }
    say!("{}: {}", scenario.name, scenario.about);
    let mut table = Table::without_headings([12, 40, 30, 40]);
    for entry in &scenario.entries {
        table.add_row([after(entry), name(entry), entry.resource.clone(), how(entry)]);
    }
    table.print();
    say!("ends: {}", ends(scenario));
}

fn providers(scenario: &Scenario) -> Vec<&'static str> {
    let names: BTreeSet<_> = scenario.entries.iter().map(|entry| entry.provider.name).collect();
    names.into_iter().collect()
}

/// The states in `payments`, or else the last event's type: `payments` knows payments, payouts and subscriptions.
fn ends(scenario: &Scenario) -> String {
    if scenario.ends.is_empty() {
        return scenario
            .entries
            .last()
            .map_or_else(String::new, |last| last.type_name.clone());
    }
    let states: BTreeSet<_> = scenario.ends.values().collect();
    let groups = states.into_iter().map(|state| {
        let names = scenario.ends.iter().filter(|(_, own)| *own == state);
        let names: Vec<_> = names.map(|(name, _)| name.as_str()).collect();
        format!("{} {state}", names.join(", "))
    });
    groups.collect::<Vec<_>>().join("; ")
}

fn after(entry: &Entry) -> String {
    match SignedDuration::try_from(entry.at) {
        Ok(at) if at.is_zero() => "first".to_owned(),
        Ok(at) if at.as_secs() % DAY == 0 => format!("+{}d", at.as_secs() / DAY),
        Ok(at) => format!("+{at:#}"),
        Err(_) => String::new(),
    }
}

fn name(entry: &Entry) -> String {
    format!("{} {}", entry.provider.name, entry.type_name)
}

fn how(entry: &Entry) -> String {
    let twice = entry.twice.then(|| "twice".to_owned());
    let delay = (!entry.delay.is_zero()).then(|| format!("after waiting {:?}", entry.delay));
    twice.into_iter().chain(delay).collect::<Vec<_>>().join(", ")
}
