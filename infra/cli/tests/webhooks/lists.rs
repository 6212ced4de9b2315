//! Lists with more events than are shown, unusual ids, dates, and standard input.

use acuse_aws::system::SystemClock;
use acuse_core::event::key::IdempotencyKey;
use acuse_core::provider::id::bounded;
use acuse_core::providers;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::programs::{SECRET, acuse, aws, command, done, failed, text};
use super::server::{Answer, Request, Server, answer};
use super::*;

/// An event of Kuenta in the ledger.
#[derive(Clone)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) received_at: Timestamp,
}

impl Event {
    fn item(&self) -> Value {
        let likely =
            IdempotencyKey::likely_partitions(providers::ALL.by_name("kuenta").unwrap(), &Default::default(), &self.id);
        let partition = likely.iter().find(|key| key.starts_with("kuenta#live#payment#"));
        let text = |text: &str| json!({"S": text});
        json!({
            "pk": text(partition.unwrap()), "sk": text("payment.completed"), "status": text("COMPLETED"),
            "attempts": {"N": "1"}, "provider": text("kuenta"), "environment": text("live"),
            "type": text("payment.completed"), "resource_id": text(&bounded(&self.id)),
            "received_at": {"N": self.received_at.as_millis().to_string()}, "body_sha256": text("5a"),
            "payload": text("{}"),
        })
    }

    /// Whether a query matches it, by its partition or the first shard of its day, until a moment.
    fn is_of(&self, values: &Value) -> bool {
        let item = self.item();
        let until = values[":until"]["N"]
            .as_str()
            .map(|until| until.parse::<i64>().unwrap());
        if until.is_some_and(|until| self.received_at.as_millis() > until) {
            return false;
        }
        values[":pk"] == item["pk"] || values[":day"]["S"] == format!("kuenta#{}", self.received_at.day())
    }
}

/// AWS with these events in the ledger, newest first.
pub(super) async fn ledger(events: Vec<Event>) -> Server {
    let mut stored = json!({"signing_secrets": [SECRET]}).to_string();
    Server::replying(move |request| answer_of(request, &events, &mut stored)).await
}

fn answer_of(request: &Request, events: &[Event], stored: &mut String) -> Answer {
    match request.header("x-amz-target") {
        _ if request.path != "/" => answer(200, "OK"),
        Some("DynamoDB_20120810.GetItem") => answer(200, "{}"),
        Some("DynamoDB_20120810.Query") => {
            let values = request.json()["ExpressionAttributeValues"].clone();
            let found = events.iter().filter(|event| event.is_of(&values));
            answer(200, json!({"Items": found.map(Event::item).collect::<Vec<_>>()}))
        }
        Some("AmazonSQS.GetQueueAttributes") => {
            answer(200, json!({"Attributes": {"ApproximateNumberOfMessages": "0"}}))
        }
        _ => aws(request, stored),
    }
}

/// Events received today, a millisecond apart.
fn events(count: u32) -> Vec<Event> {
    let noon = Timestamp::from_rfc3339(&format!("{}T00:00:01Z", SystemClock.now().day())).unwrap();
    let event = |number: u32| Event {
        id: format!("p{number}"),
        received_at: noon.plus(Duration::from_millis(number.into())),
    };
    (0..count).rev().map(event).collect()
}

#[tokio::test]
async fn a_list_says_if_there_are_more_events() {
    let server = ledger(events(11)).await;
    let list = ["events", "list", "--stack", "acuse", "--limit"];
    for (limit, rows, more) in [("10", 10, true), ("11", 11, false), ("12", 11, false), ("1", 1, true)] {
        for json in [&[][..], &["--json"]] {
            let output = acuse(&server, &[&list[..], &[limit], json].concat(), "").await;
            let (listed, printed) = (text(&output.stdout), text(&output.stderr));
            let heading = usize::from(json.is_empty());
            assert_eq!(listed.lines().count(), rows + heading, "{listed}");
            assert!(listed.contains("p10"), "the newest are shown: {listed}");
            let expected = format!("showing the newest {limit}; there are more: use `--limit {limit}0`\n");
            assert_eq!(printed, if more { expected } else { String::new() });
            if !json.is_empty() {
                listed
                    .lines()
                    .for_each(|line| drop(serde_json::from_str::<Value>(line).unwrap()));
            }
        }
    }
    // With a filter too. A limit of 0 is invalid.
    let output = acuse(
        &server,
        &[&list[..], &["3", "--type", "payment.completed"]].concat(),
        "",
    )
    .await;
    assert!(text(&output.stderr).contains("there are more"));
    let printed = failed(&server, &[&list[..], &["0"]].concat()).await;
    assert!(printed.contains("invalid value '0'"), "{printed}");
}

