//! The committed figures are up to date.

use acuse_simulation::docs;
use acuse_simulation::settings::{Settings, Template, Work};
use acuse_simulation::template::number;
use acuse_simulation::units::Units;
use clap::{Args, Command, FromArgMatches};

#[test]
fn the_page_and_the_plot_are_up_to_date() {
    for (path, text) in docs::with_figures(&docs::all_runs(docs::SEED)).unwrap() {
        let same = std::fs::read_to_string(&path).unwrap() == text;
        assert!(
            same,
            "{} is out of date: cargo run --release -p acuse-simulation -- docs",
            path.display()
        );
    }
}

/// The defaults of `one` and of the library are those of template.yaml.
#[test]
fn the_defaults_are_those_of_the_template() {
    for name in Template::NAMES {
        assert!(number::<f64>(&["Parameters", name, "Default"]).is_some(), "{name}");
    }
    let settings = Settings::default();
    let kept = number(&["Resources", "EventQueue", "Properties", "MessageRetentionPeriod"]);
    assert_eq!(Some(settings.template.policy().wait_policy.retention.as_secs()), kept);
    let command = Settings::augment_args(Command::new("one"));
    let arguments = command
        .get_arguments()
        .map(|argument| argument.get_id().as_str())
        .collect::<Vec<_>>();
    for name in Template::NAMES {
        let own = name.chars().flat_map(|c| match c.is_ascii_uppercase() {
            true => vec!['_', c.to_ascii_lowercase()],
            false => vec![c],
        });
        let own: String = own.skip(1).collect();
        assert!(arguments.contains(&own.as_str()), "{own}");
    }
    let given = Settings::from_arg_matches(&command.get_matches_from(["one"])).unwrap();
    assert_eq!(given, settings);
}

/// docs/cost.md has the write units that were recorded of the real functions: of a record of less than 1 KB, and two
/// units of the hook `payments`.
#[test]
fn the_units_are_those_that_were_recorded() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../docs/cost.md")).unwrap();
    let row = |name: &str| -> Vec<f64> {
        let row = page
            .lines()
            .find_map(|line| line.strip_prefix(&format!("| write units | {name} | ")));
        row.unwrap()
            .trim_end_matches(" |")
            .split(" | ")
            .map(|cell| cell.parse().unwrap())
            .collect()
    };
    let (tables, index) = (row("tables"), row("index `by-day`"));
    for (place, external_side_effects) in [false, true].into_iter().enumerate() {
        let work = Work {
            item_units: 1.0,
            external_side_effects,
            ..Settings::default().work
        };
        let units = Units::of(&work, 1, false);
        assert_eq!(
            (units.table + 2.0, units.index),
            (tables[place], index[place]),
            "{external_side_effects}"
        );
    }
}

/// How long the ledger retries a throttled write before the event returns to the queue.
#[test]
fn the_retry_time_is_that_of_the_ledger() {
    let write = include_str!("../../../../shared/aws/src/ledger/write.rs");
    let (_, wait_policy) = write
        .split_once("const RETRY_FOR: Duration = Duration::from_secs(")
        .unwrap();
    let (seconds, _) = wait_policy.split_once(')').unwrap();
    assert_eq!(
        seconds.parse::<f64>().unwrap() * 1000.0,
        Settings::default().work.patience_ms
    );
}
