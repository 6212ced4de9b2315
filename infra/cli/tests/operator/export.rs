//! `acuse events export`: what is in it, and how it goes on after whatever ended it.

use acuse_core::providers::kuenta;
use serde_json::Value;

use super::*;

/// Posts events of this type, which no other test has, and waits until they are completed.
async fn events(type_name: &str, amounts: &[&str]) {
    let provider = &kuenta::PROVIDER;
    let secrets = local_secrets(provider);
    for (number, amount) in amounts.iter().enumerate() {
        let id = format!("=1+{number}+{}", sample::new_id("p"));
        let body = format!(r#"{{"event":"{type_name}","data":{{"id":"{id}","amount":{amount},"currency":"COP"}}}}"#);
        assert_eq!(post(provider, &Bytes::from(body), &secrets).await, 200);
    }
    let wait = async {
        loop {
            let records = records_at(stack().await, provider).await;
            let own = records.iter().filter(|record| record.type_name == type_name);
            if own.filter(|record| record.status == "COMPLETED").count() == amounts.len() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("all events complete");
}

fn export<'a>(type_name: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let own = [
        "events",
        "export",
        "--since",
        "2h",
        "--provider",
        "kuenta",
        "--type",
        type_name,
    ];
    [&own, more].concat()
}

fn file(name: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name).display().to_string();
    (folder, path)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_has_payloads_as_sent_and_rows_that_can_be_summed() {
    let type_name = "export.whole";
    events(type_name, &["90071992547409931.10", "-5", "7"]).await;
    let lines = done(&export(type_name, &[]), "").await;
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(
        lines[0].contains(r#""payload":{"event":"export.whole","data":{"id":"#),
        "{}",
        lines[0]
    );
    assert!(
        lines[0].contains(r#""amount":90071992547409931.10,"currency""#),
        "{}",
        lines[0]
    );
    let received: Vec<String> = lines
        .iter()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["received_at"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert!(received.is_sorted(), "{received:?}");

    let rows = done(&export(type_name, &["--format", "csv", "--environment", "live"]), "").await;
    let rows: Vec<&str> = rows.lines().collect();
    assert_eq!(rows.len(), 4, "{rows:?}");
    assert!(
        rows[0].starts_with("received_at,occurred_at,provider,account,environment,type,kind,"),
        "{}",
        rows[0]
    );
    assert!(rows[1].contains(",90071992547409931.10,COP,COMPLETED,"), "{}", rows[1]);
    assert!(rows[2].contains(",-5,COP,COMPLETED,"), "{}", rows[2]);
    // An id that is a formula is shown, and not run.
    assert!(rows[1].contains(",'=1+0+"), "{}", rows[1]);

    for more in [["--status", "REJECTED"], ["--environment", "test"], ["--until", "1h"]] {
        assert_eq!(done(&export(type_name, &more), "").await, "", "{more:?}");
    }
    let output = acuse(&["events", "export"], "").await;
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(1) && told.contains("an export needs `--since`"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_on_where_it_ends_without_a_duplicate_or_a_gap() {
    let type_name = "export.resumed";
    events(type_name, &["1", "2", "3", "4", "5"]).await;
    for format in ["jsonl", "csv"] {
        let (_folder, path) = file("events");
        let all = export(type_name, &["--format", format, "--output", &path]);
        let resumed = export(type_name, &["--format", format, "--output", &path, "--resume"]);
        done(&all, "").await;
        let whole = std::fs::read_to_string(&path).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
        let again = acuse(&all, "").await;
        let told = String::from_utf8(again.stderr).unwrap();
        assert!(told.contains("exists") && told.contains("--resume"), "{told}");

        // Ended anywhere: within a line, between two, before the first.
        for length in [
            whole.len(),
            whole.len() - 1,
            whole.len() / 2,
            whole.find('\n').unwrap() + 1,
            20,
            0,
        ] {
            std::fs::write(&path, &whole[..length]).unwrap();
            done(&resumed, "").await;
            assert_eq!(std::fs::read_to_string(&path).unwrap(), whole, "{format} from {length}");
        }
    }

    // What came since is appended.
    let (_folder, path) = file("events.jsonl");
    let resumed = export(type_name, &["--output", &path, "--resume"]);
    done(&resumed, "").await;
    let before = std::fs::read_to_string(&path).unwrap();
    events_more(type_name).await;
    done(&resumed, "").await;
    let after = std::fs::read_to_string(&path).unwrap();
    assert!(after.starts_with(&before));
    assert_eq!(after.lines().count(), 6);

    // A file of another format, or of somebody else's, is not touched.
    for text in [&*after, "name;age\n", "my only notes"] {
        std::fs::write(&path, text).unwrap();
        let other = export(type_name, &["--format", "csv", "--output", &path, "--resume"]);
        let refused = acuse(&other, "").await;
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
}

/// One more, beside five.
async fn events_more(type_name: &str) {
    let provider = &kuenta::PROVIDER;
    let body = format!(r#"{{"event":"{type_name}","data":{{"id":"{}"}}}}"#, sample::new_id("p"));
    assert_eq!(post(provider, &Bytes::from(body), &local_secrets(provider)).await, 200);
    let wait = async {
        loop {
            let records = records_at(stack().await, provider).await;
            if records.iter().filter(|record| record.type_name == type_name).count() == 6 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("it is recorded");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_export_leaves_whole_lines_and_says_how_to_go_on() {
    let type_name = "export.interrupted";
    events(type_name, &["1", "2"]).await;
    let (_folder, path) = file("events.csv");
    // So many days take longer than this test.
    let own = [
        "events",
        "export",
        "--since",
        "1990-01-01",
        "--format",
        "csv",
        "--output",
        &path,
    ];
    let child = start(&state(), &own, "").await;
    let wait = async {
        while !Path::new(&path).exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("it begins");
    let id = child.id().unwrap().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status().await.unwrap();
    assert!(sent.success());
    let output = child.wait_with_output().await.unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("stopped after 0 events") && told.contains("`--resume`"),
        "{told}"
    );
    let begun = std::fs::read_to_string(&path).unwrap();
    assert!(
        begun.is_empty() || begun.ends_with("\n") && begun.lines().count() == 1,
        "{begun}"
    );
    done(
        &export(type_name, &["--format", "csv", "--output", &path, "--resume"]),
        "",
    )
    .await;
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_that_has_not_begun_says_so() {
    for since in ["2999-01-01", "2999-01-01T00:00:00Z"] {
        let output = acuse(&["events", "export", "--since", since], "").await;
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(
            told.contains("is in the future: it is 20") && !told.contains("--until"),
            "{told}"
        );
    }
}
