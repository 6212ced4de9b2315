//! Acting leaves a trace: who did what, when and why.

use serde_json::Value;

use super::conflicts::conflict;
use super::*;

/// The entries about this target, the newest first.
async fn entries(target: &str) -> Vec<Value> {
    let listed = done(&["audit", "list", "--since", "1h", "--json"], "").await;
    let entries = listed.lines().map(|line| serde_json::from_str(line).unwrap());
    entries.filter(|entry: &Value| entry["target"] == target).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_dismissed_a_conflict_and_why_is_listed_and_in_its_timeline() {
    let key = conflict().await;
    let dismiss = ["events", "dismiss", &key, "--reason", "a restamped retry"];
    done(&[&dismiss[..], &["--dry-run"]].concat(), "").await;
    assert_eq!(entries(&key).await, [] as [Value; 0], "a dry run does nothing");

    done(&dismiss, "").await;
    done(&["events", "replay", &key], "").await;
    let listed = entries(&key).await;
    let [replayed, dismissed] = listed.as_slice() else {
        panic!("{listed:?}");
    };
    assert_eq!(replayed["command"], "events replay");
    assert_eq!(dismissed["command"], "events dismiss");
    assert_eq!(dismissed["reason"], "a restamped retry");
    assert_eq!(dismissed["outcome"], "DONE");
    assert_eq!(dismissed["count"], 1);
    let who = dismissed["who"].as_str().unwrap();
    assert!(!who.is_empty());
    let table = done(&["audit", "list", "--who", who], "").await;
    assert!(
        table.contains("events dismiss") && table.contains("a restamped retry"),
        "{table}"
    );
    let nobody = done(&["audit", "list", "--who", "nobody at all"], "").await;
    assert!(nobody.starts_with("nothing was done since "), "{nobody}");

    let shown = done(&["events", "show", &key], "").await;
    assert!(
        shown.contains(&format!("events dismiss (a restamped retry) by {who}")),
        "{shown}"
    );
    let shown = done(&["events", "show", &key, "--json"], "").await;
    let record: Value = serde_json::from_str(shown.lines().next().unwrap()).unwrap();
    let commands: Vec<_> = record["operators"]
        .as_array()
        .unwrap()
        .iter()
        .map(|own| &own["command"])
        .collect();
    assert_eq!(commands, ["events dismiss", "events replay"]);

    let encoded = key.replace('%', "%25").replace('#', "%23").replace('|', "%7C");
    let url = format!("{}/event?key={encoded}", stack().await.inspector);
    let page = acuse_cli::http::client()
        .unwrap()
        .get(url)
        .header("accept-language", "es");
    let page = page.send().await.unwrap().text().await.unwrap();
    assert!(
        page.contains("operador") && page.contains("a restamped retry"),
        "{page}"
    );
    // What operators did is no event.
    let (event, _) = key.rsplit_once('|').unwrap();
    let records = ledger(stack().await)
        .partition(event.split_once('|').unwrap().0)
        .await
        .unwrap();
    assert_eq!(records.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secrets_change_names_the_account_and_no_value() {
    let put = ["secrets", "put", "onepay", "--account", "trail"];
    done(&put, "wh_tok_trail\nwh_hdr_trail\n").await;
    let listed = entries("onepay/trail").await;
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(listed[0]["command"], "secrets put");
    let all = done(&["audit", "list", "--json"], "").await;
    assert!(!all.contains("wh_tok_trail") && !all.contains("wh_hdr_trail"), "{all}");
    done(&["secrets", "remove", "onepay", "--account", "trail", "--yes"], "").await;
    assert_eq!(entries("onepay/trail").await[0]["command"], "secrets remove");
}
