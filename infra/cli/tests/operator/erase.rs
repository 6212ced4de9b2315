//! `acuse events erase`: what is gone, what stays, and what is refused.

use acuse_core::providers::kuenta;
use serde_json::Value;

use super::conflicts::{changed, conflict, until};
use super::*;

const REASON: &str = "request 2026-114";

/// A payment of somebody's, its partition, and the id.
async fn paid() -> (Bytes, String, String) {
    let provider = &kuenta::PROVIDER;
    let mut payload: Value = serde_json::from_slice(&payment(provider)).unwrap();
    payload["data"]["payer"] = "Ana Pérez".into();
    let body: Bytes = serde_json::to_vec(&payload).unwrap().into();
    let id = payload["data"]["id"].as_str().unwrap().to_owned();
    let partition = format!("kuenta#live#payment#{id}");
    assert_eq!(post(provider, &body, &local_secrets(provider)).await, 200);
    until(&partition, |records| {
        records.iter().any(|one| one.status == "COMPLETED")
    })
    .await;
    (body, partition, id)
}

async fn refused(arguments: &[&str]) -> String {
    let output = acuse(arguments, "").await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_event_says_so_everywhere_and_its_deliveries_are_still_known() {
    let (body, partition, id) = paid().await;
    let erase = ["events", "erase", &id, "--reason", REASON];
    let would = done(&[&erase[..], &["--dry-run"]].concat(), "").await;
    assert!(would.starts_with(&format!("would be erased: {partition}|")), "{would}");
    let told = refused(&erase).await;
    assert!(
        told.contains(&format!("to be erased: {partition}|"))
            && told.contains("add `--yes` to erase the payload of 1 event for good"),
        "{told}"
    );
    let shown = done(&["events", "show", &id], "").await;
    assert!(shown.contains("Ana Pérez"), "nothing was erased yet: {shown}");

    let erase = [&erase[..], &["--yes"]].concat();
    let erased = done(&erase, "").await;
    assert!(erased.starts_with(&format!("erased: {partition}|")), "{erased}");
    assert!(erased.ends_with("\n1 event erased\n"), "{erased}");
    let again = done(&erase, "").await;
    assert!(again.starts_with("was erased before: "), "{again}");

    let shown = done(&["events", "show", &id], "").await;
    assert!(
        shown.contains("COMPLETED (erased)") && shown.contains("payload: erased on 20"),
        "{shown}"
    );
    assert!(shown.contains(&format!("events erase ({REASON})")), "{shown}");
    assert!(!shown.contains("Ana"), "{shown}");
    let listed = done(&["events", "export", "--since", "1h", "--provider", "kuenta"], "").await;
    let line = listed.lines().find(|line| line.contains(&partition)).unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    assert!(line["erased_at"].is_string() && line.get("payload").is_none(), "{line}");
    assert!(line["amount"].is_null() && line["reference"].is_null(), "{line}");
    let key = line["key"].as_str().unwrap();
    let inspector = &stack().await.inspector;
    let encoded = key.replace('#', "%23").replace('|', "%7C");
    let page = acuse_cli::http::client()
        .unwrap()
        .get(format!("{inspector}/event?key={encoded}"));
    let page = page.send().await.unwrap().text().await.unwrap();
    assert!(
        page.contains("Erased: its payload") && page.contains("erased on 20"),
        "{page}"
    );
    let trail = done(&["audit", "list", "--json"], "").await;
    let entry = trail
        .lines()
        .find(|line| line.contains("events erase") && line.contains(key))
        .unwrap();
    assert!(entry.contains(REASON) && !entry.contains("Ana"), "{entry}");

    let (provider, secrets) = (&kuenta::PROVIDER, local_secrets(&kuenta::PROVIDER));
    assert_eq!(post(provider, &body, &secrets).await, 200);
    let records = until(&partition, |records| records[0].duplicates > 0).await;
    assert_eq!(
        (records.len(), records[0].status, &records[0].payload),
        (1, "COMPLETED", &None)
    );
    // Other bytes are kept as a conflict, and the event stays erased.
    let (other, _) = changed(&body);
    assert_eq!(post(provider, &other, &secrets).await, 200);
    let records = until(&partition, |records| records.len() == 2).await;
    assert_eq!((records[0].payload.is_none(), records[1].status), (true, "CONFLICT"));
    let shown = done(&["events", "show", &records[1].key], "").await;
    assert!(
        shown.contains("unknown: ") && shown.contains("was erased on"),
        "{shown}"
    );
    let told = refused(&["send", "kuenta", "--event", key]).await;
    assert!(!told.contains("Ana"), "{told}");
}

/// Whoever runs it again, or somebody else, has the order number alone.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_was_erased_is_known_to_have_been() {
    let order = "ORD-ERASED-1";
    done(&["send", "onepay", "payment.approved", "--reference", order], "").await;
    let wait = async {
        while !done(&["events", "show", order, "--json"], "")
            .await
            .contains("\"COMPLETED\"")
        {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap();
    let erase = ["events", "erase", order, "--reason", REASON];
    let erased = done(&[&erase[..], &["--yes"]].concat(), "").await;
    assert!(erased.ends_with("\n1 event erased\n"), "{erased}");
    // Nothing is left to confirm.
    let again = done(&erase, "").await;
    assert!(
        again.starts_with("was erased before: ") && again.ends_with("\n1 event erased before\n"),
        "{again}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_conflict_is_decided_first_and_what_was_erased_is_not_replayed() {
    let conflict = conflict().await;
    let (event, _) = conflict.rsplit_once('|').unwrap();
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys").display().to_string();
    std::fs::write(&keys, format!("{event}\n\n")).unwrap();
    let erase = ["events", "erase", "--from-file", &keys, "--reason", REASON, "--yes"];
    let told = refused(&erase).await;
    assert!(told.contains("1 event erased; 1 not erased"), "{told}");
    assert!(
        told.contains("it is an open conflict") && told.contains("acuse events dismiss"),
        "{told}"
    );
    done(&["events", "dismiss", &conflict, "--reason", "a retry"], "").await;
    let erased = done(&erase, "").await;
    assert!(erased.contains("1 event erased; 1 erased before"), "{erased}");

    let replayed = acuse(&["events", "replay", &conflict], "").await;
    let told = String::from_utf8(replayed.stderr).unwrap();
    assert!(told.contains("not replayed: it was erased on"), "{told}");
    let told = refused(&["events", "release", &conflict]).await;
    assert!(told.contains("not released, because it was erased on"), "{told}");

    let told = refused(&["events", "erase", "no-such-order", "--reason", REASON, "--yes"]).await;
    assert!(told.contains("the ledger has no event of `no-such-order`"), "{told}");
    std::fs::write(&keys, "Ana\n").unwrap();
    let told = refused(&erase).await;
    assert!(
        told.contains("is no event's key, so nothing was erased") && !told.contains("Ana"),
        "{told}"
    );
}
