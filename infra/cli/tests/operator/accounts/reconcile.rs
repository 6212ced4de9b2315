//! `acuse reconcile`: from a payment whose webhook never came to the webhook that comes after all.

use std::process::Output;

use acuse_cli::reconcile::played::{Data, Fault, TOKEN, router};
use acuse_core::clock::Timestamp;

use super::*;

const ACCOUNT: &str = "/reconciled";

/// Runs `acuse reconcile` for the account, with the token in the environment and these ids in a file.
async fn reconcile(arguments: &[&str], ids: &[&str]) -> Output {
    own_stack().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ids.txt");
    std::fs::write(&file, ids.join("\n")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_acuse"));
    command.arg("reconcile").args(arguments);
    if !ids.is_empty() {
        command.arg("--ids").arg(&file);
    }
    command.arg("--state").arg(own_state()).current_dir("/");
    command.env("ONEPAY_API_TOKEN", TOKEN).stdin(Stdio::null());
    let output = command.output().await.unwrap();
    assert!(!text(&output).contains(TOKEN), "the token shows");
    output
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

fn minutes_ago(minutes: u64) -> Timestamp {
    SystemClock.now().minus(Duration::from_secs(minutes * 60))
}

/// A payment as OnePay's API has it, of an hour ago.
fn at_provider(id: &str, status: &str) -> Value {
    let at = minutes_ago(60).to_string();
    json!({
        "id": id, "status": status, "amount": 150_000, "currency": "COP", "external_id": format!("ORD-{id}"),
        "is_test": false, "created_at": at, "paid_at": (status == "approved").then_some(&at),
    })
}

/// A webhook of the payment in the guide's shape, of so many minutes ago.
fn webhook(id: &str, type_name: &str, amount: &str, minutes: u64) -> Bytes {
    let event = json!({"type": type_name, "timestamp": minutes_ago(minutes).as_seconds(), "environment": "live"});
    let payment = json!({"id": id, "amount": amount, "currency": "COP", "note": "ñ"});
    json!({"payment": payment, "event": event}).to_string().into()
}

async fn api(payments: Vec<Value>, fault: Option<Fault>) -> String {
    let data = Data {
        payments,
        ..Data::default()
    };
    serve(router(data, fault)).await
}

fn new_id() -> String {
    format!("rec-{}", uuid::Uuid::new_v4().simple())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_came_is_named_taken_in_and_confirmed_by_its_webhook() {
    let (provider, id, other) = (&onepay::PROVIDER, new_id(), new_id());
    own_stack().await;
    let partition = format!("onepay/reconciled#live#payment#{id}");
    let created = webhook(&id, "payment.created", "150000", 90);
    assert_eq!(post_to(provider, ACCOUNT, &created, RECONCILED).await, 200);
    status(&partition, "COMPLETED").await;
    let url = api(vec![at_provider(&id, "approved"), at_provider(&other, "pending")], None).await;
    let common = ["onepay", "--account", "reconciled", "--base-url", &url];
    let ids = [id.as_str(), &other];

    // Named, with the command that recovers it.
    let named = reconcile(&common, &ids).await;
    assert_eq!(named.status.code(), Some(1), "{}", text(&named));
    for expected in [
        format!("behind: payment {id} (ORD-{id}), 150000 COP"),
        "`approved` at the provider; the ledger's last event of it is payment.created".to_owned(),
        format!("echo {id} | acuse reconcile onepay --account reconciled --ids - --ingest --yes --base-url {url}"),
        "2 compared: 1 open, 1 behind".to_owned(),
    ] {
        assert!(text(&named).contains(&expected), "{expected} in {}", text(&named));
    }
    // So is what the ledger knows to be open, without a file.
    let of_ledger = reconcile(&[&common[..], &["--since", "1h", "--json"]].concat(), &[]).await;
    let line = lines(&text(&of_ledger))
        .into_iter()
        .find(|line| line["id"] == id.as_str())
        .unwrap();
    assert_eq!(
        (&line["finding"], &line["provider_status"]),
        (&json!("behind"), &json!("approved"))
    );
    assert_eq!(
        (&line["ledger_type"], &line["expected"]),
        (&json!("payment.created"), &json!(["payment.approved"]))
    );

    // A dry run changes nothing, and without `--yes` nothing is done.
    let dry = reconcile(&[&common[..], &["--ingest", "--dry-run"]].concat(), &ids).await;
    assert!(
        text(&dry).contains(&format!("would be queued: {partition}|payment.approved")),
        "{}",
        text(&dry)
    );
    let unasked = reconcile(&[&common[..], &["--ingest"]].concat(), &ids).await;
    assert!(text(&unasked).contains("nobody can confirm it"), "{}", text(&unasked));
    assert_eq!(ledger(own_stack().await).partition(&partition).await.unwrap().len(), 1);

    // What was paid longer ago than the ledger remembers may have come.
    let mut old = at_provider(&id, "approved");
    old["paid_at"] = json!(minutes_ago(90 * 24 * 60).to_string());
    let of_old = api(vec![old], None).await;
    let arguments = [
        "onepay",
        "--account",
        "reconciled",
        "--base-url",
        &of_old,
        "--ingest",
        "--yes",
    ];
    let forgotten = reconcile(&arguments, &[&id]).await;
    assert_eq!(forgotten.status.code(), Some(3), "{}", text(&forgotten));
    let said = text(&forgotten);
    assert!(
        said.contains("forgotten: payment") && said.contains("nothing to take in"),
        "{said}"
    );
    assert!(!said.contains("echo "), "{said}");

    // Taken in, marked, and processed.
    let nobody = new_id();
    let taken = reconcile(
        &[&common[..], &["--ingest", "--yes", "--reason", "an outage"]].concat(),
        &[id.as_str(), &other, &nobody],
    )
    .await;
    // Nobody knows one of the ids.
    assert_eq!(taken.status.code(), Some(3), "{}", text(&taken));
    assert!(
        text(&taken).contains("1 event queued, marked as reconciled"),
        "{}",
        text(&taken)
    );
    let key = format!("{partition}|payment.approved");
    let done = |records: &[Record]| records.iter().any(|own| own.key == key && own.status == "COMPLETED");
    let records = until(&partition, done).await;
    let record = records.iter().find(|own| own.key == key).unwrap();
    assert!(record.reconciled && !record.hooks.is_empty(), "{record:?}");
    assert_eq!(record.reference.as_deref(), Some(&*format!("ORD-{id}")));
    let shown = succeeds(&["events", "show", &key]).await;
    assert!(shown.contains("COMPLETED (reconciled)"), "{shown}");
    assert!(shown.contains("reconcile --ingest (an outage) by "), "{shown}");
    let trail = succeeds(&["audit", "list", "--json"]).await;
    let entry = lines(&trail)
        .into_iter()
        .find(|line| line["target"] == key.as_str())
        .unwrap();
    assert_eq!(
        (&entry["command"], &entry["outcome"]),
        (&json!("reconcile --ingest"), &json!("DONE"))
    );
    let encoded = key.replace('#', "%23").replace('|', "%7C").replace('/', "%2F");
    let event = page(&format!("/event?key={encoded}")).await;
    assert!(
        event.contains("taken in by an operator with `acuse reconcile`"),
        "{event}"
    );

    // The webhook comes after all, in other bytes, and twice.
    let late = webhook(&id, "payment.approved", "150000.00", 60);
    for _ in 0..2 {
        assert_eq!(post_to(provider, ACCOUNT, &late, RECONCILED).await, 200);
    }
    let confirmed = |records: &[Record]| records.iter().any(|own| own.confirmation && own.duplicates == 1);
    let records = until(&partition, confirmed).await;
    let confirmation = records.iter().find(|own| own.confirmation).unwrap();
    assert_eq!((confirmation.status, confirmation.hooks.len()), ("COMPLETED", 0));
    assert!(records.iter().all(|own| own.status == "COMPLETED"), "{records:?}");
    let listed = succeeds(&["events", "list", "--account", "reconciled"]).await;
    assert!(
        listed.contains("COMPLETED (confirms)") && listed.contains("COMPLETED (reconciled)"),
        "{listed}"
    );

    // All is there now, and a second run takes nothing in.
    let again = reconcile(&[&common[..], &["--ingest", "--yes"]].concat(), &ids).await;
    assert_eq!(again.status.code(), Some(0), "{}", text(&again));
    assert!(text(&again).contains("nothing to take in"), "{}", text(&again));

    // The payment was applied twice: created and approved.
    let row = payments_row(&partition).await;
    assert_eq!(row["applied"].as_n().unwrap(), "2", "{row:?}");
}

/// The row of the hook `payments`.
async fn payments_row(key: &str) -> std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue> {
    let running = own_stack().await;
    let client = aws_sdk_dynamodb::Client::new(&running.sdk());
    let get = client.get_item().table_name(&running.outputs["PaymentsTableName"]);
    let key = aws_sdk_dynamodb::types::AttributeValue::S(key.to_owned());
    get.key("pk", key).send().await.unwrap().item.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_code_tells_missing_from_not_found_out() {
    let id = new_id();
    // The ledger alone: nothing of it has arrived.
    let missing = reconcile(&["kuenta", "--account", "org-2", "--no-api"], &[&id]).await;
    assert_eq!(missing.status.code(), Some(1), "{}", text(&missing));
    assert!(text(&missing).contains(&format!("missing: {id}")), "{}", text(&missing));
    let no_api = reconcile(&["unopago"], &[&id]).await;
    assert_eq!(no_api.status.code(), Some(3), "{}", text(&no_api));
    assert!(
        text(&no_api).contains("acuse reconcile unopago --ids FILE --no-api"),
        "{}",
        text(&no_api)
    );
    for (fault, says) in [
        (Fault::Expired, "answers 401"),
        (Fault::Html, "answers 200 with something other than"),
        (Fault::Half, "answers 200 with something other than"),
    ] {
        let url = api(vec![at_provider(&id, "approved")], Some(fault)).await;
        let failed = reconcile(&["onepay", "--account", "reconciled", "--base-url", &url], &[&id]).await;
        assert_eq!(failed.status.code(), Some(3), "{fault:?}: {}", text(&failed));
        assert!(text(&failed).contains(says), "{fault:?}: {}", text(&failed));
    }
    // Neither side knows it.
    let url = api(Vec::new(), None).await;
    let unknown = reconcile(&["onepay", "--account", "reconciled", "--base-url", &url], &[&id]).await;
    assert_eq!(unknown.status.code(), Some(3), "{}", text(&unknown));
    assert!(text(&unknown).contains(&format!("unknown: {id}")), "{}", text(&unknown));
}

/// The webhook that may still come would have another key.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_taken_in_for_an_account_whose_webhooks_have_event_ids() {
    let (provider, id) = (&onepay::PROVIDER, new_id());
    let created = json!({
        "payment": {"id": id, "amount": 1, "is_test": false},
        "event": {"type": "payment.created", "id": format!("evt_{id}"), "environment": "live"},
    });
    own_stack().await;
    assert_eq!(
        post_to(provider, "/tienda-2", &created.to_string().into(), TIENDA).await,
        200
    );
    status(&format!("onepay/tienda-2#live#payment#{id}"), "COMPLETED").await;
    let url = api(vec![at_provider(&id, "approved")], None).await;
    let arguments = [
        "onepay",
        "--account",
        "tienda-2",
        "--base-url",
        &url,
        "--ingest",
        "--yes",
    ];
    let refused = reconcile(&arguments, &[&id]).await;
    assert_eq!(refused.status.code(), Some(3), "{}", text(&refused));
    assert!(text(&refused).contains("would count twice"), "{}", text(&refused));
}
