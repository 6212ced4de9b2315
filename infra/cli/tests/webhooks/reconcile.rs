//! Reading OnePay's payments and charges: every status, pages, and bad answers.

use acuse_cli::reconcile::onepay::{CHARGE, PAYMENT};
use acuse_cli::reconcile::played::{Data, Fault, TOKEN, router};
use acuse_cli::reconcile::{ReadError, Resource};
use acuse_cli::webhooks::onepay::Onepay;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::server::{Server, answer};
use super::*;

fn onepay(url: &str, clock: &NotedClock) -> Onepay {
    Onepay::new(url, TOKEN.to_owned().into(), clock.pace()).unwrap()
}

/// The played API, on a port of its own.
async fn played(data: Data, fault: Option<Fault>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router(data, fault)).await });
    url
}

fn at(text: &str) -> Timestamp {
    Timestamp::from_rfc3339(text).unwrap()
}

/// A charge that was paid so many minutes after eight.
fn charge(minute: u32, status: &str) -> Value {
    let at = format!("2026-11-20T{:02}:{:02}:00.000000Z", 8 + minute / 60, minute % 60);
    json!({
        "id": format!("c{minute}"), "status": status, "amount": 1000, "currency": "COP", "is_test": false,
        "source": {"type": "Payment", "id": format!("p{minute}")}, "created_at": at,
        "paid_at": (status == "paid").then_some(&at), "external_id": format!("ORD-{minute}"),
    })
}

fn charges(statuses: impl IntoIterator<Item = &'static str>) -> Data {
    let charges = (0..).zip(statuses).map(|(minute, status)| charge(minute, status));
    Data {
        payment_intents: charges.collect(),
        ..Data::default()
    }
}

async fn since(url: &str, clock: &NotedClock, when: &str) -> Result<Vec<Resource>, ReadError> {
    onepay(url, clock).charges_since(at(when), &mut |_| {}).await
}

#[tokio::test]
async fn lists_are_read_page_by_page_up_to_the_first_that_is_too_old() {
    let data = charges(std::iter::repeat_n("paid", 90));
    let (url, clock) = (played(data, None).await, NotedClock::new());
    let pages = Mutex::new(Vec::new());
    let found = onepay(&url, &clock)
        .charges_since(at("2026-11-20T08:45:00Z"), &mut |progress| {
            pages.lock().unwrap().push((progress.page, progress.of));
        })
        .await
        .unwrap();
    assert_eq!(found.len(), 45);
    assert!(
        found
            .iter()
            .all(|charge| charge.kind == CHARGE && charge.payment.is_some())
    );
    // 45 of 90 are on three pages of 20; the other statuses have one empty page each.
    assert_eq!(
        pages.into_inner().unwrap(),
        [(1, 5), (2, 5), (3, 5), (1, 1), (1, 1), (1, 1)]
    );
}

#[tokio::test]
async fn every_final_status_is_listed_and_what_is_open_is_not() {
    let data = charges(["created", "processing", "paid", "failed", "refunded", "disputed"]);
    let (url, clock) = (played(data, None).await, NotedClock::new());
    let found = since(&url, &clock, "2026-11-20T00:00:00Z").await.unwrap();
    let mut statuses: Vec<&str> = found.iter().map(|charge| charge.status.as_str()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, ["disputed", "failed", "paid", "refunded"]);
}

