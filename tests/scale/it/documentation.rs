//! The committed figures are the program's.

use acuse_scale::docs;
use acuse_scale::settings::Settings;
use clap::{Args, Command, FromArgMatches};

#[test]
fn the_page_and_the_plot_are_of_this_program() {
    for (path, text) in docs::with_figures(&docs::all_runs(docs::SEED)).unwrap() {
        let same = std::fs::read_to_string(&path).unwrap() == text;
        assert!(
            same,
            "{} is out of date: cargo run --release -p acuse-scale -- docs",
            path.display()
        );
    }
}

/// What `one` and the library take where nothing is said is what template.yaml says.
#[test]
fn the_defaults_are_the_templates() {
    let template = include_str!("../../../template.yaml");
    let default_of = |name: &str| {
        let (_, parameter) = template.split_once(&format!("\n  {name}:\n"))?;
        let line = parameter.lines().find_map(|line| line.strip_prefix("    Default: "))?;
        line.parse::<f64>().ok()
    };
    let settings = Settings::default();
    let own = &settings.template;
    for (name, value) in [
        ("ThrottleRate", own.throttle_rate),
        ("ThrottleBurst", own.throttle_burst),
        ("VerifyReservedConcurrency", f64::from(own.verify_reserved_concurrency)),
        (
            "ConsumerReservedConcurrency",
            f64::from(own.consumer_reserved_concurrency),
        ),
        ("ConsumerMaxConcurrency", f64::from(own.consumer_max_concurrency)),
        (
            "ConsumerProvisionedPollers",
            f64::from(own.consumer_provisioned_pollers),
        ),
        (
            "ConsumerProvisionedPollersMax",
            f64::from(own.consumer_provisioned_pollers_max),
        ),
        ("HookConcurrency", f64::from(own.hook_concurrency)),
        ("ConsumerBatchSize", f64::from(own.consumer_batch_size)),
        (
            "ConsumerBatchingWindowSeconds",
            f64::from(own.consumer_batching_window_seconds),
        ),
        ("MaxReceiveCount", f64::from(own.max_receive_count)),
    ] {
        if template.contains(&format!("\n  {name}:\n")) {
            assert_eq!(default_of(name), Some(value), "{name}");
        }
    }
    let command = Settings::augment_args(Command::new("one"));
    let given = Settings::from_arg_matches(&command.get_matches_from(["one"])).unwrap();
    assert_eq!(given, settings);
}
