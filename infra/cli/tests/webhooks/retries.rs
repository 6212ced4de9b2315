//! Which calls are retried, and when.

use acuse_cli::webhooks::ApiError;
use acuse_cli::webhooks::client::Pace;
use serde_json::json;
use tokio::net::TcpListener;

use super::server::{Server, answer};
use super::*;

fn seconds(slept: &[Duration]) -> Vec<f64> {
    slept.iter().map(Duration::as_secs_f64).collect()
}

async fn create(server: &Server, clock: &NotedClock) -> Result<(), ApiError> {
    let secret = "s3cr3t".to_owned().into();
    let api = kuenta(&server.url, clock.pace());
    api.create("https://a.example/w", &[], &secret).await.map(drop)
}

#[tokio::test]
async fn retry_after_is_respected() {
    let busy = |status, wait| answer(status, "").header("retry-after", wait);
    let server = Server::of([
        busy(429, "7"),
        busy(503, "Fri, 20 Nov 2026 08:00:30 GMT"),
        // In the past and unreadable, so that the back-off applies.
        busy(429, "Fri, 20 Nov 2026 07:00:00 GMT"),
        busy(429, "soon"),
        answer(200, "[]"),
    ])
    .await;
    let clock = NotedClock::new();
    kuenta(&server.url, clock.pace()).list().await.unwrap();
    assert_eq!(seconds(&clock.slept()), [7.0, 30.0, 2.0, 4.0]);
}

#[tokio::test]
async fn a_long_retry_after_is_an_error() {
    let server = Server::of([answer(429, "").header("retry-after", "3600")]).await;
    let clock = NotedClock::new();
    let error = kuenta(&server.url, clock.pace()).list().await.unwrap_err();
    assert!(error.advice().contains("3600 s"), "{}", error.advice());
    assert!(clock.slept().is_empty());
}

#[tokio::test]
async fn five_attempts_with_exponential_back_off() {
    let server = Server::of([answer(500, "broken")]).await;
    let clock = NotedClock::new();
    let error = kuenta(&server.url, clock.pace()).list().await.unwrap_err();
    assert!(error.to_string().ends_with("answers 500: broken"), "{error}");
    assert_eq!(seconds(&clock.slept()), [0.5, 1.0, 2.0, 4.0]);
    assert_eq!(server.requests().len(), 5);
}

#[tokio::test]
async fn other_statuses_are_not_retried() {
    for status in [400, 401, 403, 404, 409, 422] {
        let server = Server::of([answer(status, "no")]).await;
        let clock = NotedClock::new();
        kuenta(&server.url, clock.pace()).list().await.unwrap_err();
        assert_eq!(server.requests().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn nothing_is_created_twice() {
    // It may have been created, so there is no retry.
    for status in [500, 502, 504] {
        let server = Server::of([answer(status, "")]).await;
        let error = create(&server, &NotedClock::new()).await.unwrap_err();
        assert!(error.is_unsure() && server.requests().len() == 1, "{status}");
    }
    // It was certainly not created.
    for status in [429, 503] {
        let server = Server::of([answer(status, ""), answer(201, json!({"id": 1}))]).await;
        create(&server, &NotedClock::new()).await.unwrap();
        assert_eq!(server.requests().len(), 2, "{status}");
    }
}

#[tokio::test]
async fn slow_answers_time_out() {
    let server = Server::of([answer(200, "[]").after(Duration::from_secs(30))]).await;
    let clock = NotedClock::new();
    let hasty = || Pace {
        whole: Duration::from_millis(250),
        ..clock.pace()
    };
    let error = kuenta(&server.url, hasty()).list().await.unwrap_err();
    assert!(shown(&error).contains("in 5 attempts"), "{error:?}");
    assert_eq!((server.requests().len(), error.is_unsure()), (5, true));
    let secret = "s3cr3t".to_owned().into();
    let api = kuenta(&server.url, hasty());
    let error = api.create("https://a.example/w", &[], &secret).await.unwrap_err();
    assert!(error.is_unsure() && server.requests().len() == 6, "{error:?}");
}

#[tokio::test]
async fn failed_connections_are_retried() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let clock = NotedClock::new();
    let secret = "s3cr3t".to_owned().into();
    let api = kuenta(&nobody, clock.pace());
    let error = api.create("https://a.example/w", &[], &secret).await.unwrap_err();
    assert!(
        matches!(
            error,
            ApiError::NoAnswer {
                attempts: 5,
                unsure: false,
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(clock.slept().len(), 4);
}

#[tokio::test]
async fn a_404_after_a_lost_answer_is_a_deletion() {
    let server = Server::of([answer(502, ""), answer(404, "")]).await;
    kuenta(&server.url, NotedClock::new().pace())
        .delete("w1")
        .await
        .unwrap();
    let server = Server::of([answer(404, "")]).await;
    let error = kuenta(&server.url, NotedClock::new().pace()).delete("w1").await;
    assert!(error.unwrap_err().advice().contains("check the id"));
}