#[tokio::test]
async fn a_payment_is_read_by_its_id_and_one_that_is_not_there_is_none() {
    let (url, clock) = (
        played(Data::sample("2026-11-20T07:00:00Z"), None).await,
        NotedClock::new(),
    );
    let api = onepay(&url, &clock);
    let payment = api.resource(PAYMENT, "demo-payment-1").await.unwrap().unwrap();
    assert_eq!(
        (payment.status.as_str(), payment.amount.as_deref()),
        ("approved", Some("150000"))
    );
    for id in ["nobody", "../webhooks", "a/b", ".."] {
        assert_eq!(api.resource(PAYMENT, id).await.unwrap(), None, "{id}");
    }
    let found = api.charges_of("ORD-DEMO-1").await.unwrap();
    assert_eq!(found[0].payment.as_deref(), Some("demo-payment-1"));
    assert!(api.charges_of("ORD-0").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_busy_or_failing_server_is_asked_again() {
    for fault in [Fault::Busy, Fault::Error, Fault::Slow] {
        let (url, clock) = (played(charges(["paid"]), Some(fault)).await, NotedClock::new());
        let found = since(&url, &clock, "2026-11-20T00:00:00Z").await.unwrap();
        assert_eq!(found.len(), 1, "{fault:?}");
        let longest = clock.slept().into_iter().max();
        match fault {
            Fault::Busy => assert_eq!(longest, Some(Duration::from_secs(1)), "as Retry-After asks"),
            Fault::Error => assert!(longest.is_some()),
            _ => assert_eq!(longest, None),
        }
    }
}

#[tokio::test]
async fn a_bad_answer_is_an_error_that_says_what_came_and_what_would_be_right() {
    for (fault, came) in [
        (Fault::Half, "answers with JSON that is cut off or damaged"),
        (Fault::Short, "answers with half a page: 10 of 20 items on page 1 of 2"),
        (Fault::Html, "answers with HTML (41 bytes)"),
        (
            Fault::Shape,
            "answers with an object with the members `result`, `success`",
        ),
        (Fault::Down, "answers 500"),
        (Fault::Expired, "answers 401"),
    ] {
        let data = charges(std::iter::repeat_n("paid", 30));
        let (url, clock) = (played(data, Some(fault)).await, NotedClock::new());
        let error = since(&url, &clock, "2026-11-20T00:00:00Z").await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(came), "{fault:?}: {text}");
        assert!(
            !format!("{text} {error:?} {}", error.advice()).contains(TOKEN),
            "{text}"
        );
        match error {
            ReadError::Shape { .. } => assert!(text.contains("expected a page of payment intents"), "{text}"),
            ReadError::Api(_) if fault == Fault::Expired => {
                assert!(error.advice().contains("expired") && error.advice().contains("ONEPAY_API_TOKEN"));
            }
            ReadError::Api(_) => {}
        }
    }
}

#[tokio::test]
async fn a_list_that_is_not_what_was_asked_for_is_refused_or_read_to_its_end() {
    let page = |number: u32, data: Value| {
        json!({"current_page": number, "last_page": 2, "per_page": 1, "data": data}).to_string()
    };
    let clock = NotedClock::new();
    let wrong = Server::of([answer(200, page(2, json!([charge(0, "paid")])))]).await;
    let error = since(&wrong.url, &clock, "2026-11-20T00:00:00Z").await.unwrap_err();
    assert!(error.to_string().contains("page 2 instead of page 1"), "{error}");

    // Nothing says how long a page is.
    let empty = json!({"current_page": 1, "last_page": 3, "data": []}).to_string();
    let empty = Server::of([answer(200, empty)]).await;
    let error = since(&empty.url, &clock, "2026-11-20T00:00:00Z").await.unwrap_err();
    assert!(error.to_string().contains("an empty page 1 of 3"), "{error}");

    let no_id = Server::of([answer(200, page(1, json!([{"status": "paid"}])))]).await;
    let error = since(&no_id.url, &clock, "2026-11-20T00:00:00Z").await.unwrap_err();
    assert!(
        error.to_string().contains("an item without `id` or `status`"),
        "{error}"
    );

    // Oldest first, although the newest were asked for.
    let data = (0..40).map(|minute| charge(minute, "paid")).collect::<Vec<_>>();
    let unsorted = Server::replying(move |request| {
        let number: usize = request.path.rsplit_once("page=").unwrap().1.parse().unwrap();
        let data: Vec<_> = data.chunks(20).nth(number - 1).unwrap().to_vec();
        answer(
            200,
            json!({"current_page": number, "last_page": 2, "per_page": 20, "data": data}),
        )
    })
    .await;
    let found = since(&unsorted.url, &clock, "2026-11-20T08:30:00Z").await.unwrap();
    assert_eq!(found.len(), 10, "those of the second page, each once");
}

#[tokio::test]
async fn another_payment_than_asked_for_is_refused() {
    let (server, clock) = (
        Server::of([answer(200, r#"{"data":{"id":"p2","status":"approved"}}"#)]).await,
        NotedClock::new(),
    );
    let error = onepay(&server.url, &clock).resource(PAYMENT, "p1").await.unwrap_err();
    assert!(
        error.to_string().contains("another id than the one that was asked for"),
        "{error}"
    );
    let wrapped = onepay(&server.url, &clock)
        .resource(PAYMENT, "p2")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(wrapped.json, r#"{"id":"p2","status":"approved"}"#);
}
