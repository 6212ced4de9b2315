use serde_json::json;

use super::*;

const URL: &str = "https://hooks.shop.co/webhooks/onepay";

fn listed(webhooks: &Value) -> Vec<Webhook> {
    many(webhooks).unwrap()
}

/// The findings for an account that wants `payment.approved`, at its own domain and at the API's URL.
fn found(webhooks: &Value, environment: Option<Environment>) -> Option<Checked> {
    let urls = [URL, "https://abc.execute-api.us-east-1.amazonaws.com/webhooks/onepay"].map(str::to_owned);
    let events = ["payment.approved".to_owned()];
    let expected = Expected {
        urls: &urls,
        events: &events,
        environment,
    };
    check(&listed(webhooks), expected)
}

fn texts(webhooks: &Value) -> Vec<(&'static str, String)> {
    let findings = found(webhooks, None).unwrap().findings;
    findings
        .iter()
        .map(|finding| (finding.code(), finding.to_string()))
        .collect()
}

fn webhook(id: &str, url: &str, events: &[&str]) -> Value {
    json!({"id": id, "url": url, "events": events})
}

#[test]
fn a_webhook_at_any_url_of_the_stack_is_well() {
    for url in [
        URL,
        "https://HOOKS.shop.co/webhooks/onepay/",
        "https://abc.execute-api.us-east-1.amazonaws.com/webhooks/onepay",
    ] {
        let list = json!([
            webhook("w1", "https://b.co/x", &[]),
            webhook("w2", url, &["payment.approved", "x"])
        ]);
        let checked = found(&list, None).unwrap();
        assert_eq!(
            (checked.findings, checked.webhook.unwrap().id),
            (vec![], "w2".to_owned())
        );
    }
}

#[test]
fn a_missing_webhook_is_found() {
    assert_eq!(
        texts(&json!([])),
        [(
            "missing",
            format!("{URL} is not registered: there is no webhook at all")
        )]
    );
    let test = format!("{URL}/test");
    assert_eq!(
        texts(&json!([webhook("w1", &test, &[])])),
        [(
            "missing",
            format!("{URL} is not registered: none of 1 webhooks posts there")
        )]
    );
}

#[test]
fn a_webhook_of_another_host_is_named_and_chosen_only_if_it_is_the_only_one() {
    let old = webhook("w1", "https://old.co/webhooks/onepay/", &[]);
    let other = webhook("w2", "https://other.co/webhooks/onepay", &["payment.approved"]);
    assert_eq!(
        texts(&json!([old])),
        [
            (
                "other_url",
                format!("w1 posts to https://old.co/webhooks/onepay/, and none to {URL}")
            ),
            ("lacks_events", "registered without payment.approved".to_owned()),
        ]
    );
    let both = found(&json!([old, other]), None).unwrap();
    assert_eq!((both.webhook, both.findings.len()), (None, 1));
    let text = both.findings[0].to_string();
    assert!(text.contains("w1 posts to") && text.contains("w2 posts to"), "{text}");
}

#[test]
fn a_webhook_that_is_off_is_found_unless_another_one_is_on() {
    let mut off = webhook("w1", URL, &["payment.approved"]);
    off["is_active"] = false.into();
    assert_eq!(
        texts(&json!([off])),
        [(
            "off",
            "switched off: the provider lists it with `is_active`: false".to_owned()
        )]
    );
    let on = webhook("w2", URL, &["payment.approved"]);
    assert!(texts(&json!([off, on])).is_empty());
}

#[test]
fn the_other_environments_list_proves_nothing() {
    let mut live = webhook("w1", "https://b.co/x", &[]);
    live["is_test"] = false.into();
    assert_eq!(found(&json!([live]), Some(Environment::Test)), None);
    let missing = found(&json!([live]), Some(Environment::Live)).unwrap();
    assert_eq!(missing.findings[0].code(), "missing");
    // An empty list is that of any environment.
    assert!(found(&json!([]), Some(Environment::Test)).is_some());
    let mut here = webhook("w2", URL, &["payment.approved"]);
    here["is_test"] = false.into();
    let checked = found(&json!([here]), Some(Environment::Test)).unwrap();
    assert_eq!(checked.findings[0].code(), "environment");
    assert!(
        found(&json!([here]), Some(Environment::Live))
            .unwrap()
            .findings
            .is_empty()
    );
}

#[test]
fn several_webhooks_of_one_url_have_all_events_together() {
    let some = webhook("w1", URL, &["x"]);
    let rest = webhook("w2", URL, &["payment.approved"]);
    let checked = found(&json!([some, rest]), None).unwrap();
    assert_eq!((checked.findings, checked.others), (vec![], vec!["w2".to_owned()]));
    // One that is off posts nothing.
    let mut off = rest.clone();
    off["is_active"] = false.into();
    let checked = found(&json!([off, some]), None).unwrap();
    assert_eq!(checked.webhook.unwrap().id, "w1");
    assert_eq!(
        checked.findings,
        [Finding::LacksEvents(vec!["payment.approved".to_owned()])]
    );
    assert_eq!(checked.others, [] as [String; 0]);
}

#[test]
fn a_webhook_of_another_environment_hides_nothing_and_is_no_alarm() {
    let of = |id: &str, events: &[&str], is_test: bool| {
        let mut one = webhook(id, URL, events);
        one["is_test"] = is_test.into();
        one
    };
    for bound in [Some(Environment::Live), None] {
        let list = json!([of("t", &[], true), of("l", &["payment.approved"], false)]);
        let checked = found(&list, bound).unwrap();
        assert_eq!(
            (checked.findings, checked.webhook.unwrap().id),
            (vec![], "l".to_owned())
        );
        let list = json!([of("t", &["payment.approved"], true), of("l", &[], false)]);
        let checked = found(&list, bound).unwrap();
        assert_eq!(checked.webhook.unwrap().id, "l");
        assert_eq!(checked.findings[0].code(), "lacks_events", "{bound:?}");
    }
}

#[test]
fn a_finding_shows_no_secret_of_another_url() {
    let other = webhook("w1", "https://u:hunter2@old.co/webhooks/onepay?k=hunter2", &[]);
    let text = format!("{:?} {}", texts(&json!([other])), texts(&json!([other]))[0].1);
    assert!(
        text.contains("w1 posts to https://old.co/webhooks/onepay, and none"),
        "{text}"
    );
    assert!(!text.contains("hunter2"), "{text}");
}
