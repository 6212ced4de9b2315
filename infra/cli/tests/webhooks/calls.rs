//! The requests of the management APIs' clients, and how answers are read.

use acuse_cli::webhooks::ApiError;
use acuse_cli::webhooks::client::Pace;
use acuse_cli::webhooks::onepay::Onepay;
use secrecy::ExposeSecret;
use serde_json::json;

use super::server::{Server, answer};
use super::*;

#[tokio::test]
async fn kuentas_requests_match_its_guide() {
    let made = json!({"data": {"id": "w/1", "url": "https://a.example/w", "events": ["payment.created"]}});
    let server = Server::of([
        answer(200, json!({"data": [made["data"]]})),
        answer(201, &made),
        answer(200, ""),
        answer(204, ""),
    ])
    .await;
    let api = kuenta(&format!("{}/", server.url), NotedClock::new().pace());
    assert_eq!(api.list().await.unwrap()[0].id, "w/1");
    let events = names(&["payment.created"]);
    let secret = "s3cr3t".to_owned().into();
    let webhook = api.create("https://a.example/w", &events, &secret).await.unwrap();
    assert_eq!((webhook.id.as_str(), &webhook.events), ("w/1", &events));
    let changed = api.update("w/1", "https://b.example/w", &events, None).await.unwrap();
    assert_eq!(changed.url, "https://b.example/w");
    assert!(api.delete("w/1").await.unwrap());

    let requests = server.requests();
    assert_eq!(
        server.lines(),
        [
            "GET /v1/webhooks",
            "POST /v1/webhooks",
            "PUT /v1/webhooks/w%2F1",
            "DELETE /v1/webhooks/w%2F1"
        ]
    );
    for request in &requests {
        assert_eq!(request.header("organization-id"), Some("org-1"));
        assert_eq!(request.header("config-organization-id"), Some("org-2"));
        assert_eq!(request.header("authorization"), Some("Bearer kuenta-api-token"));
        let json = (!request.body.is_empty()).then_some("application/json");
        assert_eq!(request.header("content-type"), json);
    }
    assert_eq!(
        requests[1].json(),
        json!({"url": "https://a.example/w", "events": ["payment.created"], "secret": "s3cr3t"})
    );
    assert_eq!(
        requests[2].json(),
        json!({"url": "https://b.example/w", "events": ["payment.created"]})
    );
    assert_eq!((requests[0].body.as_str(), requests[3].body.as_str()), ("", ""));
}

#[tokio::test]
async fn onepays_secret_and_token_are_read_and_hidden() {
    let made = json!({"data": {"id": "9e5c", "name": "Acuse", "url": "https://a.example/w", "events": ["payment.approved"],
        "secret": "wh_tok_abc", "header": "wh_hdr_def", "is_test": true}});
    let server = Server::of([
        answer(201, &made),
        answer(200, &made),
        answer(200, json!({"data": [made["data"]]})),
    ])
    .await;
    let api = Onepay::new(&server.url, "sk_test_x".to_owned().into(), NotedClock::new().pace()).unwrap();
    let events = names(&["payment.approved"]);
    let issued = api
        .create("Acuse", "https://a.example/w", &events, false)
        .await
        .unwrap();
    assert_eq!(issued.signing_secret.as_ref().unwrap().expose_secret(), "wh_tok_abc");
    assert_eq!(issued.token.as_ref().unwrap().expose_secret(), "wh_hdr_def");
    let shown = api.show("9e5c").await.unwrap();
    let listed = api.list().await.unwrap();
    assert_eq!(listed, [shown]);
    let printed = format!("{issued:?} {listed:?} {} {api:?}", json!(listed));
    for secret in ["wh_tok_abc", "wh_hdr_def", "sk_test_x"] {
        assert!(!printed.contains(secret), "{printed}");
    }
    let requests = server.requests();
    assert_eq!(requests[0].header("authorization"), Some("Bearer sk_test_x"));
    assert_eq!(
        requests[0].json(),
        json!({"name": "Acuse", "url": "https://a.example/w", "events": ["payment.approved"]})
    );
    assert_eq!(requests[1].line(), "GET /v1/webhooks/9e5c");
}

#[tokio::test]
async fn a_refusal_is_shown_without_secrets() {
    let body = format!(
        r#"{{"error":"bad","secret":"s3cr3t","token":"{TOKEN}"}}{}"#,
        "x".repeat(400)
    );
    let server = Server::of([answer(400, body)]).await;
    let clock = NotedClock::new();
    let api = kuenta(&server.url, clock.pace());
    let secret = "s3cr3t".to_owned().into();
    let error = api.create("https://a.example/w", &[], &secret).await.unwrap_err();
    let shown = shown(&error);
    assert!(
        shown.contains(&format!(
            "POST {}/v1/webhooks answers 400: {{\"error\":\"bad\"",
            server.url
        )),
        "{shown}"
    );
    assert!(!shown.contains("s3cr3t") && !shown.contains(TOKEN), "{shown}");
    let ApiError::Refused { body, unsure, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!((body.chars().count(), *unsure), (301, false));
    assert!(error.advice().contains("the answer says what is wrong"));
    assert!(clock.slept().is_empty() && server.requests().len() == 1);
}

#[tokio::test]
async fn unexpected_json_is_not_shown() {
    for body in ["<html>wh_tok_abc</html>", r#"{"data": "wh_tok_abc"}"#, "[{}]", ""] {
        let server = Server::of([answer(200, body)]).await;
        let error = kuenta(&server.url, Pace::default()).list().await.unwrap_err();
        let shown = shown(&error);
        assert!(
            shown.contains("something other than a list of webhooks") && !shown.contains("wh_tok"),
            "{shown}"
        );
        assert!(!error.is_unsure());
    }
    // The webhook may have been created, whatever the answer looks like.
    let server = Server::of([answer(200, "ok")]).await;
    let secret = "s3cr3t".to_owned().into();
    let api = kuenta(&server.url, Pace::default());
    let error = api.create("https://a.example/w", &[], &secret).await.unwrap_err();
    assert!(
        error.is_unsure() && error.advice().contains("check with `list`"),
        "{error:?}"
    );
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Server::of([answer(200, "[]")]).await;
    let server = Server::of([answer(302, "").header("location", &elsewhere.url)]).await;
    let error = kuenta(&server.url, Pace::default()).list().await.unwrap_err();
    assert!(error.to_string().contains("answers 302") && error.advice().contains("--base-url"));
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn invalid_urls_tokens_and_ids_are_errors() {
    let new = |base: &str, token: &str| Onepay::new(base, token.to_owned().into(), Pace::default());
    for base in [
        "http://api.example",
        "https://u:hunter2@api.example",
        "api.example",
        "https://a.example?x=hunter2",
    ] {
        let error = new(base, "t").unwrap_err();
        assert!(matches!(error, ApiError::Base(_)), "{base}");
        assert!(error.advice().contains("--base-url"));
    }
    let error = new("https://a.example", "sk\nhunter2").unwrap_err();
    assert!(matches!(error, ApiError::Header(_)) && !shown(&error).contains("hunter2"));
    let server = Server::of([answer(204, "")]).await;
    for id in ["", ".", "..", " ", ".\t.", "a\nb"] {
        let error = kuenta(&server.url, Pace::default()).delete(id).await.unwrap_err();
        assert!(matches!(error, ApiError::Id(_)), "{id}");
    }
    assert!(server.requests().is_empty());
}
