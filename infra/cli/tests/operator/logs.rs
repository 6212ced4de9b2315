//! `acuse logs`.

use acuse_core::providers::kuenta;
use serde_json::Value;

use super::{acuse, done};

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_lines_of_functions_without_metrics() {
    let event = ["send", kuenta::PROVIDER.name, kuenta::PROVIDER.types[0]];
    let sent = done(&event, "").await;
    let (_, delivery) = sent.split_once("delivery ").unwrap();
    let id = delivery.split_whitespace().next().unwrap().to_owned();
    // Other tests send events meanwhile.
    let of = |printed: &str, function: &str| {
        let mut lines = printed.lines();
        let line = lines.find(|line| line.contains(&id) && line.split_whitespace().nth(2) == Some(function));
        line.map(str::to_owned)
    };
    let mut printed = String::new();
    for _ in 0..240 {
        printed = done(&["logs", "--since", "1h"], "").await;
        if of(&printed, "kuenta").is_some() && of(&printed, "consumer").is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    let of = |function| of(&printed, function).unwrap_or_else(|| panic!("no line of {function} in\n{printed}"));
    assert!(of("kuenta").contains(" INFO  kuenta   delivery queued  "), "{printed}");
    assert!(
        of("consumer").contains(" INFO  consumer event completed  "),
        "{printed}"
    );
    for noise in ["_aws", "START RequestId", "REPORT RequestId"] {
        assert!(!printed.contains(noise), "{noise} in\n{printed}");
    }

    let only = done(&["logs", "--json", "--since", "1h", "--function", "consumer"], "").await;
    for line in only.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["function"], "consumer");
        assert!(line["time"].is_string() && line["message"].is_string(), "{line}");
    }

    let output = acuse(&["logs", "--function", "nobody"], "").await;
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(
        error.contains("no function `nobody`; there are consumer, destinations, kuenta, onepay, unopago"),
        "{error}"
    );
}