#[tokio::test]
async fn a_date_is_a_limit_of_a_list() {
    let ago = |days: u64| SystemClock.now().minus(Duration::from_secs(days * 24 * 3600)).day();
    let (day, next) = (ago(4), ago(3));
    let days = [
        format!("{}T23:59:59.999Z", ago(5)),
        format!("{day}T00:00:00Z"),
        format!("{day}T23:59:59.999Z"),
        format!("{next}T00:00:00Z"),
    ];
    let events = days.iter().enumerate().rev().map(|(number, at)| Event {
        id: format!("p{number}"),
        received_at: Timestamp::from_rfc3339(at).unwrap(),
    });
    let server = ledger(events.collect()).await;
    let of_a_day = [
        "events", "list", "--stack", "acuse", "--json", "--since", &day, "--until", &next,
    ];
    let listed = done(&server, &of_a_day, "").await;
    let ids: Vec<Value> = listed
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["resource_id"].clone())
        .collect();
    assert_eq!(ids, ["p2", "p1"]);
    for command in [
        &["events", "list"][..],
        &["events", "replay"],
        &["dlq", "list"],
        &["dlq", "redrive"],
    ] {
        let printed = failed(
            &server,
            &[command, &["--stack", "acuse", "--since", "2026-11-25T08:00:00"]].concat(),
        )
        .await;
        assert!(printed.contains("this time has no zone: add `Z` for UTC"), "{printed}");
    }
}

#[tokio::test]
async fn any_text_can_be_an_id() {
    let long = "x#".repeat(1500);
    for id in [
        "a#b|c%d",
        "kuenta#live#payment#p1|payment.completed",
        "|",
        "a\u{1b}[2J\r\n\u{202e}b",
        "u\u{308}",
        "-7",
        &long,
    ] {
        let event = Event {
            id: id.to_owned(),
            received_at: SystemClock.now(),
        };
        let server = ledger(vec![event]).await;
        let listed = done(&server, &["events", "list", "--stack", "acuse", "--json"], "").await;
        let listed: Value = serde_json::from_str(listed.trim()).unwrap();
        let stored = listed["resource_id"].as_str().unwrap();
        // By id as sent, as stored and as the table shows it, by key and by partition.
        let escaped = acuse_cli::terminal::escape(stored);
        let key = listed["key"].as_str().unwrap();
        for which in [id, stored, &escaped, key, key.split_once('|').unwrap().0] {
            let output = acuse(
                &server,
                &["events", "show", "--stack", "acuse", "--json", "--", which],
                "",
            )
            .await;
            let (shown, printed) = (text(&output.stdout), text(&output.stderr));
            let shown: Value = serde_json::from_str(shown.trim()).unwrap_or_else(|_| panic!("{which:?}: {printed}"));
            assert_eq!(shown["key"], listed["key"], "{which:?}");
            assert_eq!(printed, "", "no day is read for {which:?}");
        }
    }
    let server = ledger(Vec::new()).await;
    let printed = failed(
        &server,
        &["events", "show", "--stack", "acuse", "--days", "2", "x|y\u{202e}"],
    )
    .await;
    assert!(
        printed.contains(r"no event of `x|y\u{202e}` in the ledger"),
        "{printed}"
    );
    let printed = failed(&server, &["events", "show", "--stack", "acuse", ""]).await;
    assert!(printed.contains("a value is required"), "{printed}");
}

#[tokio::test]
async fn a_body_can_come_from_standard_input() {
    let server = ledger(Vec::new()).await;
    let url = format!("{}/webhooks/kuenta", server.url);
    let send = ["send", "kuenta", "--stack", "acuse", "--url", &url, "--body"];
    let body = " {\"event\":\"payment.completed\",\n\"data\":{\"id\":\"niño\"}}\n";
    done(&server, &[&send[..], &["-", "--count", "2", "--twice"]].concat(), body).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), body).unwrap();
    done(
        &server,
        &[&send[..], &[file.path().to_str().unwrap()]].concat(),
        "not this",
    )
    .await;
    let request = server
        .requests()
        .into_iter()
        .filter(|request| request.path == "/webhooks/kuenta");
    let bodies: Vec<String> = request.map(|request| request.body).collect();
    assert_eq!(bodies, [body; 5]);
    let printed = failed(&server, &[&send[..], &["no such file"]].concat()).await;
    assert!(printed.contains("can't read no such file"), "{printed}");
}

