//! Conflicts: the same payment with other bytes, from its delivery to an operator's decision.

use acuse_core::providers::kuenta;
use serde_json::Value;

use super::*;

/// The payload of a payment with another amount, and the partition of both.
pub(crate) fn changed(body: &Bytes) -> (Bytes, String) {
    let mut value: Value = serde_json::from_slice(body).unwrap();
    let id = value["data"]["id"].as_str().unwrap().to_owned();
    value["data"]["amount"] = 7.into();
    let changed = serde_json::to_vec(&value).unwrap().into();
    (changed, format!("kuenta#live#payment#{id}"))
}

/// Makes a conflict, and returns its key.
pub(super) async fn conflict() -> String {
    let provider = &kuenta::PROVIDER;
    let secrets = local_secrets(provider);
    let body = payment(provider);
    let (other, partition) = changed(&body);
    assert_eq!(post(provider, &body, &secrets).await, 200);
    until(&partition, |records| {
        records.iter().any(|one| one.status == "COMPLETED")
    })
    .await;
    assert_eq!(post(provider, &other, &secrets).await, 200);
    let records = until(&partition, |records| records.len() == 2).await;
    let conflict = records.into_iter().find(|record| record.status == "CONFLICT");
    conflict.unwrap().key
}

/// The id of a conflict's resource.
fn resource(key: &str) -> &str {
    let (partition, _) = key.split_once('|').unwrap();
    partition.rsplit_once('#').unwrap().1
}

