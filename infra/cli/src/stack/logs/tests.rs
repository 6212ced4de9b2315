use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::*;

const SINCE: i64 = 1_795_732_005_000;

/// Logs of one function, read from a server that gives these answers.
async fn logs(
    answer: impl Fn(&Value) -> (StatusCode, Value) + Send + Sync + 'static,
) -> (Logs, Arc<Mutex<Vec<Value>>>) {
    let (asked, answer) = (Arc::<Mutex<Vec<Value>>>::default(), Arc::new(answer));
    let noted = Arc::clone(&asked);
    let router = Router::new().fallback(move |body: Bytes| {
        let input: Value = serde_json::from_slice(&body).unwrap();
        let (status, answer) = answer(&input);
        noted.lock().unwrap().push(input);
        async move { (status, Json(answer)).into_response() }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let sdk = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .build();
    let group = Group {
        function: "onepay".to_owned(),
        name: "acuse-OnepayLogs".to_owned(),
    };
    let logs = Logs {
        api: Api::new(sdk, true).unwrap(),
        groups: vec![group],
        since: Timestamp::from_millis(SINCE),
        until: None,
        seen: HashSet::new(),
    };
    (logs, asked)
}

fn line(number: i64, at: i64) -> Value {
    json!({"logStreamName": "s", "timestamp": at, "message": format!("line {number}")})
}

/// Answers as the emulator does: the oldest 10,000 lines, and no word of others.
fn cut(lines: Vec<Value>) -> impl Fn(&Value) -> (StatusCode, Value) {
    move |input| {
        let since = input["startTime"].as_i64().unwrap();
        let lines = lines.iter().filter(|line| line["timestamp"].as_i64() >= Some(since));
        let page: Vec<&Value> = lines.take(FULL).collect();
        (StatusCode::OK, json!({"events": page, "searchedLogStreams": []}))
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_read_on() {
    // Five of each millisecond, and two that are equal at the border.
    let mut lines: Vec<Value> = (0..25_000).map(|number| line(number, SINCE + number / 5)).collect();
    lines[10_000] = lines[9_999].clone();
    let (mut logs, asked) = logs(cut(lines)).await;
    assert_eq!(logs.next().await.unwrap().len(), 25_000);
    assert_eq!(asked.lock().unwrap().len(), 3);
    assert!(logs.next().await.unwrap().is_empty(), "each line comes once");
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_on_is_an_error() {
    let lines = (0..12_000).map(|number| line(number, SINCE + 1)).collect();
    let error = logs(cut(lines)).await.0.next().await.unwrap_err();
    assert!(
        matches!(&error, LogsError::Cut { at, .. } if at.as_millis() == SINCE + 1),
        "{error}"
    );
}

#[tokio::test]
async fn an_empty_page_with_a_token_is_not_the_last() {
    let answer = |input: &Value| {
        let page = match input["nextToken"].as_str() {
            None => json!({"events": [line(1, SINCE)], "nextToken": "a"}),
            Some("a") => json!({"events": [], "nextToken": "b"}),
            Some("b") => json!({"nextToken": "c"}),
            // Equal lines of two pages are two lines.
            Some(_) => json!({"events": [line(1, SINCE), line(2, SINCE + 1)]}),
        };
        (StatusCode::OK, page)
    };
    let (logs, asked) = logs(answer).await;
    let mut logs = logs.until(Timestamp::from_millis(SINCE + 7));
    assert_eq!(logs.next().await.unwrap().len(), 3);
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 4);
    assert!(asked.iter().all(|input| input["endTime"] == SINCE + 7));
}

#[tokio::test]
async fn a_request_that_aws_is_too_busy_for_is_sent_again() {
    let times = Mutex::new(0);
    let answer = move |_: &Value| {
        let mut times = times.lock().unwrap();
        *times += 1;
        match *times {
            1 => (
                StatusCode::BAD_REQUEST,
                json!({"__type": "ThrottlingException", "message": "Rate exceeded"}),
            ),
            2 => (StatusCode::SERVICE_UNAVAILABLE, json!({})),
            3 => (StatusCode::OK, json!({"events": [line(1, SINCE)]})),
            _ => (StatusCode::BAD_REQUEST, json!({"__type": "AccessDeniedException"})),
        }
    };
    let (mut logs, asked) = logs(answer).await;
    assert_eq!(logs.next().await.unwrap().len(), 1);
    let refused = logs.next().await.unwrap_err();
    assert!(matches!(refused, LogsError::Refused { .. }), "{refused}");
    assert_eq!(asked.lock().unwrap().len(), 4, "what is refused is not sent again");
}

#[test]
fn groups_are_those_of_functions() {
    let resources = [
        "ConsumerFunction",
        "ConsumerLogs",
        "AccessLogs",
        "OnepayLogs",
        "OnepayFunction",
        "MercadoPagoFunction",
        "MercadoPagoLogs",
    ];
    let resources = resources.map(|id| (id.to_owned(), format!("stack-{id}")));
    let groups: Vec<_> = groups(&resources)
        .into_iter()
        .map(|group| (group.function, group.name))
        .collect();
    let of = |function: &str, name: &str| (function.to_owned(), name.to_owned());
    assert_eq!(
        groups,
        [
            of("consumer", "stack-ConsumerLogs"),
            of("onepay", "stack-OnepayLogs"),
            of("mercado-pago", "stack-MercadoPagoLogs")
        ]
    );
}