/// A page of the inspector of this stack.
async fn page(server: &Server, path: &str) -> String {
    let mut inspect = command(server, &["inspect", "--stack", "acuse", "--port", "0"])
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(inspect.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let home = line.split_whitespace().next().unwrap();
    let page = acuse_cli::http::client()
        .unwrap()
        .get(format!("{home}{path}"))
        .send()
        .await
        .unwrap();
    assert_eq!(page.status(), 200, "{path}");
    page.text().await.unwrap()
}

#[tokio::test]
async fn the_inspector_finds_any_id_however_old() {
    let long_ago = SystemClock.now().minus(Duration::from_secs(20 * 24 * 3600));
    for (id, search) in [
        ("a#b|c%d", "a%23b%7Cc%25d"),
        ("x\u{202e}y", "x%5Cu%7B202e%7Dy"),
        ("p+1", "+p%2B1+"),
    ] {
        let event = Event {
            id: id.to_owned(),
            received_at: long_ago,
        };
        let found = page(&ledger(vec![event.clone()]).await, &format!("/events?q={search}")).await;
        let shown = acuse_cli::terminal::escape(id);
        assert!(found.contains(&format!(">{shown}</a>")), "{search}: {found}");
        // Filters still apply.
        for filter in ["environment=test", "provider=onepay", "since=2d", "status=REJECTED"] {
            let found = page(
                &ledger(vec![event.clone()]).await,
                &format!("/events?q={search}&{filter}"),
            )
            .await;
            // The queues can't be read here, and the page says so above.
            assert!(
                found.contains("The ledger has no event of it to show."),
                "{filter}: {found}"
            );
        }
    }
}

#[tokio::test]
async fn the_inspector_says_if_there_are_more_events() {
    // The list ends where `since` says.
    let today = format!("/events?since={}", SystemClock.now().day());
    let whole = page(&ledger(events(100)).await, &today).await;
    assert!(!whole.contains(">Older</a>"), "{whole}");
    assert_eq!(whole.matches("<tr data-key").count(), 100);

    let server = ledger(events(201)).await;
    let (mut path, mut pages, mut ids) = (Some(today), Vec::new(), std::collections::BTreeSet::new());
    while let Some(here) = path.take() {
        let shown = page(&server, &here).await;
        let rows = shown.split("<tr data-key=\"").skip(1);
        pages.push(rows.clone().count());
        ids.extend(rows.map(|row| row.split_once('"').unwrap().0.to_owned()));
        let (before, _) = shown.split_once("\">Older</a>").unzip();
        path = before.map(|before| before.rsplit_once('"').unwrap().1.replace("&amp;", "&"));
    }
    assert_eq!((pages, ids.len()), (vec![100, 100, 1], 201));

    let none = page(&ledger(Vec::new()).await, "/?since=%3Cyesterday%3E").await;
    assert!(
        none.contains("was ignored") && none.contains("&lt;yesterday&gt;"),
        "{none}"
    );
    let day = page(&ledger(Vec::new()).await, "/events?since=2026-11-25").await;
    assert!(!day.contains("was ignored"), "{day}");
}

/// AWS with queues of `count` messages, which are returned once before the first ones are returned again.
async fn queues(count: usize) -> Server {
    let (mut given, mut stored) = (0, json!({"signing_secrets": [SECRET]}).to_string());
    Server::replying(move |request| match request.header("x-amz-target") {
        Some("AmazonSQS.ReceiveMessage") => {
            let numbers = if given < count {
                given..count.min(given + 10)
            } else {
                0..count.min(10)
            };
            given = given.max(numbers.end);
            let message =
                |number: usize| json!({"MessageId": format!("m{number}"), "ReceiptHandle": "r", "Body": "no JSON"});
            answer(200, json!({"Messages": numbers.map(message).collect::<Vec<_>>()}))
        }
        _ => aws(request, &mut stored),
    })
    .await
}

#[tokio::test]
async fn the_inspector_says_if_a_queue_has_more_messages() {
    for (path, all) in [
        ("/dead-letters", "acuse dlq list"),
        ("/quarantine", "acuse quarantine list"),
    ] {
        for (count, more) in [(100, false), (101, true), (130, true)] {
            let shown = page(&queues(count).await, path).await;
            assert_eq!(shown.matches("<tr data-key").count(), 100, "{count}");
            assert_eq!(shown.contains(all), more, "{count}: {shown}");
        }
    }
}
