//! What the consumer reckons with is what the template sets.

use acuse_cli::local::Checkout;
use acuse_core::consume::Patience;

#[test]
fn the_consumer_knows_its_queue() {
    let template = Checkout::find().unwrap().read_template().unwrap();
    let default = |name: &str| template["Parameters"][name]["Default"].as_u64().unwrap();
    let patience = Patience::default();
    assert_eq!(default("MaxReceiveCount"), u64::from(patience.max_receives));
    assert_eq!(default("MaxCrashes"), u64::from(patience.max_crashes));
    assert_eq!(default("WaitMaxSeconds"), patience.wait.max.as_secs());
    let queue = &template["Resources"]["EventQueue"]["Properties"];
    assert_eq!(queue["MessageRetentionPeriod"], patience.retention.as_secs());
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