/// A partition's records, once the condition is true.
pub(super) async fn until(partition: &str, so: impl Fn(&[Record]) -> bool) -> Vec<Record> {
    let ledger = ledger(stack().await);
    let wait = async {
        loop {
            let records = ledger.partition(partition).await.unwrap();
            if so(&records) {
                return records;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("the records come")
}

async fn status(key: &str, status: &str) {
    let (partition, _) = key.split_once('|').unwrap();
    until(partition, |records| {
        records
            .iter()
            .any(|record| record.key == key && record.status == status)
    })
    .await;
}

/// Runs a command that must exit 1, and returns what it prints.
async fn refused(arguments: &[&str]) -> String {
    let output = acuse(arguments, "").await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_is_listed_explained_and_released_as_an_event_of_its_own() {
    let key = conflict().await;
    let (event, _) = key.rsplit_once('|').unwrap();
    let list = [
        "events",
        "list",
        "--provider",
        "kuenta",
        "--status",
        "conflict",
        "--json",
    ];
    assert!(done(&list, "").await.contains(&key));
    for which in [event, &key] {
        let shown = done(&["events", "show", which], "").await;
        assert!(shown.contains(&format!("differs from {event}:")), "{shown}");
        assert!(shown.contains("data.amount: "), "{shown}");
        assert!(shown.contains(" → 7"), "{shown}");
    }
    let doctor = acuse(&["doctor", "--no-delivery"], "").await;
    let doctor = String::from_utf8(doctor.stdout).unwrap();
    assert!(doctor.contains("open since yesterday"), "{doctor}");

    // Replaying a conflict does not decide on it.
    let replayed = acuse(&["events", "replay", &key], "").await;
    let told = String::from_utf8(replayed.stderr).unwrap();
    assert!(!replayed.status.success(), "nothing that was named is done");
    assert!(
        told.contains("not replayed: it is an open conflict, on which you decide with `acuse events release KEY`"),
        "{told}"
    );
    let told = refused(&["events", "release", event]).await;
    assert!(told.contains("is no conflict") && told.contains(&key), "{told}");

    let would = done(&["events", "release", resource(&key), "--dry-run"], "").await;
    assert!(would.starts_with(&format!("would be released: {key}\n")), "{would}");
    assert!(would.ends_with("1 conflict would be released\n"), "{would}");
    let released = done(&["events", "release", &key], "").await;
    assert!(
        released.starts_with(&format!("released and queued: {key}\n")),
        "{released}"
    );
    status(&key, "COMPLETED").await;
    let again = done(&["events", "release", &key], "").await;
    assert!(again.starts_with("was released before: "), "{again}");
    assert!(again.ends_with("\n1 conflict released before\n"), "{again}");
    let listed = done(&["events", "list", "--provider", "kuenta"], "").await;
    assert!(listed.contains("COMPLETED (conflict)"), "{listed}");
    let shown = done(&["events", "show", event, "--json"], "").await;
    let record: Value = serde_json::from_str(shown.lines().next().unwrap()).unwrap();
    assert_eq!(record["conflicts"], 1);
    let told = refused(&["events", "release", resource(&key)]).await;
    assert!(told.contains("has no open conflict"), "{told}");
    let told = refused(&["events", "dismiss", &key, "--reason", "too late"]).await;
    assert!(
        told.contains("not dismissed, because it was released before and is COMPLETED"),
        "{told}"
    );
    let (partition, _) = key.split_once('|').unwrap();
    let records = ledger(stack().await).partition(partition).await.unwrap();
    let hooks: Vec<usize> = records.iter().map(|record| record.hooks.len()).collect();
    assert!(
        hooks[0] > 0 && hooks[0] == hooks[1],
        "both had the same hooks: {hooks:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_is_dismissed_with_a_reason_and_can_still_be_replayed() {
    let key = conflict().await;
    let without = acuse(&["events", "dismiss", &key], "").await;
    assert_eq!(without.status.code(), Some(2), "a reason is asked for: {without:?}");
    let dismissed = done(&["events", "dismiss", &key, "--reason", "a restamped retry"], "").await;
    assert!(dismissed.starts_with(&format!("dismissed: {key}\n")), "{dismissed}");
    let again = done(&["events", "dismiss", &key, "--reason", "once more"], "").await;
    assert!(again.starts_with("was dismissed before: "), "{again}");
    let shown = done(&["events", "show", &key, "--json"], "").await;
    let record: Value = serde_json::from_str(shown.lines().next().unwrap()).unwrap();
    assert_eq!(record["status"], "REJECTED");
    assert_eq!(record["error"], "dismissed: a restamped retry");
    assert!(record["hooks"].as_object().unwrap().is_empty());
    let told = refused(&["events", "release", &key]).await;
    assert!(told.contains("not released, because it is REJECTED"), "{told}");
    done(&["events", "replay", &key], "").await;
    status(&key, "COMPLETED").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inspector_shows_the_difference_and_takes_the_decision() {
    let home = &stack().await.inspector;
    let client = acuse_cli::http::client().unwrap();
    let encoded = |key: &str| key.replace('%', "%25").replace('#', "%23").replace('|', "%7C");
    let get = async |path: String| {
        let page = client.get(format!("{home}{path}")).send().await.unwrap();
        page.text().await.unwrap()
    };
    for (decision, reason, ends) in [
        ("release", "", "COMPLETED"),
        ("dismiss", "&reason=a+restamped+retry", "REJECTED"),
    ] {
        let key = conflict().await;
        let (event, _) = key.rsplit_once('|').unwrap();
        for own in [event, &key] {
            let page = get(format!("/event?key={}", encoded(own))).await;
            assert!(page.contains("<td>data.amount</td>"), "{page}");
            assert!(page.contains("<ins>7</ins>"), "{page}");
            assert!(page.contains(&format!("/conflict/{decision}?key=")), "{page}");
        }
        let ask = get(format!("/conflict/{decision}?key={}", encoded(&key))).await;
        let token = ask.split("name=\"token\" value=\"").nth(1).unwrap();
        let token = token.split('"').next().unwrap();
        for (token, expected) in [("guessed", 403), (token, 200), (token, 200)] {
            let form = format!("token={token}&key={}{reason}", encoded(&key));
            let post = client.post(format!("{home}/conflict/{decision}")).body(form);
            let post = post.header("content-type", "application/x-www-form-urlencoded");
            assert_eq!(post.send().await.unwrap().status(), expected);
        }
        status(&key, ends).await;
        let page = get(format!("/event?key={}", encoded(event))).await;
        assert!(!page.contains(&format!("/conflict/{decision}?key=")), "{page}");
    }
}
