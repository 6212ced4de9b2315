//! The consumer's defaults are the template's.

use acuse_cli::local::Checkout;
use acuse_core::consume::WaitPolicy;

#[test]
fn the_consumer_has_the_templates_defaults() {
    let template = Checkout::find().unwrap().read_template().unwrap();
    let default = |name: &str| template["Parameters"][name]["Default"].as_u64().unwrap();
    let wait_policy = WaitPolicy::default();
    assert_eq!(default("MaxReceiveCount"), u64::from(wait_policy.max_receives));
    assert_eq!(default("MaxCrashes"), u64::from(wait_policy.max_crashes));
    assert_eq!(default("WaitMaxSeconds"), wait_policy.wait.max.as_secs());
    let queue = &template["Resources"]["EventQueue"]["Properties"];
    assert_eq!(queue["MessageRetentionPeriod"], wait_policy.retention.as_secs());
    let variables = &template["Resources"]["ConsumerFunction"]["Properties"]["Environment"]["Variables"];
    for (variable, parameter) in [
        ("MAX_ATTEMPTS", "MaxAttempts"),
        ("RETRY_MAX_SECONDS", "RetryMaxSeconds"),
        ("WAIT_MAX_SECONDS", "WaitMaxSeconds"),
        ("MAX_RECEIVE_COUNT", "MaxReceiveCount"),
        ("MAX_CRASHES", "MaxCrashes"),
    ] {
        assert_eq!(variables[variable]["Ref"], parameter);
    }
}
